"""Who is due, as the ledger knows it: one statement for thousands of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import rows
from reconciler.turns import Due

if TYPE_CHECKING:
    from reconciler.ledger.database import Transaction


def due(tx: Transaction, every_seconds: float) -> list[Due]:
    """Whose interval has gone by since the last tick, by name; `every_seconds`: that of who has none of their own."""
    return _found(tx, every_seconds)


def everybody(tx: Transaction) -> list[Due]:
    """All connections by name, also those that would do nothing."""
    return _found(tx, None)


def _found(tx: Transaction, every_seconds: float | None) -> list[Due]:
    return [
        Due(
            row.connection_id,
            row.name,
            bytes(row.key),
            waiting=row.waiting,
            last_tick_at=row.last_tick_at,
            is_failing=row.is_failing,
            interval=float(row.interval),
        )
        for row in rows(tx, "connections_due", every_seconds=every_seconds)
    ]
