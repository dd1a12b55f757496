"""A refused import names no contact: the bad ones are found by halving, within a bounded number of calls.

What is left when a half is taken is known to hold the trouble, and is not sent whole once more.
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


def halve(part: Sequence[_One], words: str, send: Callable[[Sequence[_One]], str | None], calls: int) -> Found[_One]:
    """Send a refused part half by half; `send` says with which words it was refused, or None.

    Makes `calls` calls at most, and stops where everything is refused.
    """
    found: Found[_One] = Found()
    refused = [(part, words)]
    while refused and not (found.is_everybody and len(found.refused) >= _ALL):
        part, words = refused.pop()
        if len(part) == 1:
            found.refused.append((part[0], words))
        elif found.calls == calls:
            found.left.extend(part)
        else:
            refused += _tried(part, words, send, found, calls)
    found.left.extend(one for part, _ in refused for one in part)
    return found


def _tried(
    part: Sequence[_One], words: str, send: Callable[[Sequence[_One]], str | None], found: Found[_One], calls: int
) -> list[tuple[Sequence[_One], str]]:
    """The halves of a refused part that are refused themselves, the first to be looked into last."""
    first, second = part[: len(part) // 2], part[len(part) // 2 :]
    found.calls += 1
    said = send(first)
    if said is None:
        found.sent += len(first)
        return [(second, words)]
    if found.calls == calls:
        found.left.extend(second)
        return [(first, said)]
    found.calls += 1
    also = send(second)
    if also is None:
        found.sent += len(second)
        return [(first, said)]
    return [(second, also), (first, said)]
