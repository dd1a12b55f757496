"""PostgreSQL's planner hears of tables that grow within a run: else a new connection's first sync is quadratic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.ledger import batches, statistics
from reconciler.receipts import Deferred
from tests.stored import a_batch, a_connection

if TYPE_CHECKING:
    from reconciler.ledger.database import Ledger


@pytest.mark.parametrize("name", ["contacts", "members", "decisions", "batch_contacts", "run_rows"])
def test_the_planner_is_told_within_the_transaction_that_wrote_much(ledger: Ledger, name: str) -> None:
    with ledger.transaction() as tx:
        statistics.refresh(tx, name, written=1000, now=1000)
        # A table that was never told of has -1.
        table = "pairs" if name == "decisions" else name
        known = tx.exec_driver_sql(f"SELECT reltuples FROM pg_class WHERE oid = 'reconciler.{table}'::regclass")
        assert known.scalar_one() == 0


@pytest.mark.parametrize(
    ("written", "now", "is_told"),
    [
        (0, 0, False),
        (199, 199, False),
        (200, 1, True),
        (300, 100, False),
        (400, 100, True),
        (500, 100, False),
        (1000, 1000, True),
        (3000, 1000, False),
        (3200, 100, True),
    ],
)
def test_it_is_told_of_the_first_two_hundred_and_each_time_they_doubled(
    monkeypatch: pytest.MonkeyPatch, ledger: Ledger, written: int, now: int, *, is_told: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(statistics, "run", lambda _tx, name: told.append(name))
    with ledger.transaction() as tx:
        statistics.refresh(tx, "contacts", written, now)
    assert told == (["analyze_contacts"] if is_told else [])


def test_after_a_run_of_very_many_it_is_told_how_all_stands(ledger: Ledger) -> None:
    """While they were under way it was told that hardly any of them is settled."""
    with ledger.transaction() as tx:
        statistics.after_a_run(tx)
        known = tx.exec_driver_sql("SELECT reltuples FROM pg_class WHERE oid = 'reconciler.batch_contacts'::regclass")
        assert known.scalar_one() == 0


def test_a_big_batch_is_settled_without_going_through_it_for_each_contact(ledger: Ledger, ledger_url: str) -> None:
    """20,000 receipts at once take a third of a second; each compared with each they took ten."""
    with psycopg.connect(ledger_url) as db:
        mine = a_connection(db, "acme")
        a_batch(db, mine, "c0", "c0@example.com")
        db.execute(
            "INSERT INTO reconciler.batch_contacts"
            ' (batch_id, connection_id, contact_id, address_hash, kind, contact_digest, "values")'
            " SELECT batch_id, connection_id, 'c' || number, CAST('c' || number AS bytea), 'add', '', '{}'"
            " FROM reconciler.batch_contacts CROSS JOIN generate_series(1, 20000) AS number"
        )
    with ledger.transaction() as tx:
        tx.exec_driver_sql("SET LOCAL statement_timeout = '5s'")
        batch_id = tx.exec_driver_sql("SELECT batch_id FROM reconciler.batches").scalar_one()
        batches.record(tx, 1, batch_id, (Deferred(f"c{number}", "stuck", "") for number in range(20_001)))
        left = tx.exec_driver_sql("SELECT count(*) FROM reconciler.batch_contacts WHERE NOT settled").scalar_one()
        state = tx.exec_driver_sql("SELECT state FROM reconciler.batches").scalar_one()
    assert (left, state) == (0, "settled")
