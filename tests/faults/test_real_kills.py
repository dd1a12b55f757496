"""Fault 56 with nothing made up: `kill -9` of a real worker on a real PostgreSQL server."""

from __future__ import annotations

import itertools
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults import rounds, scenes, worker
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.worlds import World

#: Their simulator is one of their own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract]
#: In seconds; the shortest there are: renewed every 0.2 s.
LEASE = 2.0
SHORT = ("lease_renew_seconds=0.2", "import_request_seconds=1", f"lease_seconds={LEASE}", "grace_seconds=3")
#: The sample takes every so many-th boundary.
STEP = 12


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from a_world(request)


def killed(world: World, where: str) -> dict[str, Any]:
    """What a worker said last before it died, or when it ended untouched."""
    with worker.started(world.installation.folder, signal.SIGKILL, where) as started:
        said = started.hears(60)
        assert started.ends(60) == (0 if "ended" in said else -signal.SIGKILL)
        return said


def kill_at_every(world: World, seed: int, first: int, step: int) -> None:
    scenes.in_between(world, seed)
    world.keep()
    wrong = []
    for at in itertools.count(first, step):
        earlier = rounds.begin(world)
        said = killed(world, str(at))
        recovery = rounds.recover(world, earlier, seed + at)
        wrong += [] if recovery.is_as_promised else [f"{at}: {said} {recovery}"]
        if "ended" in said:
            break
    assert wrong == []


def test_who_is_killed_at_some_boundaries_loses_nothing_and_repeats_nothing(world: World) -> None:
    kill_at_every(world, 1, 5, STEP)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1, 6))
def test_who_is_killed_at_any_boundary_loses_nothing_and_repeats_nothing(world: World, seed: int) -> None:
    kill_at_every(world, seed, 1, 1)


def test_the_lease_of_who_was_killed_is_free_as_soon_as_its_time_is_over(world: World) -> None:
    scenes.in_between(world, 1)
    assert world.installation.say("set", "acme", *SHORT).code == 0

    assert killed(world, "before bulkImportContactsJSON") == {"at": "before bulkImportContactsJSON"}

    died_at, waits = time.monotonic(), 0
    while (ended := world.run()) == "already_running":
        waits += 1
        time.sleep(0.1)
    assert isinstance(ended, dict)
    assert waits > 0
    assert time.monotonic() - died_at < LEASE + 1.5
