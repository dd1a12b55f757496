"""The first run after a connection was without a token: it catches up, and says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler import token_end
from reconciler.domain import State
from reconciler.ledger import connections, runs

if TYPE_CHECKING:
    from reconciler.endings import Ending
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction

#: A run that ended so has read both sides and, but for who only looks on, sent what waited.
_CAUGHT_UP: Final = (State.COMPLETED, State.NOTHING_TO_DO, State.OBSERVED)


def caught_up(tx: Transaction, connection: Connection, ending: Ending) -> Ending:
    """The ending with a word on it, once; a run that did not come through leaves the word to the next one."""
    since = connection.missed_since
    if since is None or ending.state not in _CAUGHT_UP:
        return ending
    connections.caught_up(tx, connection.connection_id)
    waiting, _ = runs.behind(tx, connection.connection_id)
    rest = "nothing waits any more" if not waiting else f"{waiting:,} still waiting"
    told = (
        f"this is the first run to come through since the connection was disconnected at {token_end.minute(since)}: "
        f"who may be written to was read afresh before anything was sent; it caught up, {rest}"
    )
    return replace(ending, message=" ".join(filter(None, (ending.message, told))))
