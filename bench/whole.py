"""Whole runs of the program, each a process of its own: seconds, memory and calls at several sizes.

uv run python -m bench.whole 10000 100000
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from typing import TYPE_CHECKING, Final

from bench.ground import FailedError, ground
from bench.ratios import Ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.ground import Ran

FIRST: Final = "first run into an empty list"
IDLE: Final = "tick, nothing changed"
SWEEP: Final = "sweep, nothing changed"
_CHANGED: Final = 1_000
#: So that no guard holds a change of many in a small list.
_OPEN: Final = ("guard_updated_percent=100", "guard_field_percent=100", "guard_least=1000000")
#: MB at most, by what was run and with how many contacts.
_MEMORY: Final = {(FIRST, 100_000): 160, (SWEEP, 100_000): 160, (FIRST, 1_000_000): 300, (SWEEP, 1_000_000): 300}
_MEMORY_OF_A_TICK: Final = 70


@dataclass(frozen=True, slots=True)
class Whole:
    """One run with so many contacts."""

    what: str
    contacts: int
    ran: Ran


def measure(contacts: int) -> list[Whole]:
    """A connection from its first run to its sweep. Raises FailedError where not everybody is on the list."""
    with ground() as made:
        made.fill_crm(1, contacts)
        found = [("connect", made.connect())]
        made.say("set", "acme", *_OPEN)
        made.say("start", "acme")
        found.append((FIRST, made.say("run", "acme")))
        if (members := made.members()) != contacts:
            raise FailedError(f"{members:,} of {contacts:,} contacts are on the list")
        found.append((IDLE, made.say("run", "acme")))
        changed = min(_CHANGED, contacts // 10)
        made.change(changed)
        found.append((f"{changed:,} changed", made.say("run", "acme")))
        found.append((SWEEP, made.say("run", "acme", "--full")))
    return [Whole(what, contacts, ran) for what, ran in found]


def ratios(wholes: Sequence[Whole]) -> list[Ratio]:
    """The bounds of memory, and how the first run and the sweep grow with the contacts."""
    return [*_memory(wholes), *_growth(wholes)]


def _memory(wholes: Sequence[Whole]) -> list[Ratio]:
    bounds = [(each, _MEMORY.get((each.what, each.contacts))) for each in wholes if each.what != IDLE]
    bounds += [(each, _MEMORY_OF_A_TICK) for each in wholes if each.what == IDLE]
    return [
        Ratio(f"MB, {each.what}, {each.contacts:,} contacts", bound, each.ran.peak_mb, most=True)
        for each, bound in bounds
        if bound is not None
    ]


def _growth(wholes: Sequence[Whole]) -> list[Ratio]:
    """From each size to the next: seconds, as a multiple of what N log N would make of the smaller one.

    The start of a process is in both, and is more of the smaller: the last step says most.
    """
    found = []
    for what in (FIRST, SWEEP):
        same = sorted((each for each in wholes if each.what == what), key=lambda each: each.contacts)
        for less, more in pairwise(same):
            expected = less.ran.seconds * _n_log_n(more.contacts) / _n_log_n(less.contacts)
            name = f"growth / N log N, {what}, {less.contacts:,} to {more.contacts:,}"
            found.append(Ratio(name, 1, more.ran.seconds / expected, most=True))
    return found


def _n_log_n(contacts: int) -> float:
    return contacts * log2(contacts)


def main() -> None:
    """Measure the sizes that are named, and print."""
    found = [each for text in sys.argv[1:] or ["10000"] for each in measure(int(text))]
    for each in found:
        ran = each.ran
        print(f"{each.contacts:>9,}  {each.what:<30} {ran.seconds:7.2f} s {ran.peak_mb:6.0f} MB {ran.calls:5} calls")
    for ratio in ratios(found):
        print(ratio)


if __name__ == "__main__":
    main()
