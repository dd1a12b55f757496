"""What one transaction stages again and again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from reconciler.ledger import batches, members, plans
from reconciler.ledger.members import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.ledger.database import Ledger, Transaction

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def a_slice(tx: Transaction) -> None:
    plans.write(tx, 1, 1, [], {})


def a_page(tx: Transaction) -> None:
    members.write(tx, 1, [], Keys(str, str.encode), read_at=NOW, push_visible_seconds=1)


def a_portion(tx: Transaction) -> None:
    batches.record(tx, 1, 1, [])


@pytest.mark.parametrize("stage", [a_slice, a_page, a_portion])
def test_a_million_contacts_take_no_more_locks_than_a_thousand(
    ledger: Ledger, stage: Callable[[Transaction], None]
) -> None:
    """A default server has room for 6,400 locks of all its transactions together, and a table takes several."""
    with ledger.transaction() as tx:
        held = []
        for _ in range(10):
            stage(tx)
            held.append(tx.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()").scalar_one())
    assert held[-1] == held[1]
