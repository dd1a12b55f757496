"""Faults 43 to 47: the n-th statement on the ledger fails or loses its connection, COMMIT and its answer included."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.errors import ReconcilerError
from tests.faults import rounds, scenes, statements
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.statements import Nth
    from tests.faults.worlds import World

    Trouble = Callable[[int], contextlib.AbstractContextManager[Nth]]

#: Their simulator is one of their own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract, pytest.mark.filterwarnings(statements.CURSOR)]
#: The samples take every so many-th.
STEP = 17
COMMIT_STEP = 3
ERRORS = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DiskFull,
    psycopg.errors.ReadOnlySqlTransaction,
)


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """In step since a while, and then a day's edits."""
    for made in a_world(request):
        scenes.in_between(made, 1)
        made.keep()
        yield made


def every(world: World, trouble: Trouble, first: int, step: int) -> None:
    """Round after round, until one passes without trouble."""
    wrong = []
    for at in itertools.count(first, step):
        earlier = rounds.begin(world)
        with trouble(at) as nth, contextlib.suppress(ReconcilerError):
            world.run()
        recovery = rounds.recover(world, earlier, at)
        wrong += [] if recovery.is_as_promised else [f"{at}: {recovery}"]
        if nth.count < at:
            break
    assert wrong == []


def test_a_connection_that_is_ended_before_some_statement_costs_nothing(world: World) -> None:
    every(world, lambda at: statements.at_statement(at, statements.terminated(world.installation.url)), 1, STEP)


def test_some_statement_that_fails_costs_nothing(world: World) -> None:
    """Each of them in another way."""
    error = itertools.cycle(ERRORS)

    every(world, lambda at: statements.at_statement(at, statements.failing(next(error))), 9, STEP)


@pytest.mark.parametrize("is_done", [True, False])
def test_some_commit_whose_answer_is_lost_costs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_done: bool
) -> None:
    every(world, lambda at: statements.at_commit(at, monkeypatch, is_done=is_done), 1 + is_done, COMMIT_STEP)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("error", ERRORS)
def test_whichever_statement_fails_it_costs_nothing(world: World, error: type[psycopg.Error]) -> None:
    every(world, lambda at: statements.at_statement(at, statements.failing(error)), 1, 1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_connection_that_is_ended_before_any_statement_costs_nothing(world: World) -> None:
    every(world, lambda at: statements.at_statement(at, statements.terminated(world.installation.url)), 1, 1)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("is_done", [True, False])
def test_any_commit_whose_answer_is_lost_costs_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, *, is_done: bool
) -> None:
    every(world, lambda at: statements.at_commit(at, monkeypatch, is_done=is_done), 1, 1)
