"""Edits, faults and runs in an order that nobody thought of: the promises hold all the time, and in the end."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from tests.faults import mutants, scenes
from tests.faults.machine import AnyOrder
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.mutants import Mutation
    from tests.faults.worlds import World

#: Its simulator is one of its own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract]
#: Another one each day. A test's name has the seed that it was about.
TODAY = dt.datetime.now(dt.UTC).date().toordinal()


PEOPLE = ("ann", "bob", "cid", "dora", "eve", "fay")


@pytest.fixture
def world(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("reconciler.constant_contact.calls._READ_SECONDS", 1.0)
    for made in a_world(request):
        in_step(made)
        made.keep()
        yield made


def in_step(world: World) -> None:
    """Some people are on both sides since a while, and nothing is due."""
    scenes._account(world)
    for number, name in enumerate(PEOPLE, 1):  # by ids that are the same each time: they decide whose turn it is
        row_id = str(uuid.UUID(int=number))
        world.installation.add(f"{name}@example.com", id=row_id, first_name=name.title(), company="Acorn")
    scenes._connect(world)
    quick = ("lease_renew_seconds=0.5", "import_request_seconds=1")
    assert world.installation.say("set", "acme", *quick).code == 0
    assert world.clean_run()["state"] == "completed"
    world.later(20)  # whose absence proves something: our own push is long visible


def in_any_order(world: World, number: int, examples: int, steps: int, mutation: Mutation = mutants.nothing) -> None:
    """So many days of so many steps, which the number chooses."""

    found: list[str] = []

    @seed(number)
    def begin() -> AnyOrder:
        return AnyOrder(world, found, mutation)

    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate] if mutation is not mutants.nothing else [Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(begin, settings=chosen)  # type: ignore[arg-type]  # a function is what it takes too
    except Flaky as error:  # time is real: what was found may not be found once more, and was found all the same
        raise AssertionError(found) from error


@pytest.mark.parametrize("number", [TODAY])
def test_whatever_happens_in_whatever_order_nothing_is_lost_and_nobody_is_put_back(world: World, number: int) -> None:
    in_any_order(world, number, 6, 12)


def test_who_joined_and_who_left_cancel_out_in_the_list_s_count_and_the_sums_meet_all_the_same(world: World) -> None:
    """A day that was found by chance: of the two only one is seen when an earlier import is read back."""
    day = AnyOrder(world, [])
    day.it_is_killed(at=1, minutes=0.0, who=0)
    day.a_stranger_joins(where=0)
    day.somebody_goes_off(action="unsubscribe", who=0)
    day.it_is_killed(at=47, minutes=0.0, who=0)
    day.a_field_changes(column="first_name", who=4)
    day.it_runs_in_full()
    day.imports_are_otherwise(end="completed", seconds=600.0)
    day.time_passes(minutes=60.0)
    day.it_runs_in_full()
    day.somebody_goes_off(action="unsubscribe", who=0)
    day.a_stranger_joins(where=0)

    day.teardown()


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("number", range(1, 5))
def test_over_long_days_too(world: World, number: int) -> None:
    in_any_order(world, number, 250, 30)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_without_the_hold_something_is_found(world: World) -> None:
    with pytest.raises(AssertionError):
        in_any_order(world, 1, 250, 30, mutants.no_hold)
