"""Slots are evenly spaced, and so many a UTC day, whatever the clock does."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import slots
from reconciler.slots import Pace, Slot, Spending

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
PACE = Pace(1 / 2.8, 9500)
#: A time is kept in whole microseconds.
EXACT = dt.timedelta(microseconds=1)

pauses = st.lists(st.one_of(st.just(0.0), st.floats(0, 3), st.floats(0, 100_000)), min_size=2, max_size=60)
paces = st.builds(Pace, st.floats(0.001, 5), st.integers(1, 30))


def seconds(count: float) -> dt.timedelta:
    return dt.timedelta(seconds=count)


def fresh() -> Spending:
    return Spending(NOON.date(), 0, NOON - seconds(60))


def given_out(waits: list[float], pace: Pace) -> list[dt.datetime]:
    """The slots that are got by who asks after each of these pauses."""
    spending, now, found = fresh(), NOON, []
    for wait in waits:
        now += seconds(wait)
        if (reserved := slots.reserve(spending, now, pace)) is not None:
            spending, slot = reserved
            assert slot >= now
            found.append(slot)
    return found


@given(pauses, paces)
def test_two_slots_are_never_closer_than_the_spacing(waits: list[float], pace: Pace) -> None:
    found = given_out(waits, pace)

    assert found
    assert all(b - a >= seconds(pace.spacing) - EXACT for a, b in itertools.pairwise(found))


@given(pauses, paces)
def test_no_utc_day_has_more_slots_than_it_may(waits: list[float], pace: Pace) -> None:
    days = [slot.date() for slot in given_out(waits, pace)]

    assert all(days.count(day) <= pace.per_day for day in days)


@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), min_size=2, max_size=40))
def test_a_wide_slot_keeps_its_distance_to_the_next_from_its_end(steps: list[tuple[float, float]]) -> None:
    spending, now, ended = fresh(), NOON, NOON - seconds(60)
    for wait, width in steps:
        now += seconds(wait)
        found = slots.reserve(spending, now, PACE, width=width)
        assert found is not None
        spending, slot = found
        assert slot - ended >= seconds(PACE.spacing) - EXACT
        ended = slot + seconds(width)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 20))
def test_a_missed_slot_is_counted_once_and_gives_nobody_more_than_the_day(missing: list[bool], per_day: int) -> None:
    spending, last, used = fresh(), None, 0
    for is_missed in missing:
        found = slots.reserve(spending, NOON, Pace(0.3, per_day), missed=last)
        if found is None:
            break
        spending, slot = found
        last = Slot(0.0, slot.date()) if is_missed else None
        used += not is_missed

    assert used <= per_day
    assert spending.calls == used + (last is not None)


def test_a_slot_after_midnight_counts_to_the_new_day() -> None:
    late = dt.datetime(2026, 3, 1, 23, 59, 59, 900_000, tzinfo=dt.UTC)
    found = slots.reserve(Spending(late.date(), 9500, late), late, PACE)

    assert found is not None
    spending, slot = found
    assert (spending.day, spending.calls) == (dt.date(2026, 3, 2), 1)
    assert slot.date() == dt.date(2026, 3, 2)


def test_a_slot_missed_before_midnight_is_counted_to_the_new_day_all_the_same() -> None:
    late = dt.datetime(2026, 3, 2, 0, 0, 1, tzinfo=dt.UTC)
    found = slots.reserve(Spending(late.date(), 4, late), late, PACE, missed=Slot(0.0, dt.date(2026, 3, 1)))

    assert found is not None
    assert found[0].calls == 5


def test_a_day_that_constant_contact_calls_spent_has_no_slot_and_the_next_has() -> None:
    spent = Spending(NOON.date(), 3, NOON, spent_on=NOON.date())

    assert slots.reserve(spent, NOON + seconds(60), PACE) is None
    assert slots.reserve(spent, NOON + seconds(60), PACE, missed=Slot(0.0, NOON.date())) is None
    assert slots.reserve(spent, NOON + seconds(12 * 3600), PACE) is not None


def test_who_was_told_to_slow_down_goes_half_as_fast_until_it_is_over() -> None:
    slowed = Spending(NOON.date(), 3, NOON, slowed_until=NOON + seconds(60))
    during, after = slots.reserve(slowed, NOON, PACE), slots.reserve(slowed, NOON + seconds(60), PACE)

    assert during is not None
    assert after is not None
    assert during[1] - NOON == seconds(2 / 2.8)
    assert after[1] == NOON + seconds(60)


@pytest.mark.parametrize("ahead", [dt.timedelta(hours=2), dt.timedelta(days=400)])
def test_a_clock_that_was_set_back_stops_nobody_and_gives_nobody_a_new_day(ahead: dt.timedelta) -> None:
    there = NOON + ahead
    found = slots.reserve(Spending(there.date(), 70, there), NOON, PACE)

    assert found is not None
    spending, slot = found
    assert (slot, spending.day, spending.calls) == (NOON, NOON.date(), 71)
    again = slots.reserve(spending, NOON, PACE)
    assert again is not None
    assert again[1] == NOON + seconds(PACE.spacing)
