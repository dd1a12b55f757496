"""When activities are looked at again: by their own progress, and ever more rarely where they say nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import polling
from reconciler.limits import Limits

BEGAN = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def looks(seconds: float, *, starts: float = 0.25, tells: bool = True) -> int:
    """How often an activity of so many seconds is looked at until it has ended."""
    limits, at, pause = Limits(), 0.0, Limits().poll_first_seconds
    for count in range(1, 1000):
        at += pause
        if at >= seconds:
            return count
        begins = seconds * starts
        percent = int(100 * (at - begins) / (seconds - begins)) if tells and at > begins else None
        now = BEGAN + dt.timedelta(seconds=int(at))
        left = polling.seconds_left(percent, BEGAN + dt.timedelta(seconds=int(begins)), now)
        pause = polling.next_pause(pause, limits.poll_most_seconds, [left])
    raise AssertionError("it was looked at for ever")


@pytest.mark.parametrize(("seconds", "most"), [(1, 1), (7, 2), (20, 3), (51, 4), (200, 5), (500, 6), (1800, 14)])
def test_an_activity_that_tells_its_progress_is_looked_at_a_few_times(seconds: float, most: int) -> None:
    assert looks(seconds) <= most


@given(st.floats(0.1, 3600), st.floats(0, 0.5))
def test_it_is_looked_at_less_often_than_without_its_progress(seconds: float, starts: float) -> None:
    assert looks(seconds, starts=starts) <= looks(seconds, starts=starts, tells=False) + 1


def test_of_several_the_one_that_takes_longest_decides() -> None:
    assert polling.next_pause(2, 60, [10.0, 100.0]) == pytest.approx(103)


@pytest.mark.parametrize("lefts", [[], [None], [10.0, None]])
def test_where_one_says_nothing_the_pause_trebles_up_to_the_longest(lefts: list[float | None]) -> None:
    assert [polling.next_pause(last, 60, lefts) for last in (2, 6, 18, 54)] == [6, 18, 54, 60]


def test_however_long_it_says_it_takes_it_is_looked_at_within_minutes() -> None:
    assert polling.next_pause(2, 60, [100_000.0]) == 600


@pytest.mark.parametrize("percent", [None, -1, 0, 2, 101])
def test_too_little_said_is_nothing_said(percent: int | None) -> None:
    assert polling.seconds_left(percent, BEGAN, BEGAN + dt.timedelta(seconds=60)) is None


@pytest.mark.parametrize("taken", [-60, 0, 1])
def test_so_short_a_time_is_mostly_the_rounding_of_a_clock(taken: int) -> None:
    """An activity of 4 seconds, seen just after its start, would be waited for as if it took half a minute."""
    assert polling.seconds_left(4, BEGAN, BEGAN + dt.timedelta(seconds=taken)) is None


def test_what_is_left_follows_from_what_was_done() -> None:
    now = BEGAN + dt.timedelta(seconds=60)

    assert polling.seconds_left(25, BEGAN, now) == 180
    assert polling.seconds_left(100, BEGAN, now) == 0
    assert (polling.seconds_left(50, None, now), polling.seconds_left(50, BEGAN, None)) == (None, None)
