"""What it costs where there is nothing to do: a start, a tick, and a thousand connections that are in step.

    python -m bench.idle [--connections 1000] [--ticks 300]

Prints a table. Times are medians; beside the time that went by stands the time of a processor, which other programs on
the machine disturb less.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from bench.fleet import bring_in_step, installation, multiply
from bench.ground import Ran, ground, measured
from bench.parts import Part, table
from bench.ratios import Ratio
from tests.crowd import Crowd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.ground import Ground

HEAD: Final = ("what", "seconds", "of a processor", "MB", "statements on the ledger", "calls")
PEOPLE: Final = 1000
_STARTS: Final = 7
#: What issue and documents promise: MB of a tick in a process of its own; a resident tick's seconds and statements.
_MOST_MB: Final = 70
_MOST_SECONDS: Final = 0.010
_MOST_STATEMENTS: Final = 5
_TEXT: Final = """\
## Ticks with nothing to do

"""
_COUNTING: Final = (sys.executable, "-m", "bench.counting")


@dataclass(frozen=True, slots=True)
class Took:
    """What something took: medians where it was done more than once."""

    seconds: float
    busy: float
    #: The most memory of the process at once, in MB of a million bytes.
    peak_mb: float
    statements: float | None
    calls: int

    @classmethod
    def of(cls, runs: Sequence[Ran], statements: float | None = None) -> Took:
        middle = statistics.median
        return cls(
            middle(one.seconds for one in runs),
            middle(one.busy for one in runs),
            max(one.peak_mb for one in runs),
            statements,
            sum(one.calls for one in runs),
        )


@dataclass(frozen=True, slots=True)
class Idle:
    """Everything that was measured."""

    help: Took
    #: A tick in a process of its own, and by hand a run of the same connection.
    once: Took
    by_hand: Took
    resident: Took
    connections: int
    many: Took


def measure(connections: int = 1000, ticks: int = 300) -> Idle:
    """Measure everything; takes about two minutes."""
    with ground() as here:
        _settle(here)
        shown = Took.of([here.say("--help") for _ in range(_STARTS)])
        once = [here.say("run", "--all") for _ in range(_STARTS)]
        asked = _told(here.measured([*_COUNTING, "say", "run", "--all"]))["statements"]
        by_hand = Took.of([here.say("run", "acme") for _ in range(_STARTS)])
        resident = _resident(here.measured([*_COUNTING, "ticks", f"{ticks}"]))
    return Idle(shown, Took.of(once, asked), by_hand, resident, connections, _many(connections))


def _settle(here: Ground) -> None:
    """Bring one connection in step: from then on there is nothing to do."""
    here.fill_crm(1, PEOPLE)
    here.connect()
    here.say("start", "acme")
    here.say("run", "acme")
    with psycopg.connect(here.ledger, autocommit=True) as db:
        db.execute("INSERT INTO reconciler.clock_offset (ahead) VALUES (interval '20 minutes')")
    here.say("run", "--all")


def _told(ran: Ran) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(ran.printed.splitlines()[-1])
    return told


def _resident(ran: Ran) -> Took:
    seconds, busy, statements = zip(*_told(ran)["ticks"], strict=True)
    return Took(
        statistics.median(seconds), statistics.median(busy), ran.peak_mb, statistics.mean(statements), ran.calls
    )


def _many(count: int) -> Took:
    """So many connections in one process, a few at once, each of an account and an API key of its own."""
    with installation() as (url, environ, folder), Crowd(url, 1, 50, crm=environ["RECONCILER_CRM_URL"]) as crowd:
        environ["RECONCILER_API_URL"] = f"{crowd.address}/v3"
        crowd.settle(environ)
        bring_in_step(crowd, environ, count)
        multiply(crowd, environ, count)
        before = crowd.calls
        runs = [measured([*_COUNTING, "say", "run", "--all"], environ, folder) for _ in range(3)]
        asked = [_told(one)["statements"] for one in runs]
        quiet = crowd.sql("SELECT count(*) FROM reconciler.connections WHERE quiet_ticks >= 3")
        if quiet != [(count,)]:
            sys.exit(f"of {count} connections only {quiet[0][0]} had nothing to do")
        found = Took.of(runs, statistics.median(asked))
        return Took(found.seconds, found.busy, found.peak_mb, found.statements, crowd.calls - before)


def rows(idle: Idle) -> list[tuple[str, ...]]:
    """The table, by the columns of HEAD."""
    people = f"{PEOPLE:,} contacts"
    return [
        _row("`reconciler --help`", idle.help),
        _row(f"`run --all`, one connection of {people}, nothing changed", idle.once),
        _row("`run NAME` by hand, the same", idle.by_hand),
        _row("a tick in a process that stays, the same", idle.resident),
        _row(f"`run --all`, {idle.connections:,} connections, nothing changed", idle.many),
    ]


def _row(what: str, took: Took) -> tuple[str, ...]:
    statements = "" if took.statements is None else f"{took.statements:,.1f}".removesuffix(".0")
    return (what, f"{took.seconds:.3f}", f"{took.busy:.3f}", f"{took.peak_mb:.0f}", statements, f"{took.calls}")


def ratios(idle: Idle) -> tuple[Ratio, ...]:
    """What is promised; times may be missed by a fifth, counts not at all."""
    # What a process needs to start is no part of what one more connection costs.
    each = (idle.many.seconds - idle.once.seconds) / idle.connections
    asked = (idle.many.statements or 0) / idle.connections
    calls = idle.once.calls + idle.many.calls + idle.resident.calls
    return (
        Ratio("MB, a tick with nothing to do", _MOST_MB, idle.once.peak_mb, most=True),
        Ratio("ms, a resident tick with nothing to do", 1000 * _MOST_SECONDS, 1000 * idle.resident.seconds, most=True),
        Ratio("statements of it on the ledger", _MOST_STATEMENTS, idle.resident.statements or 0, most=True, exact=True),
        Ratio(f"the same, each of {idle.connections:,} connections", _MOST_STATEMENTS, asked, most=True, exact=True),
        Ratio("seconds of each of them / of one alone", 1, each / idle.resident.seconds, most=True),
        Ratio("calls of all of them", 0, calls, most=True, exact=True),
    )


def part() -> Part:
    """Measure everything."""
    found = measure()
    return Part(_TEXT + table(HEAD, rows(found)), ratios(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=300)
    asked = parser.parse_args()
    found = measure(asked.connections, asked.ticks)
    print(table(HEAD, rows(found)), *ratios(found), sep="\n")
    return 1 if any(ratio.is_missed for ratio in ratios(found)) else 0


if __name__ == "__main__":
    sys.exit(main())
