"""What comes after a push: receipts into the ledger, and the sums of a report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import psycopg

from bench.inside import Stage
from reconciler.domain import State
from reconciler.endings import Ending
from reconciler.ledger import batches
from reconciler.record import Told, counted

if TYPE_CHECKING:
    from bench.inside import Inside
    from reconciler.ledger.database import Transaction

#: A batch as it is when its import has been read back, and nothing of it is written down.
_UNSETTLED: Final = (
    "UPDATE reconciler.batches SET state = 'submitted', settled_at = NULL WHERE batch_id = %(batch)s",
    "UPDATE reconciler.batch_contacts SET settled = false, outcome = NULL WHERE batch_id = %(batch)s",
    """
        UPDATE reconciler.pairs AS p SET verdict = 'update', contact_digest = NULL, member_digest = NULL
        FROM reconciler.batch_contacts AS b WHERE b.batch_id = %(batch)s
        AND p.connection_id = b.connection_id AND p.contact_id = b.contact_id
    """,
    # As extraction leaves it of who has changed in the CRM.
    """
        UPDATE reconciler.contacts AS c SET formerly = '{"last_name": "before"}'
        FROM reconciler.batch_contacts AS b WHERE b.batch_id = %(batch)s
        AND c.connection_id = b.connection_id AND c.contact_id = b.contact_id
    """,
    """
        DELETE FROM reconciler.run_rows AS r USING reconciler.batch_contacts AS b
        WHERE b.batch_id = %(batch)s AND r.contact_id = b.contact_id
    """,
)
_ROWS: Final = """
    SELECT r.run_id, r.contact_id, r.email, r.action, r.field, r.after, r.outcome FROM reconciler.run_rows AS r
    JOIN reconciler.batch_contacts AS b ON b.batch_id = {batch} AND b.contact_id = r.contact_id
"""
_COLUMNS: Final = "run_id, contact_id, email, action, field, after, outcome"
_INSERT: Final = f"INSERT INTO bench_run_rows ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s)"
_PAIR: Final = """
    UPDATE reconciler.pairs SET verdict = 'unchanged', decided_at = now() WHERE connection_id = %s AND contact_id = %s
"""
_MEMBER: Final = """
    UPDATE reconciler.members SET pushed_at = now() WHERE connection_id = %s
    AND member_id = (SELECT member_id FROM reconciler.pairs WHERE connection_id = %s AND contact_id = %s)
"""
_SETTLE: Final = "UPDATE reconciler.batch_contacts SET settled = true WHERE batch_id = %s AND contact_id = %s"
#: An executemany is measured on so many contacts, and counted up: it grows by the row.
_MOST_ROW_BY_ROW: Final = 5_000
#: Each by a column that is in no index.
_SCANNED: Final = {"contacts": "fault", "pairs": "message", "members": "status", "run_rows": "outcome"}
#: As a run's transactions have it.
_AS_A_RUN: Final = "SET jit = off; SET random_page_cost = 1.1"
_STANDS: Final = """
    SELECT c.contact_id, c.gone_at IS NULL AS is_in_crm, p.verdict, m.on_list, m.status
    FROM reconciler.contacts AS c
    LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
    LEFT JOIN reconciler.members AS m ON m.connection_id = c.connection_id AND m.member_id = p.member_id
"""


def verifying(here: Inside) -> Stage:
    """The receipts of the largest batch, beside an executemany of the same and a bare COPY of the rows of its run."""
    with psycopg.connect(here.ground.ledger) as db:
        db.execute(_AS_A_RUN)
        batch, sent = _largest(db)
        others = {
            "executemany, a row at a time": _row_by_row(db, here, batch, sent),
            "bare COPY of its rows": _copied(db, batch),
        }

    def ours(tx: Transaction) -> None:
        run_id = tx.exec_driver_sql("SELECT max(run_id) FROM reconciler.runs").scalar_one()
        staged = batches.stage_plain(tx, batch)
        batches.record(tx, run_id, batch, [])
        if staged != sent:
            raise ValueError(f"{staged:,} of {sent:,} contacts have a receipt")

    seconds = here.timed_undone(lambda tx: [tx.exec_driver_sql(each, {"batch": batch}) for each in _UNSETTLED], ours)
    return Stage("receipts of a batch, all as sent", sent, seconds, others)


def _largest(db: psycopg.Connection[Any]) -> tuple[int, int]:
    found = db.execute("SELECT batch_id, contacts FROM reconciler.batches ORDER BY contacts DESC, 1 LIMIT 1").fetchone()
    assert found is not None  # noqa: S101 - a run has sent some
    return found[0], found[1]


def _copied(db: psycopg.Connection[Any], batch: int) -> float:
    db.execute("CREATE TEMPORARY TABLE bench_copied (LIKE reconciler.run_rows INCLUDING ALL)")
    out = f"COPY ({_ROWS.format(batch=batch)}) TO STDOUT (FORMAT BINARY)"
    with db.cursor().copy(out) as blocks:
        kept = list(blocks)
    began = time.perf_counter()
    with db.cursor().copy(f"COPY bench_copied ({_COLUMNS}) FROM STDIN (FORMAT BINARY)") as into:
        for block in kept:
            into.write(block)
    return time.perf_counter() - began


def _row_by_row(db: psycopg.Connection[Any], here: Inside, batch: int, sent: int) -> float:
    """What a program would do that writes down each contact by itself; of some of them, counted up."""
    db.execute("CREATE TEMPORARY TABLE bench_run_rows (LIKE reconciler.run_rows INCLUDING ALL)")
    rows = db.execute(_ROWS.format(batch=batch)).fetchall()
    contacts = sorted({row[1] for row in rows})[:_MOST_ROW_BY_ROW]
    mine, among = here.connection.connection_id, set(contacts)
    began = time.perf_counter()
    with db.cursor() as cursor:
        cursor.executemany(_INSERT, [row for row in rows if row[1] in among])
        cursor.executemany(_PAIR, [(mine, contact) for contact in contacts])
        cursor.executemany(_MEMBER, [(mine, mine, contact) for contact in contacts])
        cursor.executemany(_SETTLE, [(batch, contact) for contact in contacts])
    seconds = time.perf_counter() - began
    db.rollback()
    return seconds * sent / len(contacts)


def reporting(here: Inside, contacts: int) -> Stage:
    """The sums of a report, beside the same joined and counted in pandas and a bare scan of the same tables."""
    with psycopg.connect(here.ground.ledger) as db:
        db.execute(_AS_A_RUN)
        others = {
            "joined there, counted in pandas": here.timed(lambda: _in_pandas(db)),
            "a scan of the same tables": here.timed(lambda: _scanned(db)),
        }

    def ours(tx: Transaction) -> None:
        run_id = tx.exec_driver_sql("SELECT max(run_id) FROM reconciler.runs").scalar_one()
        found = counted(tx, here.connection, run_id, Ending(State.COMPLETED), Told()).standing
        if found.on_list != contacts:
            raise ValueError(f"{found.on_list:,} contacts are on the list instead of {contacts:,}")

    return Stage("the sums of a report", contacts, here.timed(lambda: here.undone(ours)), others)


def _scanned(db: psycopg.Connection[Any]) -> None:
    for table, column in _SCANNED.items():
        db.execute(f"SELECT count(*), max({column}) FROM reconciler.{table}").fetchone()  # type: ignore[arg-type]


def _in_pandas(db: psycopg.Connection[Any]) -> None:
    cursor = db.execute(_STANDS)
    frame = pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])
    frame.groupby(["is_in_crm", "verdict", "on_list", "status"], dropna=False).size()
