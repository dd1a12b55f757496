"""Who did what: rows that are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import SEEN, as_json, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.ledger.database import Transaction


def write(
    tx: Transaction,
    actor: str,
    action: str,
    connection: str | None,
    details: Mapping[str, object],
    workspace: str | None = None,
) -> None:
    """Write down an action in the transaction that does it. `details` holds no secret.

    The workspace is the connection's own; it has to be said where the connection is gone by now.
    """
    place, request_id = tx.info.get(SEEN) or (None, None)
    told = {
        "actor": actor,
        "action": action,
        "connection": connection,
        "workspace": workspace,
        "details": as_json(details),
    }
    run(tx, "audit_write", **told, place=place, request_id=request_id)
