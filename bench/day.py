"""A day of ticks, replayed: what each makes of the quota, with the day's sweep, and how close requests ever come.

    python -m bench.day [--contacts 1000000] [--changes 1000] [--ticks 288]

The program is real, the account a simulated one, both on a clock that goes on when somebody sleeps; so a day takes as
long as its work. With fewer ticks than a day has, their calls are counted up to a day's. Ends with 1 where a bound is
missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bench.counts import QUOTA
from bench.parts import Part
from bench.ratios import Ratio
from bench.rehearsal import rehearsal

if TYPE_CHECKING:
    from bench.rehearsal import Rehearsal

TICKS: Final = 288
_BETWEEN: Final = 300.0
_MOST_PERCENT: Final = 70
_MOST_IN_A_SECOND: Final = 4
#: A sweep is due when the bench asks for it, and not by the clock.
_SWEEPS: Final = {"sweep_seconds": 10_000_000, "gap_seconds": 10_000_000}


@dataclass(slots=True)
class Day:
    """What arrived at the account by kind: in the ticks, and in the sweep."""

    contacts: int
    changes: int
    ticks: int = 0
    pushed: int = 0
    late: int = 0
    most_in_a_second: int = 0
    most_in_a_tick: int = 0
    of_ticks: Counter[str] = field(default_factory=Counter)
    of_sweep: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def calls(self) -> float:
        """The calls of a whole day: those of the ticks that were replayed, for all of them, and the sweep's."""
        return self.of_ticks.total() * TICKS / max(1, self.ticks) + self.of_sweep.total()

    @property
    def percent(self) -> float:
        return 100 * self.calls / QUOTA

    @property
    def misses(self) -> list[str]:
        """What is not as it is to be."""
        said = {
            f"{self.percent:.1f} % of the quota, at most {_MOST_PERCENT} %": self.percent > _MOST_PERCENT,
            f"{self.most_in_a_second} arrivals in a second": self.most_in_a_second > _MOST_IN_A_SECOND,
            f"{self.pushed:,} contacts pushed of {self.ticks * self.changes:,}": self.pushed
            != self.ticks * self.changes,
            f"{self.late} ticks were longer than their interval": self.late > 0,
        }
        return [miss for miss, is_so in said.items() if is_so]


def replay(there: Rehearsal, contacts: int, changes: int, ticks: int) -> Day:
    """Replay so many ticks, each with so many changes of other contacts, and the day's sweep."""
    there.fill(1, contacts, account=True)
    there.connect(**_SWEEPS)
    there.tick()
    there.sleep(4 * _BETWEEN)
    there.tick()
    began, day = time.monotonic(), Day(contacts, changes)
    for number in range(ticks):
        first = 1 + number * changes % max(1, contacts - changes)
        there.change(first, first + changes - 1, f"Tick{number}x")
        _tick(there, day)
    there.sql("UPDATE reconciler.connections SET sweep_reason = 'daily_sweep'")
    there.counted()
    day.of_sweep = there.arrivals.operations
    day.most_in_a_second = max(day.most_in_a_second, there.arrivals.most_in_a_second)
    day.seconds = time.monotonic() - began
    return day


def _tick(there: Rehearsal, day: Day) -> None:
    began = there.monotonic()
    report, arrived = there.counted()
    day.ticks += 1
    day.pushed += report.to_json()["counts"]["updated"] if report else 0
    day.of_ticks += arrived.operations
    day.most_in_a_tick = max(day.most_in_a_tick, arrived.calls)
    day.most_in_a_second = max(day.most_in_a_second, arrived.most_in_a_second)
    left = _BETWEEN - (there.monotonic() - began)
    day.late += left < 0
    there.sleep(left)


def table(day: Day) -> str:
    """The day as documents have it."""
    scale, kinds = TICKS / max(1, day.ticks), sorted(day.of_ticks | day.of_sweep)
    rows = [f"| {kind} | {day.of_ticks[kind] * scale:,.0f} | {day.of_sweep[kind]:,} |" for kind in kinds]
    rows.append(f"| **all** | **{day.of_ticks.total() * scale:,.0f}** | **{day.of_sweep.total():,}** |")
    return (
        f"{TICKS} ticks of {day.changes:,} changes each, on a list of {day.contacts:,} ({day.ticks} of them replayed "
        f"in {day.seconds:,.0f} s):\n\n| call | by ticks | by the sweep |\n|---|---:|---:|\n"
        + "\n".join(rows)
        + f"\n\n{day.calls:,.0f} calls are {day.percent:.1f} % of {QUOTA:,};\n"
        f"{day.most_in_a_tick} in one tick at most; "
        f"{day.most_in_a_second} arrivals in any second at most; {day.late} ticks longer than their interval.\n"
    )


_TEXT: Final = """\
## A day

On a clock that goes on when somebody sleeps; activities take a second.

"""


def part(contacts: int, ticks: int, changes: int = 1_000) -> Part:
    """Replay so many ticks."""
    with rehearsal(activity_seconds=1.0) as there:
        day = replay(there, contacts, changes, ticks)
    at = f"a day of {TICKS} ticks, {changes:,} of {contacts:,} changed in each"
    bounds = (
        (f"% of the quota, {at}", _MOST_PERCENT, day.percent),
        ("arrivals in any second of it", _MOST_IN_A_SECOND, day.most_in_a_second),
        ("ticks longer than their interval", 0, day.late),
        ("changes that were not pushed in their tick", 0, day.ticks * day.changes - day.pushed),
    )
    ratios = tuple(Ratio(name, bound, found, most=True, exact=True) for name, bound, found in bounds)
    return Part(_TEXT + table(day), ratios)


def main() -> int:
    """Print the table; says 1 where a bound is missed."""
    read = argparse.ArgumentParser(description="replay a day")
    read.add_argument("--contacts", type=int, default=1_000_000)
    read.add_argument("--changes", type=int, default=1_000)
    read.add_argument("--ticks", type=int, default=TICKS)
    given = read.parse_args()
    with rehearsal(activity_seconds=1.0) as there:
        day = replay(there, given.contacts, given.changes, given.ticks)
    print(table(day), *(f"missed: {miss}\n" for miss in day.misses), sep="\n")
    return 1 if day.misses else 0


if __name__ == "__main__":
    sys.exit(main())
