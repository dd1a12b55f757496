"""A refused import names no contact: the bad ones are found by halving, within a bounded number of calls.

What is left when a half is taken is known to hold the trouble, and is not sent whole once more. Nobody is refused who
was not sent alone: a refusal may have been a passing one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_One = TypeVar("_One")
#: So many alone refused, and nothing taken: that is not these contacts' fault.
_ALL: Final = 5


@dataclass(slots=True)
class Found(Generic[_One]):
    """Who is refused alone, with the words; for whom no calls were left; how many went, and with how many calls."""

    refused: list[tuple[_One, str]] = field(default_factory=list)
    left: list[_One] = field(default_factory=list)
    sent: int = 0
    calls: int = 0

    @property
    def is_everybody(self) -> bool:
        """Whether all that was tried was refused: then it is what all of them have in common."""
        return self.sent == 0


@dataclass(slots=True)
class Search:
    """One run's search for bad contacts: how many calls it may still make, and whether any import was taken at all."""

    calls: int
    has_sent: bool = False

    def add(self, found: Found[_One]) -> None:
        """Take note of what was found in one import."""
        self.calls -= found.calls
        self.has_sent = self.has_sent or found.sent > 0


@dataclass(frozen=True, slots=True)
class _Part(Generic[_One]):
    """A part that is refused, with the words; `is_seen`: it was sent as it is, and not only what it is a part of."""

    part: Sequence[_One]
    words: str
    is_seen: bool = True


def halve(part: Sequence[_One], words: str, send: Callable[[Sequence[_One]], str | None], calls: int) -> Found[_One]:
    """Send a refused part half by half; `send` says with which words it was refused, or None.

    Makes `calls` calls at most, and stops where everything is refused.
    """
    found: Found[_One] = Found()
    refused = [_Part(part, words)]
    while refused and not (found.is_everybody and len(found.refused) >= _ALL):
        bad = refused.pop()
        if len(bad.part) == 1 and bad.is_seen:
            found.refused.append((bad.part[0], bad.words))
        elif found.calls == calls:
            found.left.extend(bad.part)
        else:
            refused += _tried(bad, send, found, calls)
    found.left.extend(one for bad in refused for one in bad.part)
    return found


def _tried(
    bad: _Part[_One], send: Callable[[Sequence[_One]], str | None], found: Found[_One], calls: int
) -> list[_Part[_One]]:
    """What of a refused part is refused itself; what is to be looked into first comes last."""
    half = len(bad.part) // 2
    if not half:
        # Known to be bad only because the others were taken: it is sent alone, as a refusal may have passed.
        return _sent(bad.part, send, found)
    first, second = bad.part[:half], bad.part[half:]
    still = _sent(first, send, found)
    if not still:
        return [_Part(second, bad.words, is_seen=False)]
    if found.calls == calls:
        found.left.extend(second)
        return still
    return [*_sent(second, send, found), *still]


def _sent(part: Sequence[_One], send: Callable[[Sequence[_One]], str | None], found: Found[_One]) -> list[_Part[_One]]:
    """Send a part; gives it back where it was refused."""
    found.calls += 1
    said = send(part)
    if said is not None:
        return [_Part(part, said)]
    found.sent += len(part)
    return []
