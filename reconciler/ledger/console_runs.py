"""What the console's pages of one run ask of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.ledger.database import as_json, rows, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a run: those that have all of these; empty: any."""

    #: By a skip's code its bucket, and the codes of changes that were planned only.
    buckets: Mapping[str, str]
    planned: Sequence[str]
    bucket: str = ""
    action: str = ""
    outcome: str = ""
    code: str = ""
    #: None: of every contact.
    contact_ids: Sequence[str] | None = None


def progress(tx: Transaction, run_id: int) -> Row:
    """How far a run is: its state, whether it has a plan, how many were planned, sent and settled."""
    return run(tx, "console_progress", run_id=run_id).one()


def rows_after(tx: Transaction, run_id: int, wanted: Wanted, *, after: int, most: int) -> Sequence[Row]:
    """A run's rows behind a row number, in their order; at most so many."""
    return rows(tx, "console_rows_after", run_id=run_id, after=after, most=most, **_asked(wanted))


def rows_before(tx: Transaction, run_id: int, wanted: Wanted, *, before: int, most: int) -> Sequence[Row]:
    """The last of a run's rows before a row number, in their order; at most so many."""
    return rows(tx, "console_rows_before", run_id=run_id, before=before, most=most, **_asked(wanted))[::-1]


def _asked(wanted: Wanted) -> dict[str, object]:
    named = {"bucket": wanted.bucket, "action": wanted.action, "outcome": wanted.outcome, "code": wanted.code}
    ids = None if wanted.contact_ids is None else list(wanted.contact_ids)
    return {**named, "contact_ids": ids, "buckets": as_json(dict(wanted.buckets)), "planned": list(wanted.planned)}
