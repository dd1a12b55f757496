"""How far into the CRM's changes everything has been copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import one

if TYPE_CHECKING:
    import datetime as dt

    from reconciler.ledger.database import Transaction


def until(tx: Transaction, connection_id: int) -> dt.datetime | None:
    """The CRM's clock up to which everything has been copied; None before the first extraction."""
    row = one(tx, "watermark_read", connection_id=connection_id)
    return None if row is None else row.until
