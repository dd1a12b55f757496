"""Who has stopped a run that goes on: the audit knows, where it was somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.errors import LeaseLost, UsageError
from reconciler.ledger import audit, connections
from reconciler.token_end import minute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger

#: What fences off the run that goes on, and how it is told.
_DID: Final[Mapping[str, str]] = {
    "pause": "paused",
    "disconnect": "disconnected",
    "resync": "stopped for a full resync",
}


def who_stopped(ledger: Ledger, connection: Connection, error: LeaseLost) -> LeaseLost:
    """The loss of a lease in words: with who has stopped the run, where somebody has since it began.

    Raises UsageError where the connection was erased meanwhile.
    """
    with ledger.transaction() as tx:
        if connections.by_name(tx, connection.name) is None:
            raise UsageError(f"{connection.name!r} was erased while it ran: what the run did is forgotten with it")
        done = audit.last(tx, connection.name, list(_DID), {})
    if done is None or done.at < connection.now:
        return error
    return LeaseLost(f"{_DID[done.action]} by {done.actor} at {minute(done.at)}; this run wrote nothing more")
