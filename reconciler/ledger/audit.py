"""Who did what: rows that are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import as_json, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.ledger.database import Transaction


def write(tx: Transaction, actor: str, action: str, connection: str | None, details: Mapping[str, object]) -> None:
    """Write down an action in the transaction that does it. `details` holds no secret."""
    run(tx, "audit_write", actor=actor, action=action, connection=connection, details=as_json(details))
