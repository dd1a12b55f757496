"""Whole runs of the program, each a process of its own: seconds, memory and calls at several sizes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from math import log, log2
from typing import TYPE_CHECKING, Final

import psycopg

from bench.ground import ROOT, FailedError, ground
from bench.parts import Part, table
from bench.ratios import Ratio
from tests.crm_samples import load_adventureworks, samples_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.ground import Ground, Ran

FIRST: Final = "first run into an empty list"
IDLE: Final = "run by hand, nothing changed"
TICK: Final = "tick, nothing changed"
SWEEP: Final = "sweep, nothing changed"
_CHANGED: Final = 1_000
#: So that no guard holds a change of many in a small list.
OPEN: Final = ("guard_updated_percent=100", "guard_field_percent=100", "guard_least=1000000")
_EXAMPLE: Final = ROOT / "sql" / "crm" / "examples" / "adventureworks.sql"
_TEXT: Final = """\
## Whole runs

Each is a process of its own, from its start to its end, and reads from a CRM, writes to the ledger and makes calls. A
run by hand counts everybody for the sums of its report, a tick with nothing to do does not.

"""
_STAGES: Final = """
Of these seconds the stages of a run took, as its report says:

"""
#: MB at most, by what was run and with how many contacts.
_MEMORY: Final = {(FIRST, 100_000): 160, (SWEEP, 100_000): 160, (FIRST, 1_000_000): 300, (SWEEP, 1_000_000): 300}
_MEMORY_OF_A_TICK: Final = 70


@dataclass(frozen=True, slots=True)
class Whole:
    """One run with so many contacts."""

    what: str
    contacts: int
    ran: Ran

    @property
    def stages(self) -> dict[str, float]:
        """The seconds of its stages, as its report has them, after what it says meanwhile."""
        if (at := self.ran.printed.find("\n{") + 1) == 0 and not self.ran.printed.startswith("{"):
            return {}
        told, _ = json.JSONDecoder().raw_decode(self.ran.printed, at)
        return {name: seconds for name, seconds in told.get("seconds", {}).items() if seconds}


def part(sizes: Sequence[int]) -> Part:
    """Measure all sizes, and AdventureWorks where it is there."""
    wholes = [each for size in sizes for each in measure(size)]
    texts = [_TEXT, _table(wholes), _fits(wholes), _STAGES, _stages(wholes)]
    if (folder := samples_folder()) is not None:
        texts.insert(1, _table(adventureworks(folder)) + "\n")
    points = tuple((each.what, each.contacts, each.ran.seconds) for each in wholes if each.what in (FIRST, SWEEP))
    return Part("".join(texts), tuple(ratios(wholes)), points)


def measure(contacts: int) -> list[Whole]:
    """A connection from its first run to its sweep. Raises FailedError where not everybody is on the list."""
    with ground(contacts=contacts) as made:
        made.fill_crm(1, contacts)
        found = [("connect", made.connect())]
        made.say("set", "acme", *OPEN)
        found.append((FIRST, _first(made, contacts)))
        found.append((IDLE, made.say("run", "acme", "--json")))
        found.append((TICK, made.say("run", "--all")))
        changed = min(_CHANGED, contacts // 10)
        made.change(changed)
        found.append((f"{changed:,} changed", made.say("run", "acme", "--json")))
        found.append((SWEEP, made.say("run", "acme", "--full", "--json")))
    return [Whole(what, contacts, ran) for what, ran in found]


def first(contacts: int) -> Ran:
    """A first run into an empty list, on a ground of its own."""
    with ground() as made:
        made.fill_crm(1, contacts)
        made.connect()
        return _first(made, contacts)


def _first(made: Ground, contacts: int) -> Ran:
    made.say("start", "acme")
    ran = made.say("run", "acme", "--json")
    if (members := made.members()) != contacts:
        raise FailedError(f"{members:,} of {contacts:,} contacts are on the list")
    return ran


def adventureworks(folder: Path) -> list[Whole]:
    """The same with the people of AdventureWorks, from four tables, with all fields that the example maps."""
    with ground() as made:
        with psycopg.connect(made.crm) as db:
            load_adventureworks(db, folder)
        made.connect("--contacts-sql", str(_EXAMPLE))
        made.say("set", "acme", *OPEN)
        made.say("start", "acme")
        ran = made.say("run", "acme", "--json")
        contacts = made.members()
        found = [
            (f"AdventureWorks: {FIRST}", ran),
            (f"AdventureWorks: {SWEEP}", made.say("run", "acme", "--full", "--json")),
        ]
    return [Whole(what, contacts, ran) for what, ran in found]


def ratios(wholes: Sequence[Whole]) -> list[Ratio]:
    """The bounds of memory, and how the first run and the sweep grow with the contacts."""
    return [*_memory(wholes), *_growth(wholes)]


def _memory(wholes: Sequence[Whole]) -> list[Ratio]:
    return [
        Ratio(f"MB, {each.what}, {each.contacts:,} contacts", bound, each.ran.peak_mb, most=True)
        for each in wholes
        if (bound := _most_mb(each)) is not None
    ]


def _most_mb(whole: Whole) -> int | None:
    return _MEMORY_OF_A_TICK if whole.what in (IDLE, TICK) else _MEMORY.get((whole.what, whole.contacts))


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


def _table(wholes: Sequence[Whole]) -> str:
    rows = [
        (
            each.what,
            f"{each.contacts:,}",
            f"{each.ran.seconds:.1f}",
            f"{each.ran.busy:.1f} + {each.ran.database_busy:.1f}",
            f"{each.ran.peak_mb:.0f}",
            f"{each.ran.calls:,}",
        )
        for each in wholes
    ]
    return table(("run", "contacts", "seconds", "of a processor, its own + PostgreSQL's", "MB", "calls"), rows)


def _stages(wholes: Sequence[Whole]) -> str:
    told = [each for each in wholes if each.stages]
    names = list(dict.fromkeys(name for each in told for name in each.stages))
    rows = [(each.what, f"{each.contacts:,}", *(f"{each.stages.get(name, 0):.1f}" for name in names)) for each in told]
    return table(("run", "contacts", *names), rows)


def _fits(wholes: Sequence[Whole]) -> str:
    """How seconds grow: the power of the contacts from the smallest size to the largest, by each run."""
    said = []
    for what in (FIRST, SWEEP):
        same = sorted((each.contacts, each.ran.seconds) for each in wholes if each.what == what)
        (few, quick), (many, slow) = same[0], same[-1]
        if many > few:
            power = log(slow / quick) / log(many / few)
            like = log(_n_log_n(many) / _n_log_n(few)) / log(many / few)
            said.append(f"{what}: contacts to the power of {power:.2f} (N log N would be {like:.2f})")
    return f"\nFrom the smallest to the largest, seconds grow as follows. {'; '.join(said)}.\n" if said else ""
