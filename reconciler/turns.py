"""Whose turn it is: API keys take turns, within a key the small ones go first, and nobody waits for ever. Pure."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence

#: A connection for which more contacts wait is a big one.
SMALL: Final = 500
#: Of so many turns of a key one is for who has waited longest, however big: else small ones could keep it out.
_ONE_IN: Final = 4


@dataclass(frozen=True, slots=True)
class Due:
    """A connection whose time has come: as much of it as its turn needs."""

    connection_id: int
    name: str
    #: The fingerprint of its API key.
    key: bytes
    #: Contacts that waited when its last tick ended.
    waiting: int = 0
    #: None: it never had one, and how big its first will be is not known.
    last_tick_at: dt.datetime | None = None
    #: Whether its last run failed as a whole.
    is_failing: bool = False
    #: How often it is to have a tick, in seconds.
    interval: float = 0.0

    @property
    def is_big(self) -> bool:
        return self.last_tick_at is None or self.waiting > SMALL


@dataclass(frozen=True, slots=True)
class Bounds:
    """So many runs at once in all, and so many of one API key."""

    at_once: int = 4
    per_key: int = 2

    @property
    def failing(self) -> int:
        """Connections whose last run failed get no more than half of the places: they are the ones that hang."""
        return max(1, self.at_once // 2)


@dataclass(frozen=True, slots=True)
class History:
    """The turns that were given out so far: how many, and of each key how many and which was its last."""

    turns: int = 0
    keys: Mapping[bytes, tuple[int, int]] = field(default_factory=dict)

    def after(self, begun: Due) -> History:
        """The same with this turn besides."""
        number = self.turns + 1
        return History(number, {**self.keys, begun.key: (self.had(begun.key) + 1, number)})

    def had(self, key: bytes) -> int:
        """How many turns a key has had."""
        return self.keys.get(key, (0, 0))[0]

    def last(self, key: bytes) -> int:
        """The number of its last turn; 0: it had none."""
        return self.keys.get(key, (0, 0))[1]


_NONE: Final = History()


@dataclass(frozen=True, slots=True)
class Past:
    """The last turn of a connection in this process: by which tick it was due, and when it ended by our own clock."""

    last_tick_at: dt.datetime | None
    ended_at: float


class Queue:
    """Those who wait for their turn. The key that was served least recently comes first, and each once in a round."""

    def __init__(self, due: Iterable[Due] = (), history: History = _NONE) -> None:
        lines: dict[bytes, list[Due]] = {}
        for one in sorted(due, key=_age):
            lines.setdefault(one.key, []).append(one)
        # Sorting is stable: of keys that were never served the one that has waited longest comes first.
        self._lines = collections.deque(lines[key] for key in sorted(lines, key=history.last))
        self.history = history

    def __bool__(self) -> bool:
        return bool(self._lines)

    def take(self, running: Collection[Due], bounds: Bounds) -> list[Due]:
        """Who begins now that these run; they wait no longer, and the turn of their key is over."""
        tally, begun = _Tally(running, bounds), list[Due]()
        kept: list[list[Due]] = []
        while self._lines and tally.has_place:
            line = self._lines.popleft()
            if (one := self._first(line, tally)) is None:
                kept.append(line)
                continue
            line.remove(one)
            tally.add(one)
            begun.append(one)
            self.history = self.history.after(one)
            if line:
                self._lines.append(line)
        self._lines.extendleft(reversed(kept))
        return begun

    def _first(self, line: Sequence[Due], tally: _Tally) -> Due | None:
        """Whose turn it is among the connections of one key, who stand in the order of their last ticks."""
        free = (one for one in line if tally.may_begin(one))
        first = next(free, None)
        if first is None or not first.is_big or (self.history.had(first.key) + 1) % _ONE_IN == 0:
            return first
        return next((one for one in free if not one.is_big), first)


class _Tally:
    """How many run, of which key, and how many of them failed before."""

    def __init__(self, running: Collection[Due], bounds: Bounds) -> None:
        self._bounds = bounds
        self._numbers: set[int] = set()
        self._keys: collections.Counter[bytes] = collections.Counter()
        self._failing = 0
        for one in running:
            self.add(one)

    def add(self, one: Due) -> None:
        self._numbers.add(one.connection_id)
        self._keys[one.key] += 1
        self._failing += one.is_failing

    @property
    def has_place(self) -> bool:
        return len(self._numbers) < self._bounds.at_once

    def may_begin(self, one: Due) -> bool:
        if self._keys[one.key] >= self._bounds.per_key or one.connection_id in self._numbers:
            return False
        return not one.is_failing or self._failing < self._bounds.failing


def is_new(one: Due, past: Past | None, looked_at: float) -> bool:
    """Whether a connection that was found due at that moment has not just had the turn that it is due for.

    A turn that left no tick, because it could not even begin, is not repeated before an interval has gone by.
    """
    if past is None:
        return True
    if past.ended_at > looked_at:
        return False
    return one.last_tick_at != past.last_tick_at or looked_at - past.ended_at >= one.interval


def _age(one: Due) -> tuple[float, int]:
    return (one.last_tick_at.timestamp() if one.last_tick_at else 0.0, one.connection_id)
