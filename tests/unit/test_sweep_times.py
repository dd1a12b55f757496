"""When both sides are compared in full: once a period, and never all connections at once."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.connections import Connection
from reconciler.request import is_sweep_due

NOON = dt.datetime(2026, 5, 31, 12, tzinfo=dt.UTC)
DAY = 86_400.0
SECONDS = st.integers(min_value=0, max_value=40 * 86_400)


def a_connection(**known: Any) -> Connection:
    unknown = {item.name: None for item in dataclasses.fields(Connection)}
    told = {"connection_id": 1, "connected_at": NOON, "settings": {}, "swept_at": NOON, "now": NOON}
    return Connection(**{**unknown, **told, **known})


def is_due(number: int, swept: float, now: float, period: float = DAY) -> bool:
    """Whether a connection that swept so many seconds after it was made sweeps so many seconds after that."""
    times = {"swept_at": NOON + dt.timedelta(seconds=swept), "now": NOON + dt.timedelta(seconds=now)}
    return is_sweep_due(a_connection(connection_id=number, settings={"sweep_seconds": period}, **times))


def test_a_connection_that_never_swept_is_due() -> None:
    assert is_sweep_due(a_connection(swept_at=None))


def test_a_thousand_connections_of_one_minute_sweep_evenly_over_the_day() -> None:
    quarter = 900
    found: collections.Counter[int] = collections.Counter()
    for number in range(1, 1001):
        due = [at for at in range(96) if is_due(number, at * quarter, (at + 1) * quarter)]
        assert len(due) == 1
        found[due[0]] += 1

    assert len(found) == 96
    assert min(found.values()) >= 9
    assert max(found.values()) <= 12


@pytest.mark.parametrize("others", [2, 7, 40])
def test_connections_whose_numbers_have_gaps_are_spread_too(others: int) -> None:
    hours: collections.Counter[int] = collections.Counter()
    for number in range(1, 240 * others, others):
        hours.update(at for at in range(24) if is_due(number, at * 3600, (at + 1) * 3600))

    assert len(hours) == 24
    assert max(hours.values()) <= 14


@given(number=st.integers(min_value=1, max_value=10**9), swept=SECONDS)
def test_right_after_a_sweep_none_is_due_and_within_a_period_one_is(number: int, swept: int) -> None:
    assert not is_due(number, swept, swept)
    assert is_due(number, swept, swept + DAY)


@given(number=st.integers(min_value=1, max_value=10**6), swept=SECONDS)
def test_a_second_sweep_is_not_due_before_the_next_period(number: int, swept: int) -> None:
    first = next(at for at in range(swept, swept + 86_400 + 900, 900) if is_due(number, swept, at))

    assert not is_due(number, first, first + DAY - 901)


@given(number=st.integers(min_value=1, max_value=10**6), swept=SECONDS, later=SECONDS)
def test_what_is_due_stays_due_until_it_is_done(number: int, swept: int, later: int) -> None:
    if is_due(number, swept, swept + later):
        assert is_due(number, swept, swept + later + 3600)


def test_a_period_of_nothing_sweeps_in_every_run() -> None:
    assert is_due(1, 100, 101, period=0)


def test_a_shorter_period_sweeps_more_often() -> None:
    due = [at for at in range(24) if is_due(1, at * 3600, (at + 1) * 3600, period=6 * 3600)]

    assert len(due) == 4
