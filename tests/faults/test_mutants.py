"""The suite bites: with any one protection switched off, the checker finds something wrong that it else does not."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from tests.faults import checker, mutants, rounds, scenes
from tests.faults.boundaries import Dying, Killed
from tests.faults.checker import Wrong
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.mutants import Mutation
    from tests.faults.worlds import World

#: Its simulator is one of its own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract]
#: An import takes so many seconds: longer than the grace time.
SLOW = 600.0
#: Past the lease and not past the grace time, in minutes.
LEASE = 3.2
NEWER = "UPDATE contacts SET first_name = 'Newer' WHERE email LIKE 'ann%%'"


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """In step since a while, and then a day's edits."""
    for made in a_world(request):
        scenes.in_between(made, 1)
        made.keep()
        yield made
        made.recoveries.clear()  # half of them are wrong on purpose


def dies(world: World, at: str, occurrence: int = 1) -> None:
    """Run until a boundary, and die there."""
    counting = Dying()
    dying = Dying()

    def reached(name: str) -> None:
        counting(name)
        if counting.names.count(at) >= occurrence and not dying.is_dead:
            dying.at = len(dying.names) + 1
        dying(name)

    with contextlib.suppress(Killed):
        world.run(reached)
    assert dying.is_dead


def nested(world: World, at: str, do: Callable[[], object]) -> None:
    """Run, and do something in the middle of it."""
    seen: list[str] = []

    def reached(name: str) -> None:
        if name == at and not seen:
            seen.append(name)
            do()

    world.run(reached)
    assert seen


def late_import(world: World, at: str) -> None:
    """Who sent an import dies, and what the CRM has now is newer; the import is done long after."""
    world.api.door.switch(activity_seconds=SLOW)
    dies(world, at)
    world.api.door.switch(activity_seconds=0.0)
    world.installation.sql(NEWER)
    world.later(LEASE)
    world.run()


def unanswered(world: World) -> None:
    late_import(world, "after bulkImportContactsJSON")


def still_running(world: World) -> None:
    late_import(world, "after batch_submitted")


def undone(world: World) -> None:
    """The import ends without having done anything."""
    world.api.door.switch(activity_end="failed")
    world.run()
    world.api.door.switch(activity_end="completed")


def overtaken(world: World) -> None:
    """Another run takes over while the first one is about to send."""

    def take_over() -> None:
        world.installation.sql(NEWER)
        world.later(rounds.GRACE)
        assert isinstance(world.run(), dict)

    nested(world, "after batch_mark_members", take_over)


def undisturbed(world: World) -> None:
    world.run()


def opted_out_meanwhile(world: World) -> None:
    """Gil opts out in the CRM between the decision and the push."""

    def opt_out() -> None:
        world.installation.sql("UPDATE contacts SET marketing_opt_out = true WHERE email = 'gil@example.com'")
        world.off.add("gil@example.com")

    nested(world, "before getList", opt_out)


def dies_before_the_rows_are_there(world: World) -> None:
    dies(world, "before run_set_mode", 2)


CASES: list[tuple[Mutation, Callable[[World], None]]] = [
    (mutants.request_before_intent, unanswered),
    (mutants.no_grace, unanswered),
    (mutants.no_hold, still_running),
    (mutants.no_read_back, undone),
    (mutants.no_fence, overtaken),
    (mutants.members_not_read_before_push, undisturbed),
    (mutants.contacts_not_read_before_push, opted_out_meanwhile),
    (mutants.watermark_before_its_rows, dies_before_the_rows_are_there),
]


def found(world: World, mutation: Mutation, disaster: Callable[[World], None]) -> tuple[list[str], Wrong]:
    """Who was under way twice right after the disaster, and what is wrong in the end, however often is run."""
    earlier = rounds.begin(world)
    with pytest.MonkeyPatch.context() as patch:
        mutation(patch, world)
        disaster(world)
        twice = checker.held_twice(world.installation.url)
        return twice, rounds.recover(world, earlier, 4).wrong


@pytest.mark.parametrize(("mutation", "disaster"), CASES, ids=lambda case: case.__name__)
def test_without_this_protection_something_is_wrong_that_with_it_is_not(
    world: World, mutation: Mutation, disaster: Callable[[World], None]
) -> None:
    assert found(world, mutants.nothing, disaster) == ([], Wrong())
    assert found(world, mutation, disaster) != ([], Wrong())
