"""PostgreSQL's planner hears of tables that grow within a run: else a new connection's first sync is quadratic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.ledger import statistics

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
