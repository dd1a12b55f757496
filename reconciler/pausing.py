"""Pause and resume: each is done once, and whoever comes second is told who was first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger import audit, leases
from reconciler.ledger import connections as stored
from reconciler.token_end import minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.origin import Origin


def pause(ledger: Ledger, connection: Connection, actor: str) -> str | None:
    """No pushing and no calls. None: it is paused now; else that it was before, by whom and since when."""
    with ledger.transaction() as tx:
        now = _locked(tx, connection)
        if now.paused_at is not None:
            by = _by(tx, connection.name, ("pause",)) if now.paused_reason is None else ""
            return f"is paused already, since {minute(now.paused_at)}{by}"
        stored.pause(tx, connection.connection_id)
        leases.fence_off(tx, connection.connection_id)
        audit.write(tx, actor, "pause", connection.name, {"before": {"paused": False}, "after": {"paused": True}})
    return None


def resume(ledger: Ledger, connection: Connection, actor: str) -> str | None:
    """Pushing and calls again. Lifts a hold too, and says that the CRM and the ledger are the real ones as they are.

    None: it goes on now; else that nothing had stopped it, and who resumed it last.
    """
    home = ledger.origin()
    with ledger.transaction() as tx:
        now = _locked(tx, connection)
        if now.paused_at is None and now.held_at is None and not now.failures:
            return f"is not paused{_last(tx, connection.name)}"
        stored.resume(tx, connection.connection_id, home)
        stored.release(tx, connection.connection_id)
        stored.recovered(tx, connection.connection_id)
        audit.write(tx, actor, "resume", connection.name, _resumed(now, home))
    return None


def _locked(tx: Transaction, connection: Connection) -> Connection:
    """The connection as it is when whoever else changes it has done so."""
    stored.lock(tx, connection.connection_id)
    return stored.by_name(tx, connection.name) or connection


def _by(tx: Transaction, name: str, actions: Sequence[str]) -> str:
    done = audit.last(tx, name, actions, {})
    return "" if done is None else f", by {done.actor}"


def _last(tx: Transaction, name: str) -> str:
    done = audit.last(tx, name, ("resume",), {})
    return "" if done is None else f": {done.actor} resumed it at {minute(done.at)}"


def _resumed(connection: Connection, home: Origin) -> dict[str, object]:
    """What resuming has confirmed and lifted, for the audit."""
    confirmed = {"paused": connection.paused_message, "home": home.to_json()} if connection.paused_reason else {}
    held = {"held": connection.held_reason} if connection.held_reason else {}
    return {**confirmed, **held, "before": {"paused": connection.paused_at is not None}, "after": {"paused": False}}
