"""One row per run, what it did to each contact, and the numbers of its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.ledger.database import as_json, one, rows, run, stream, value
from reconciler.undo import Done, Undo

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.ledger.database import Row, Transaction


def begin(tx: Transaction, held: tuple[int, int], *, trigger: str, actor: str | None, version: str) -> int:
    """Begin a run; says its number."""
    connection_id, fence = held
    return int(
        value(
            tx,
            "run_begin",
            connection_id=connection_id,
            fence=fence,
            trigger=trigger,
            actor=actor,
            version=version,
        )
    )


def forget(tx: Transaction, run_id: int) -> None:
    """Leave no trace of a tick that had nothing to do."""
    run(tx, "run_forget", run_id=run_id)


def set_mode(tx: Transaction, run_id: int, mode: str, reason: str | None) -> None:
    run(tx, "run_set_mode", run_id=run_id, mode=mode, reason=reason)


def unfinished(tx: Transaction, connection_id: int, fence: int) -> list[int]:
    """Runs of this connection that died under an earlier fence."""
    return [row.run_id for row in rows(tx, "runs_unfinished", connection_id=connection_id, fence=fence)]


def conclude(tx: Transaction, run_id: int, state: str, reason: str | None, report: Mapping[str, object]) -> None:
    """Write the record of a run, once."""
    run(tx, "run_conclude", run_id=run_id, state=state, reason=reason, report=as_json(report))


def times(tx: Transaction, run_id: int) -> Row:
    """When a run started, what time it is now, its trigger, actor, mode and reason."""
    return run(tx, "run_times", run_id=run_id).one()


def note_deferred(tx: Transaction, run_id: int, code: str, message: str, *, only_singles: bool = False) -> None:
    """Write a row for each planned change that was not sent; or only for those that go by calls of their own."""
    run(tx, "rows_deferred", run_id=run_id, code=code, message=message, only_singles=only_singles)


def note_skips(tx: Transaction, run_id: int, connection_id: int) -> None:
    """Write a row for each contact that was not pushed, with its reason."""
    run(tx, "rows_skips", run_id=run_id, connection_id=connection_id)


def note_flapping(tx: Transaction, run_id: int, connection_id: int, *, writes: int, runs: int) -> None:
    """Mark the rows of contacts that were written in more than `writes` of the last `runs` runs."""
    run(tx, "rows_flapping", run_id=run_id, connection_id=connection_id, writes=writes, runs=runs)


def buckets(tx: Transaction, run_id: int, connection_id: int, *, whole: bool) -> Sequence[Row]:
    """Count the run's contacts by bucket and reason: bucket, reason, code, was_read, is_new, contacts."""
    return rows(tx, "run_buckets", run_id=run_id, connection_id=connection_id, whole=whole)


def codes(tx: Transaction, run_id: int, connection_id: int) -> Sequence[Row]:
    """Count the run's problems by code: code, contacts, is_new, by_next_run, again_at, is_kept."""
    return rows(tx, "run_codes", run_id=run_id, connection_id=connection_id)


def activities(tx: Transaction, run_id: int) -> Sequence[str]:
    """The imports that a run sent, as Constant Contact names them."""
    return [row.activity_id for row in rows(tx, "run_activities", run_id=run_id)]


def standing(tx: Transaction, connection_id: int) -> Sequence[Row]:
    """Count every contact and every member on the list by how they stand: side, place, contacts."""
    return rows(tx, "standing", connection_id=connection_id)


def behind(tx: Transaction, connection_id: int) -> tuple[int, float]:
    """How many contacts wait to be seen at Constant Contact, and for how many seconds the oldest has."""
    row = one(tx, "behind", connection_id=connection_id)
    return (0, 0.0) if row is None else (int(row.contacts), float(row.oldest_seconds))


def has_sent(tx: Transaction, run_id: int) -> bool:
    """Whether this run sent anything that may have been taken."""
    return bool(value(tx, "run_has_sent", run_id=run_id))


def added(tx: Transaction, run_id: int) -> int:
    """How many people this run's own batches put on the list."""
    return int(value(tx, "run_added", run_id=run_id))


def drifted(tx: Transaction, connection_id: int) -> int:
    """How many members have a value that was changed at Constant Contact while the CRM's stayed."""
    return int(value(tx, "pairs_drifted", connection_id=connection_id))


def clear_reads(tx: Transaction, run_id: int) -> None:
    run(tx, "reads_clear", run_id=run_id)


def purge(tx: Transaction, connection_id: int, days: float) -> int:
    """Delete expired rows of this connection's runs; counts stay. Says how many."""
    return run(tx, "rows_purge", connection_id=connection_id, days=days).rowcount


def latest(tx: Transaction, connection_id: int | None, run_id: int | None = None) -> Row | None:
    """One run: the named one, else the last that ended."""
    return one(tx, "run_latest", connection_id=connection_id, run_id=run_id)


def recent(tx: Transaction, connection_id: int | None, limit: int) -> Sequence[Row]:
    return rows(tx, "runs_recent", connection_id=connection_id, limit=limit)


def shown(tx: Transaction, run_id: int, *, contacts: int, codes: Sequence[str], looked: int) -> Sequence[Row]:
    """The rows that a page shows, in order: of the first changed contacts, and the first to look at.

    Each says how many contacts were `changed` and how many there are to look at in all (`looked_at`).
    """
    return rows(tx, "run_shown", run_id=run_id, contacts=contacts, codes=list(codes), looked=looked)


def every_row(tx: Transaction, run_id: int) -> Iterator[Row]:
    """All rows of a run, in portions: there may be millions."""
    return stream(tx, "run_rows", run_id=run_id)


def filed(tx: Transaction, run_id: int, *, changed: int, others: int) -> Sequence[Row]:
    """The rows that a file of a report has, contact by contact, each with its `kind` and how many there are `in_all`.

    At most so many `changed` contacts, and so many of each kind of `others`.
    """
    return rows(tx, "run_filed", run_id=run_id, changed=changed, others=others)


def history(tx: Transaction, run_id: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """The reports of a run and of those before it on the same connection, oldest first."""
    return [row.report for row in reversed(rows(tx, "run_history", run_id=run_id, limit=limit))]


def undo(tx: Transaction, run_id: int) -> Undo:
    """Whom this run added, and which fields it changed from what to what, for certain."""
    return Undo(
        [
            Done(
                *(row.contact_id, row.email, row.field, row.before, row.after, row.present),
                is_as_left=bool(row.is_as_left),
                crm_before=row.crm_before,
                moved_from=row.moved_from,
            )
            for row in rows(tx, "run_undo", run_id=run_id)
        ]
    )


def last_problems(tx: Transaction, connection_id: int, before: int) -> dict[str, int]:
    """By code: in which run the problems of the last run were first seen."""
    row = one(tx, "run_last_problems", connection_id=connection_id, before=before)
    problems: list[dict[str, Any]] = (row and row.problems) or []
    return {problem["code"]: problem["first_seen_run"] for problem in problems}


def started_at(tx: Transaction, run_id: int) -> dt.datetime:
    moment: dt.datetime = times(tx, run_id).started_at
    return moment


def written(tx: Transaction, run_id: int) -> tuple[int, int]:
    """How many contacts a run wrote or tried to, and how many of them were refused."""
    row = run(tx, "run_refused", run_id=run_id).one()
    return int(row.written), int(row.refused)
