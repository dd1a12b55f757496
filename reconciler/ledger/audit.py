"""Who did what: rows that are only ever added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import SEEN, as_json, one, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row, Transaction


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


def last(tx: Transaction, connection: str, actions: Sequence[str], about: Mapping[str, object]) -> Row | None:
    """Who did one of these actions last on a connection of this name, and when; `about`: what its details have."""
    return one(tx, "audit_last", connection=connection, actions=list(actions), about=as_json(about))
