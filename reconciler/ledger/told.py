"""What people were last told of each connection, so that no second process and no restart tells it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import rows, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Transaction


def read(tx: Transaction) -> dict[int, str]:
    """The state that was told last, by connection; who is missing was never spoken of."""
    return {row.connection_id: row.state for row in rows(tx, "told_read")}


def prepare(tx: Transaction, connections: Sequence[int]) -> None:
    """Make the rows that are to be locked; in a transaction before that one, because others must see them too."""
    run(tx, "told_prepare", connections=list(connections))


def lock(tx: Transaction, connections: Sequence[int]) -> dict[int, str]:
    """The same as `read` of some of them, for oneself until the transaction ends; who is taken is left out."""
    return {row.connection_id: row.state for row in rows(tx, "told_lock", connections=list(connections))}


def note(tx: Transaction, states: Mapping[int, str]) -> None:
    """Note what people were just told."""
    for connection_id, state in states.items():
        run(tx, "told_note", connection_id=connection_id, state=state)
