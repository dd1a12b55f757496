"""Fault 58: a worker that is stopped for longer than its lease, and wakes when another has taken over."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.faults import checker, rounds, scenes, worker
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.worker import Worker
    from tests.faults.worlds import World

#: Their simulator is one of their own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract]
#: In seconds; about the shortest there are.
LEASE = 1.5
SHORT = ("lease_renew_seconds=0.2", "import_request_seconds=1", f"lease_seconds={LEASE}", "grace_seconds=2")
#: Before there is anything to send, in any run.
EARLY = ("after run_begin", "after run_set_mode", "after plan_conclude", "before getList")
#: Where a run is in the middle of something, and no transaction is open.
POINTS = (
    "after run_begin",
    "after plan_conclude",
    "after batch_mark_members",
    "before bulkImportContactsJSON",
    "after bulkImportContactsJSON",
    "after batch_submitted",
    "before putContact",
    "after putContact",
    "after receipts_unstage",
    "before getActivity",
)
#: Where it has written something that is not committed.
INSIDE = "before batch_mark_members"
#: A transaction that has waited for its process for so many seconds, past the lease, is ended.
STANDS_STILL = 3.0
#: What a run that lost its lease writes all the same: how it ended.
_OWN = ("runs", "run_rows", "reads")
_TICKS = ("quiet_ticks", "quiet_since", "last_tick_at")


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    for made in a_world(request):
        scenes.in_between(made, 1)
        assert made.installation.say("set", "acme", *SHORT).code == 0
        made.keep()
        yield made


@dataclass
class Zombie:
    """A worker that stands still at a boundary."""

    worker: Worker
    at: str

    @classmethod
    @contextlib.contextmanager
    def at_point(cls, world: World, point: str) -> Iterator[Zombie]:
        with worker.started(world.installation.folder, signal.SIGSTOP, point) as started:
            yield cls(started, started.hears(60).get("at", "the end"))

    @classmethod
    @contextlib.contextmanager
    def at_point_in_turn(cls, world: World, point: str) -> Iterator[Zombie]:
        """As soon as the lease is to be had: who was stopped in the middle of a renewal keeps it some seconds."""
        at = ""
        while at != point:
            with cls.at_point(world, point) as zombie:
                at = zombie.at
                if at == point:
                    yield zombie

    def wakes(self) -> Any:
        """Go on to the end; gives how the run ended."""
        self.worker.wakes()
        return self.worker.hears(60)["ended"]


def ledger(world: World) -> dict[str, str]:
    """A digest of every table, without what a run may write of its own end."""
    with psycopg.connect(world.installation.url) as db:
        tables = [name for (name,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'reconciler'")]
        return {name: _digest(db, name) for name in sorted(tables) if name not in _OWN}


def _digest(db: psycopg.Connection[Any], table: str) -> str:
    """The last tick of a connection is of the run's own end, too."""
    rows = f"SELECT to_jsonb(t) - CAST(%s AS text[]) AS row FROM reconciler.{table} AS t"
    found = f"SELECT md5(string_agg(CAST(row AS text), ',' ORDER BY CAST(row AS text))) FROM ({rows}) AS r"
    return str(db.execute(found.encode(), (list(_TICKS),)).fetchall()[0][0])


def taken_over(world: World) -> dict[str, Any]:
    """Run as soon as the zombie's lease is over."""
    while (ended := world.run()) == "already_running":
        time.sleep(0.1)
    assert isinstance(ended, dict)
    return ended


def woken_without_a_trace(world: World, zombie: Zombie) -> Any:
    """Wake it, and see that it writes nothing, neither here nor there."""
    there, here = checker.requests(world.api.door), ledger(world)
    ended = zombie.wakes()
    assert ledger(world) == here
    assert checker.writes(world.api.door, there) == []
    return ended


def passes_over_a_zombie(world: World, point: str, seed: int) -> None:
    earlier = rounds.begin(world)
    with Zombie.at_point(world, point) as zombie:
        assert zombie.at == point
        was_unsettled = world.unsettled() > 0
        taken_over(world)
        ended = woken_without_a_trace(world, zombie)
    assert (ended["state"], ended["reason"]) == ("cancelled", "lease_lost"), point
    recovery = rounds.recover(world, earlier, seed, was_unsettled=was_unsettled)
    assert recovery.is_as_promised, (point, recovery)


@pytest.mark.parametrize(
    "point",
    [*POINTS[2::3], *(pytest.param(point, marks=pytest.mark.soak) for point in POINTS if point not in POINTS[2::3])],
)
def test_a_zombie_writes_nothing_after_another_has_taken_over(world: World, point: str) -> None:
    passes_over_a_zombie(world, point, 1)


def three_in_a_row(world: World, seed: int) -> None:
    """The second is stopped as well; the first wakes beside it, and the second when a third has gone through."""
    chance = random.Random(seed)  # noqa: S311 - it must be repeatable
    earlier = rounds.begin(world)
    with Zombie.at_point(world, chance.choice(POINTS)) as first:
        was_unsettled = world.unsettled() > 0
        time.sleep(LEASE + 0.2)
        with Zombie.at_point_in_turn(world, chance.choice(EARLY)) as second:
            woken_without_a_trace(world, first)
            taken_over(world)
            woken_without_a_trace(world, second)
    recovery = rounds.recover(world, earlier, seed, was_unsettled=was_unsettled)
    assert recovery.is_as_promised, (seed, first.at, second.at, recovery)


def test_of_three_workers_only_the_last_one_writes(world: World) -> None:
    three_in_a_row(world, 0)


@pytest.mark.timeout(60)
def test_a_zombie_inside_a_transaction_keeps_nobody_from_taking_over(world: World) -> None:
    """Its transaction holds the key of the lease: it is ended where it only waits for a process that stands still."""
    rounds.begin(world)
    with Zombie.at_point(world, INSIDE) as zombie:
        assert zombie.at == INSIDE
        stopped_at = time.monotonic()
        taken_over(world)
        assert time.monotonic() - stopped_at < STANDS_STILL + 2


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_of_two_and_three_workers_only_the_last_one_writes_in_a_thousand_schedules(world: World, first: int) -> None:
    for seed in range(first, first + 100):
        if seed % 2:
            three_in_a_row(world, seed)
        else:
            passes_over_a_zombie(world, random.Random(seed).choice(POINTS), seed)  # noqa: S311 - it must be repeatable
