"""Everything in the ledger that is sealed: for keys to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import rows, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row, Transaction


def under_others(tx: Transaction, active: str) -> Sequence[Row]:
    """What is sealed with another key than the active one, with its place."""
    return rows(tx, "sealed_under_others", active=active)


def replace(tx: Transaction, found: Row, sealed: str) -> None:
    """Put what was sealed anew in the place of the old value; nothing where that has been replaced meanwhile."""
    if found.table == "accounts":
        where = {"row_id": found.row_id, "field": found.field, "old": found.sealed}
        run(tx, "sealed_replace_account", sealed=sealed, **where)
    else:
        run(tx, "sealed_replace_connection", row_id=found.row_id, old=found.sealed, sealed=sealed)
