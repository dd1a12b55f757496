"""A refused import names no contact: the bad ones are found by halving, within a bounded number of calls.

What is left when a half is taken is known to hold the trouble, and is not sent whole once more. Nobody is refused who
was not sent alone: a refusal may have been a passing one. While nothing was taken, one contact from the middle of the
largest part says more of all than the neighbours of one that was refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_One = TypeVar("_One")
#: So many alone refused in different places, and nothing taken: that is not these contacts' fault.
ENOUGH: Final = 5
#: The calls of a halving of which both halves are refused.
_BOTH_HALVES: Final = 2


@dataclass(slots=True)
class Search:
    """One run's search for bad contacts: how many calls it may still make, and what it has come to so far."""

    calls: int
    #: Whether any import was taken at all.
    has_sent: bool = False
    #: How many contacts were refused alone, and how many batches were refused as the plan has them.
    alone: int = 0
    batches: int = 0

    @property
    def is_in_vain(self) -> bool:
        """Whether enough was refused, and nothing taken: then it is what all of them have in common."""
        is_known = self.alone >= ENOUGH or not self.calls
        return not self.has_sent and is_known and self.batches >= ENOUGH

    @property
    def is_in_doubt(self) -> bool:
        """Whether one contact tells more than a half: nobody was taken, and somebody refused, or few calls are left.

        As few as would not do for enough contacts after another halving.
        """
        return not self.has_sent and (self.alone > 0 or self.calls < ENOUGH + _BOTH_HALVES)


@dataclass(slots=True)
class Found(Generic[_One]):
    """Who is refused alone, with the words; for whom nothing can be said; how many went."""

    refused: list[tuple[_One, str]] = field(default_factory=list)
    left: list[_One] = field(default_factory=list)
    sent: int = 0


class _Known(Enum):
    """What is known of a part that nobody has taken."""

    REFUSED = "it was sent as it is, and refused"
    BAD = "it was refused with others, and those were taken without it"
    NOTHING = "it was refused with others, and so were those"


@dataclass(frozen=True, slots=True)
class _Part(Generic[_One]):
    part: Sequence[_One]
    words: str
    known: _Known


def halve(
    part: Sequence[_One], words: str, send: Callable[[Sequence[_One]], str | None], search: Search
) -> Found[_One]:
    """Send a refused part bit by bit; `send` says with which words it was refused, or None.

    Makes as many calls at most as the run's search has left, and stops where everything is refused: five contacts from
    different places, over all batches; of a later batch one.
    """
    halving = _Halving(send, search)
    search.batches += 1
    enough = max(ENOUGH, search.alone + 1)
    halving.refused(part, words)
    while halving.parts and search.calls and (search.has_sent or search.alone < enough):
        if search.is_in_doubt:
            halving.try_one()
        else:
            halving.try_halves(halving.parts.pop())
    halving.found.left.extend(one for bad in halving.parts for one in bad.part)
    return halving.found


@dataclass(slots=True)
class _Halving(Generic[_One]):
    send: Callable[[Sequence[_One]], str | None]
    search: Search
    found: Found[_One] = field(default_factory=Found)
    #: What is to be looked into; the last comes first.
    parts: list[_Part[_One]] = field(default_factory=list)

    def refused(self, part: Sequence[_One], words: str) -> None:
        if len(part) > 1:
            self.parts.append(_Part(part, words, _Known.REFUSED))
        else:
            self.found.refused.append((part[0], words))
            self.search.alone += 1

    def try_halves(self, bad: _Part[_One]) -> None:
        half = len(bad.part) // 2
        if not half or bad.known is _Known.NOTHING:
            self._try(bad.part)
            return
        first, second = bad.part[:half], bad.part[half:]
        if self._try(first):
            self.parts.append(_Part(second, bad.words, _Known.BAD))
        elif self.search.calls:
            self._try(second)
        else:
            self.parts.append(_Part(second, bad.words, _Known.NOTHING))

    def try_one(self) -> None:
        """Send the middle one of the largest part."""
        bad = self.parts.pop(max(range(len(self.parts)), key=lambda index: len(self.parts[index].part)))
        middle = len(bad.part) // 2
        rest = [*bad.part[:middle], *bad.part[middle + 1 :]]
        is_taken = self._try(bad.part[middle : middle + 1])
        if rest:
            is_bad = is_taken and bad.known is not _Known.NOTHING
            self.parts.append(_Part(rest, bad.words, _Known.BAD if is_bad else _Known.NOTHING))

    def _try(self, part: Sequence[_One]) -> bool:
        """Send a part; says whether it was taken."""
        self.search.calls -= 1
        words = self.send(part)
        if words is not None:
            self.refused(part, words)
            return False
        self.found.sent += len(part)
        self.search.has_sent = True
        return True
