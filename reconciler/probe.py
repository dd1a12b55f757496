"""A look at a statement on its CRM: what is wrong with it, which window is right there, and what a run will cost.

A mode that is seen to lose changes there is not chosen, and is refused where somebody chooses it.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

from reconciler import mapping
from reconciler.crm import Ask, explained, text, versions
from reconciler.errors import StatementError
from reconciler.window import Mode, Versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.crm import Crm, Snapshot
    from reconciler.crm.explained import Scan
    from reconciler.limits import Limits
    from reconciler.origin import Origin

#: A smaller table is scanned as fast as an index is looked up.
_LARGE_ROWS: Final = 10_000
#: A table is shared by many where one workspace has less than this share of it.
_SHARED: Final = 5
AUTO: Final = "auto"
_BY_TIME: Final = "the statement asks what time it is, and what changes by time alone is found"


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen of a statement on its CRM."""

    columns: Mapping[str, str]
    origin: Origin
    #: Rows that were read, in so many seconds; not all of them where the time was up.
    rows: int
    seconds: float
    is_all: bool
    #: How long a run without changes takes the CRM by row versions; None without `row_age`.
    tick_seconds: float | None
    #: Tables by whose changes a row's age does not go down, in words with what to do; empty where it is right.
    uncounted: Sequence[str]
    #: Whether what is read changes by time alone.
    asks_the_time: bool
    whole_seconds: float


@dataclass(frozen=True, slots=True)
class Choice:
    """How changes are found, and why so."""

    mode: Mode
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What the rows of a statement are like; `doubled` are some of the ids that are there more than once."""

    rows: int = 0
    wanted: int = 0
    ineligible: int = 0
    opted_out: int = 0
    without_email: int = 0
    without_id: int = 0
    doubled: Sequence[str] = field(default=(), kw_only=True)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def look(crm: Crm, statement: str, workspace: str, limits: Limits, monotonic: Callable[[], float]) -> Facts:
    """Try a statement out. Raises StatementError that names every fault of its columns at once.

    Refused too is a statement that would scan a table of many workspaces for each of them; the index it needs is said.
    """
    _must_be_plain(statement)
    with crm.snapshot(Ask(structure_of=statement)) as opened:
        snapshot = opened.of(workspace)
        columns = _checked(snapshot.columns(statement))
        plan = snapshot.explained(statement)
        facts = Facts(
            columns=columns,
            origin=snapshot.position.origin,
            rows=0,
            seconds=0.0,
            is_all=False,
            tick_seconds=None,
            uncounted=versions.obstacles(snapshot, statement, plan, list(columns)),
            asks_the_time=explained.asks_the_time(plan) or text.asks_the_time(statement),
            whole_seconds=limits.whole_seconds,
        )
        facts = _measured(snapshot, statement, facts, monotonic)
        _must_not_scan_for_each(snapshot, statement, facts)
    return facts


def count(crm: Crm, statement: str, workspace: str) -> Counts:
    """Count what the statement's rows are like, on the server."""
    with crm.snapshot() as opened:
        snapshot = opened.of(workspace)
        names = {column.name for column in snapshot.columns(statement)}
        return replace(Counts(*snapshot.counts(statement, names)), doubled=snapshot.doubled(statement))


def choose(facts: Facts, wanted: str = AUTO) -> Choice:
    """The window that is right there. Raises StatementError with the reason where somebody wants one that is not."""
    if wanted == AUTO:
        return _best(facts)
    mode = Mode(wanted)
    if obstacle := _obstacle(facts, mode):
        raise StatementError(
            f"the window {mode} can't be right there: {obstacle}",
            advice=f"window={AUTO} takes the best there is: {_best(facts).mode}",
        )
    return Choice(mode, f"chosen by an admin: {_words(facts, mode)}")


def spent(seconds: float) -> str:
    """A time in words, as far as it is of interest."""
    least = 0.1
    return f"{seconds:.1f} s" if seconds >= least else "under 0.1 s"


def _must_be_plain(statement: str) -> None:
    if "\0" in statement:
        raise StatementError("the CRM statement has a NUL byte in it", advice="save it as plain UTF-8 text")
    if found := text.other_parameter(statement):
        raise StatementError(
            f"the CRM statement has the parameter {found}, for which there is no value",
            advice="the one parameter that it can have is :workspace",
        )


def _best(facts: Facts) -> Choice:
    is_quick = facts.is_all and facts.seconds < facts.whole_seconds
    obstacle = _obstacle(facts, Mode.XMIN)
    if is_quick and facts.asks_the_time and not obstacle:
        return Choice(Mode.WHOLE, f"{_BY_TIME} by reading everything; {_words(facts, Mode.WHOLE)}")
    if not obstacle:
        return Choice(Mode.XMIN, _words(facts, Mode.XMIN))
    if is_quick or _obstacle(facts, Mode.OVERLAP):
        return Choice(Mode.WHOLE, f"{obstacle}; {_words(facts, Mode.WHOLE)}")
    told = f"{obstacle}, and reading everything takes longer than {facts.whole_seconds:g} s"
    return Choice(Mode.OVERLAP, f"{told}; {_words(facts, Mode.OVERLAP)}")


def _obstacle(facts: Facts, mode: Mode) -> str:
    """Why a mode could lose changes there; empty where it does not."""
    match mode:
        case Mode.XMIN if "row_age" not in facts.columns:
            return "the statement has no row_age"
        case Mode.XMIN if facts.uncounted:
            return "; ".join(facts.uncounted)
        case Mode.OVERLAP if "changed_at" not in facts.columns:
            return "the statement has no changed_at"
        case _:
            return ""


def _words(facts: Facts, mode: Mode) -> str:
    """What a mode finds and costs there, and what it can miss."""
    match mode:
        case Mode.XMIN:
            return (
                "by row versions no late commit is missed; looking for changes takes"
                f" {spent(facts.tick_seconds or 0)}; rows that disappear, and what moves no row version, are found by"
                " the daily sweep"
                f"{f'; {_BY_TIME} by it too' if facts.asks_the_time else ''}"
            )
        case Mode.WHOLE:
            took = spent(facts.seconds) if facts.is_all else f"longer than {facts.whole_seconds:g} s"
            return f"every run reads everything, which takes {took}: no change and no disappearance is missed"
        case Mode.OVERLAP:
            return (
                "until the daily sweep it can miss what is committed later than overlap_seconds after its changed_at,"
                " changes that leave changed_at as it was, and rows that disappear"
            )


def _checked(columns: Sequence[mapping.Column]) -> dict[str, str]:
    if faults := mapping.faults(columns):
        raise StatementError("; ".join(faults), advice="docs/reference/crm-statement.md lists the columns")
    return {column.name: column.type for column in columns}


def _measured(snapshot: Snapshot, statement: str, facts: Facts, monotonic: Callable[[], float]) -> Facts:
    """Read everything, or as much as the `whole` window may take; and look for changes as a run without any does."""
    began, rows, is_all = monotonic(), 0, True
    with contextlib.closing(snapshot.rows(statement, list(facts.columns), is_large=True)) as found:
        for _ in found:
            rows += 1
            if monotonic() - began > facts.whole_seconds:
                is_all = False
                break
    seconds = monotonic() - began
    tick = None
    if "row_age" in facts.columns:
        began = monotonic()
        snapshot.count(statement, Versions(snapshot.position.xmin))
        tick = monotonic() - began
    return replace(facts, rows=rows, seconds=seconds, is_all=is_all, tick_seconds=tick)


def _must_not_scan_for_each(snapshot: Snapshot, statement: str, facts: Facts) -> None:
    """Refuse what is no trouble for one workspace and a great one for a thousand of them."""
    if not text.names_workspace(statement):
        return
    plan, nobody = snapshot.explained_for_nobody(statement)
    for scan in explained.scans(plan):
        rows = snapshot.table_rows(*scan.name) if scan.is_whole else 0
        if rows < _LARGE_ROWS or facts.rows * _SHARED >= rows:
            continue
        # What was read until the time was up is not all that there is.
        own_rows = facts.rows if facts.is_all else snapshot.counts(statement, facts.columns)[0]
        if own_rows * _SHARED < rows:
            raise StatementError(
                f"the statement would scan all of {scan.table}, about {rows:,} rows, for each workspace; this one has"
                f" {own_rows:,}",
                advice=_index(scan, nobody),
            )


def _index(scan: Scan, nobody: str) -> str:
    column = explained.column_of(scan.condition, nobody)
    if column is not None:
        return f"it needs an index: CREATE INDEX CONCURRENTLY ON {scan.schema}.{scan.table} ({column})"
    told = f" of the condition {scan.condition}".replace(nobody, ":workspace") if scan.condition else ""
    return f"it needs an index on the columns of {scan.schema}.{scan.table}{told}"
