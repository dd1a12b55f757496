"""When both sides are compared in full: once a period, and never all connections at once."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.connections import Connection
from reconciler.request import is_sweep_due
from reconciler.sweeps import stretch

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = dt.datetime(2026, 5, 31, 12, tzinfo=dt.UTC)
DAY = 86_400.0
SECONDS = st.integers(min_value=0, max_value=40 * 86_400)


def a_connection(**known: Any) -> Connection:
    unknown = {item.name: None for item in dataclasses.fields(Connection)}
    told = {"connection_id": 1, "connected_at": NOON, "settings": {}, "swept_at": NOON, "now": NOON, "sweep_stretch": 1}
    return Connection(**{**unknown, **told, **known})


def is_due(number: int, swept: float, now: float, period: float = DAY, stretch: int = 1) -> bool:
    """Whether a connection that swept so many seconds after it was made sweeps so many seconds after that."""
    times = {"swept_at": NOON + dt.timedelta(seconds=swept), "now": NOON + dt.timedelta(seconds=now)}
    return is_sweep_due(
        a_connection(connection_id=number, settings={"sweep_seconds": period}, sweep_stretch=stretch, **times)
    )


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


def sweeps(number: int, days: int, stretch: Callable[[int], int]) -> list[int]:
    """On which of so many days a connection that swept right after it was made sweeps again."""
    swept, found = 0.0, []
    for day in range(days):
        if is_due(number, swept, (day + 1) * DAY, stretch=stretch(day)):
            swept = (day + 1) * DAY
            found.append(day)
    return found


@given(
    costs=st.lists(st.integers(1, 400), min_size=1, max_size=40),
    per_day=st.integers(100, 10_000),
    gaps=st.integers(1, 7),
)
def test_the_sweeps_of_a_key_never_take_more_than_half_of_its_days(costs: list[int], per_day: int, gaps: int) -> None:
    """Counted over as many days as it is stretched to; numbers of other keys' connections lie between."""
    number = stretch(sum(costs), per_day)
    calls = [0] * 30
    for each, cost in enumerate(costs):
        for day in sweeps(1 + each * gaps, 30, lambda _: number):
            calls[day] += cost

    for day in range(30 - number):
        assert sum(calls[day : day + number]) <= number * per_day / 2


@pytest.mark.parametrize("gaps", [1, 2, 5, 6])
def test_stretched_sweeps_are_spread_over_the_days(gaps: int) -> None:
    calls = collections.Counter(
        day for number in range(1, 3000 * gaps, gaps) for day in sweeps(number, 12, lambda _: 6)
    )

    assert len(calls) == 12
    assert min(calls.values()) > 420
    assert max(calls.values()) < 580


@given(number=st.integers(1, 10**6), stretches=st.lists(st.integers(1, 5), min_size=20, max_size=20))
def test_whatever_becomes_of_the_stretch_nobody_sweeps_twice_in_a_period_or_waits_for_ever(
    number: int, stretches: list[int]
) -> None:
    days = sweeps(number, 40, lambda day: stretches[day] if day < 20 else 5)

    assert len(days) == len(set(days))
    assert any(20 <= day < 30 for day in days)


@given(number=st.integers(1, 10**6), swept=SECONDS, later=SECONDS, changed=st.integers(2, 9))
def test_another_stretch_makes_nobody_sweep_sooner_than_they_would_without_any(
    number: int, swept: int, later: int, changed: int
) -> None:
    """Else many would sweep in the minute in which it changes."""
    assert not is_due(number, swept, swept + later, stretch=changed) or is_due(number, swept, swept + later)


@pytest.mark.parametrize(
    ("calls", "before", "found"),
    [
        (0, 1, 1),
        (4750, 1, 1),
        (4751, 1, 2),
        (9500, 1, 2),
        (9501, 2, 3),
        (9000, 3, 3),
        (8400, 3, 2),
        (4400, 2, 2),
        (100, 9, 1),
    ],
)
def test_the_stretch_is_as_large_as_needed_and_does_not_go_to_and_fro(calls: int, before: int, found: int) -> None:
    assert stretch(calls, 9500, before) == found
