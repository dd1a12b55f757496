"""When an API key's next request may leave: evenly spaced, and so many a UTC day. Pure; the ledger has the state."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

#: Calls of a UTC day that runs leave to tokens and to people's own clicks.
RESERVE: Final = 500
#: While Constant Contact says that we are too fast, slots are so many times as far apart.
SLOWED: Final = 2
#: A last slot that is further ahead is one of a clock that was set back since.
_AHEAD: Final = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """The moment for one request: in so many seconds (below zero: it has gone by), counted to a UTC day."""

    seconds: float
    day: dt.date


@dataclass(frozen=True, slots=True)
class Spending:
    """What one API key has spent: its last slot, and how many lie on that UTC day."""

    day: dt.date
    calls: int
    next_at: dt.datetime
    slowed_until: dt.datetime | None = None
    spent_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast an API key may go: seconds between two slots, and slots a UTC day."""

    spacing: float
    per_day: int


def reserve(
    spending: Spending, now: dt.datetime, pace: Pace, *, missed: Slot | None = None, width: float = 0.0
) -> tuple[Spending, dt.datetime] | None:
    """The next slot, and what has been spent with it; None where the day is spent.

    A slot is never in the past and a spacing after the one before. One with a `width`, in seconds, may be used as long,
    and the spacing begins at its end. It counts to the UTC day in which it lies, but for one that takes the place of a
    missed one of the same day.
    """
    slot = _moment(spending, now, pace.spacing)
    day = slot.astimezone(dt.UTC).date()
    is_counted = missed is not None and missed.day == day == spending.day
    calls = 0 if day > spending.day else spending.calls - is_counted
    if calls >= pace.per_day or day == spending.spent_on:
        return None
    return replace(spending, day=day, calls=calls + 1, next_at=slot + dt.timedelta(seconds=width)), slot


def _moment(spending: Spending, now: dt.datetime, spacing: float) -> dt.datetime:
    if spending.next_at > now + _AHEAD:
        return now
    is_slowed = spending.slowed_until is not None and spending.slowed_until > now
    return max(spending.next_at + dt.timedelta(seconds=spacing * (SLOWED if is_slowed else 1)), now)
