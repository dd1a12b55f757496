"""What the console alone asks of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import one, value

if TYPE_CHECKING:
    import datetime as dt

    from reconciler.ledger.database import Transaction


def connection_of_run(tx: Transaction, run_id: int) -> str | None:
    """The name of the connection whose run it is."""
    row = one(tx, "console_connection_of_run", run_id=run_id)
    return None if row is None else str(row.name)


def now(tx: Transaction) -> dt.datetime:
    """The ledger's clock."""
    moment: dt.datetime = value(tx, "clock")
    return moment
