"""When to ask again how activities are: as their own progress says, and ever more rarely where it says nothing. Pure.

How long an activity takes is not documented. One look in two seconds and one at three times the last pause find the
short ones; the long ones tell their percent, and then one look at the end is enough.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

#: So much of an activity has to be done before its pace is believed: it is told in whole percent, and never too many.
_BELIEVED: Final = 3
_ALL: Final = 100
#: Its clock counts in whole seconds: of less than so many, what it says it has taken is mostly rounding.
_BELIEVED_SECONDS: Final = 2.0
_GROWTH: Final = 3.0
#: The last percent may take a little longer, and ends within a second of its clock.
_SPARE_SECONDS: Final = 1.0
_SPARE: Final = 1.02
#: However long an activity says that it takes, it is looked at again after so many seconds.
_LONGEST: Final = 600.0


def next_pause(last: float, most: float, lefts: Iterable[float | None]) -> float:
    """How many seconds to wait before the next look at activities that still run.

    `last` is the pause before, `most` the longest where nothing is known. `lefts` are the seconds that each of them
    still takes; one look is to find all of them ended.
    """
    known = list(lefts)
    if not known or None in known:
        return min(last * _GROWTH, most)
    return min(max(left for left in known if left is not None) * _SPARE + _SPARE_SECONDS, _LONGEST)


def seconds_left(percent: int | None, started_at: dt.datetime | None, now: dt.datetime | None) -> float | None:
    """How long an activity still takes, by what it has done since it started; None where it does not say enough.

    Both times are of Constant Contact's clock.
    """
    if percent is None or started_at is None or now is None or not _BELIEVED <= percent <= _ALL:
        return None
    taken = (now - started_at).total_seconds()
    return taken * (_ALL - percent) / percent if taken >= _BELIEVED_SECONDS else None
