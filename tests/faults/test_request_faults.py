"""Faults 2 to 14, 17, 24, 27, 28: the n-th request of a run meets trouble, for every n and every kind of trouble."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults import checker, rounds, scenes
from tests.faults.kinds import ALWAYS, BY_NAME, KINDS, LASTING
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.faults.kinds import Kind
    from tests.faults.worlds import World

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
EVERY_NAME = list(BY_NAME)


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """In step since a while, with a day's edits, and with short patience. Its token can be renewed."""
    monkeypatch.setattr("reconciler.constant_contact.calls._READ_SECONDS", 1.0)
    for made in a_world(request):
        scenes.in_between(made, 1)
        quick = ("lease_renew_seconds=0.5", "import_request_seconds=1")
        assert made.installation.say("set", "acme", *quick).code == 0
        made.keep()
        yield made


def requests_of_a_run(world: World) -> list[str]:
    """The operations of an undisturbed run, in order."""
    rounds.begin(world)
    asked = checker.requests(world.api.door)
    world.clean_run()
    history = world.api.door.state(contacts=False)["history"][asked:]
    return [entry["operation"] for entry in history]


def faulted(world: World, kind: Kind, at: int, times: int = 1) -> str:
    """One round; says what went wrong with it, if anything did."""
    earlier = rounds.begin(world)
    with pytest.MonkeyPatch.context() as patch:
        kind.happens(world, at, times, patch)
        world.clean_run()
    time.sleep(kind.tail)
    world.forget_faults()
    recovery = rounds.recover(world, earlier, at)
    return "" if recovery.is_as_promised else f"{kind.name} at request {at}, {times} times: {recovery}"


def all_faulted(world: World, cases: Iterable[tuple[Kind, int, int]]) -> None:
    assert [told for kind, at, times in cases if (told := faulted(world, kind, at, times))] == []


@pytest.mark.parametrize("name", EVERY_NAME)
def test_a_write_that_meets_trouble_is_settled_and_never_repeated_blindly(world: World, name: str) -> None:
    asked = requests_of_a_run(world)
    writes = [at for at, operation in enumerate(asked, 1) if not operation.startswith("get")]
    assert len(writes) == 2

    all_faulted(world, [(BY_NAME[name], at, 1) for at in writes])


def test_a_read_that_meets_trouble_once_is_asked_again(world: World) -> None:
    """Every read, each with another kind of trouble: all of them with all kinds take minutes."""
    asked = requests_of_a_run(world)
    reads = [at for at, operation in enumerate(asked, 1) if operation.startswith("get")]

    all_faulted(world, [(kind, at, 1) for at, kind in zip(reads, itertools.cycle(KINDS), strict=False)])


def test_an_outage_that_begins_at_any_request_ends_the_run_and_loses_nothing(world: World) -> None:
    count = len(requests_of_a_run(world))

    all_faulted(world, [(BY_NAME["500"], at, ALWAYS) for at in range(1, count + 1)])


def test_the_report_of_a_run_whose_reading_broke_off_has_sums_that_meet(world: World) -> None:
    """The mirror was not yet told who had left: it says nothing of the list's own count."""
    wrong = {}
    for at in range(1, len(requests_of_a_run(world)) + 1):
        rounds.begin(world)
        BY_NAME["500"].happens(world, at, ALWAYS, pytest.MonkeyPatch())
        world.clean_run()
        if found := checker.unbalanced(world.installation.url):
            wrong[at] = found
    assert wrong == {}


@pytest.mark.soak
@pytest.mark.parametrize("name", EVERY_NAME)
def test_every_request_meets_every_kind_of_trouble(world: World, name: str) -> None:
    count = len(requests_of_a_run(world))

    all_faulted(world, [(BY_NAME[name], at, 1) for at in range(1, count + 1)])


@pytest.mark.soak
@pytest.mark.parametrize("kind", LASTING, ids=lambda kind: kind.name)
def test_from_any_request_on_every_kind_of_trouble_may_last(world: World, kind: Kind) -> None:
    count = len(requests_of_a_run(world))

    all_faulted(world, [(kind, at, ALWAYS) for at in range(1, count + 1)])
