"""How many calls a run makes, beside what it may make and what the way of most scripts makes. Exact, no estimate.

    python -m bench.counts [--contacts 100000] [--quick]

The account is simulated and counts what arrives; the program is real. Ends with 1 where a bound is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.parts import Part
from bench.ratios import Ratio
from bench.rehearsal import rehearsal
from reconciler.constant_contact.client import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.rehearsal import Arrivals, Rehearsal

QUOTA: Final = 10_000
_IMPORT_BYTES: Final = 4_000_000
_IMPORT_CONTACTS: Final = 40_000
_FULL: Final = 0.95
POLLS: Final = ("getActivity", "getActivityStatusCollection")
_MOST_POLLS: Final = 6
#: Beside imports, pages and looks at activities.
_OTHERS: Final = 10
#: Up to so many changes the bound is made of pages.
_FEW: Final = 2_000
#: What everybody of the list may take, and how many times the usual script's calls are ours, at a list of 100,000.
_EVERYBODY: Final = 26
_RATIOS: Final = {10: 12, 1_000: 60, 100_000: 3_800}
_RATIOS_AT: Final = 100_000
#: Longer than anything of an earlier run is asked for again.
_PAUSE: Final = 1_500.0
#: As the simulator is at real speed; how long activities take there is not documented.
_PACE: Final = {"activity_seconds": 1.0, "activity_rows_per_second": 2_000.0}
_QUICK: Final = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One run: what was asked for, how many calls it may take and took, and what the usual script takes."""

    what: str
    listed: int
    changed: int
    found: int
    polls: int
    bound: int
    usual: int
    bodies: tuple[tuple[int, int], ...] = ()
    least_ratio: int | None = None

    @property
    def ratio(self) -> float:
        return self.usual / self.found if self.found else math.inf

    @property
    def days(self) -> float:
        """How many days of quota the usual script takes."""
        return self.usual / QUOTA

    @property
    def misses(self) -> list[str]:
        """What is not as it is to be."""
        said = {
            f"{self.found} calls, at most {self.bound}": self.found > self.bound,
            f"{self.ratio:,.0f} times fewer, at least {self.least_ratio}": self.ratio < (self.least_ratio or 0),
        }
        return [*(f"{self.what}: {miss}" for miss, is_so in said.items() if is_so), *self.misshaped]

    @property
    def misshaped(self) -> list[str]:
        """What is wrong with its bodies, and too many looks."""
        said = {
            f"{self.polls} looks at activities, at most {_MOST_POLLS}": self.polls > _MOST_POLLS
            and self.changed <= _FEW,
            "a body is too large": any(size > _IMPORT_BYTES or count > _IMPORT_CONTACTS for size, count in self.bodies),
            "an import that is not the last is not full": any(not _is_full(*body) for body in self.bodies[:-1]),
        }
        return [f"{self.what}: {miss}" for miss, is_so in said.items() if is_so]


def usual_calls(listed: int, changed: int) -> int:
    """What a script takes that reads the CRM, pulls the whole list by pages, and makes a call for each change."""
    return pages(listed) + changed


def pages(count: int) -> int:
    return max(1, math.ceil(count / PAGE))


def rows(contacts: int = 100_000, changes: Sequence[int] = (1, 10, 1_000, 2_000)) -> Iterator[Row]:
    """Count a tick with nothing to do, so many changes of so many contacts, all of them, and the first run."""
    with rehearsal(**_PACE) as there:
        there.fill(1, contacts, account=True)
        there.connect()
        there.tick()
        there.sleep(_PAUSE)
        there.tick()
        yield _counted(there, "nothing changed", contacts, 0)
        for changed in (*(each for each in changes if each < contacts), contacts):
            there.change(1, changed, f"New{changed}x")
            yield _counted(there, "changed", contacts, changed)
            there.sleep(_PAUSE)
            there.tick()
            there.sleep(_PAUSE)
    with rehearsal(**_PACE) as there:
        there.fill(1, contacts, account=False)
        there.connect()
        yield _counted(there, "first run into an empty list", 0, contacts)


def _counted(there: Rehearsal, what: str, listed: int, changed: int) -> Row:
    report, arrived = there.counted()
    if (report.to_json()["state"] if report else "idle") != ("completed" if changed else "idle"):
        raise SystemExit(f"{what}, {changed} of {listed}: {report and report.to_json()}")
    polls = sum(arrived.operations[name] for name in POLLS)
    least = _RATIOS.get(changed) if listed >= _RATIOS_AT else None
    bound, usual = _bound(listed, changed, polls, arrived), usual_calls(listed, changed)
    return Row(what, listed, changed, arrived.calls, polls, bound, usual, tuple(arrived.imports), least)


def _bound(listed: int, changed: int, polls: int, arrived: Arrivals) -> int:
    """With as many looks at activities as there were: how many there may be is another bound."""
    if not changed:
        return 0
    if listed and changed > _FEW:
        return _EVERYBODY
    size = sum(each for each, _ in arrived.imports)
    imports = max(math.ceil(size / _IMPORT_BYTES), math.ceil(changed / _IMPORT_CONTACTS)) + 1
    # An export is its request and its file, after the first page, which tells how many there are.
    read_back = pages(changed) if listed else min(pages(changed), 3)
    return imports + bool(listed) + read_back + _OTHERS + polls


def _is_full(size: int, count: int) -> bool:
    return size >= _FULL * _IMPORT_BYTES or count >= _FULL * _IMPORT_CONTACTS


def table(found: Sequence[Row]) -> str:
    """The rows as documents have them."""
    head = (
        "| run | list | changed | calls | looks among them | at most | usual script | its days of quota "
        "| times fewer |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    )
    return head + "".join(
        f"| {row.what} | {row.listed:,} | {row.changed:,} | {row.found} | {row.polls} | {row.bound} | {row.usual:,} "
        f"| {row.days:.2f} | {f'{row.ratio:,.0f}' if row.found else 'all of them'} |\n"
        for row in found
    )


_TEXT: Final = """\
## Calls

Counted where they arrive, on a list of {contacts:,}; activities take a second and one for each 2,000 rows. What may be
is with as many looks at activities as there were; of those there are 6 at most where up to 2,000 have changed. The
usual script's calls are worked out, kindly: it pulls all pages, and makes a call for each change only.

"""


def part(contacts: int) -> Part:
    """Count everything at one size."""
    found = list(rows(contacts))
    bounds = [(f"calls, {row.what}, {row.changed:,} of {row.listed:,}", row.bound, row.found, True) for row in found]
    bounds += [
        (f"usual script's calls / ours, {row.changed:,} of {row.listed:,}", row.least_ratio, row.ratio, False)
        for row in found
        if row.least_ratio
    ]
    misshaped = sum(len(row.misshaped) for row in found)
    bounds.append(("bodies of a wrong size, and runs with too many looks", 0, misshaped, True))
    kept = tuple(Ratio(name, bound, seen, most=most, exact=True) for name, bound, seen, most in bounds)
    return Part(_TEXT.format(contacts=contacts) + table(found), kept)


def main() -> int:
    """Print the table; says 1 where a bound is missed."""
    read = argparse.ArgumentParser(description="count the calls of runs")
    read.add_argument("--contacts", type=int, default=100_000)
    read.add_argument("--quick", action="store_true", help=f"with {_QUICK:,} contacts")
    given = read.parse_args()
    found = list(rows(_QUICK if given.quick else given.contacts))
    misses = [miss for row in found for miss in row.misses]
    print(table(found), *(f"missed: {miss}\n" for miss in misses), sep="\n")
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
