"""Everything in the ledger that is sealed: for keys to be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import one, rows, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row, Transaction

#: A place before all others: table, row and field.
FIRST = ("", "", "")


def under_others(tx: Transaction, active: str, after: tuple[str, str, str], most: int) -> Sequence[Row]:
    """The next values that are sealed with another key than the active one, with their places, in order."""
    table, row, field = after
    return rows(tx, "sealed_under_others", active=active, table=table, row=row, field=field, most=most)


def count(tx: Transaction, key_id: str) -> tuple[int, int]:
    """How many values are sealed with a key, and how many with others."""
    found = one(tx, "sealed_count", key_id=key_id)
    return (found.with_it, found.with_others) if found else (0, 0)


def lock(tx: Transaction, found: Sequence[Row]) -> Sequence[Row]:
    """Those of the values whose rows nobody holds: they are held by this transaction now. Drafts are never held."""
    held: set[tuple[str, int | None]] = {("console_drafts", None)}
    for table in ("accounts", "connections"):
        if ids := sorted({each.row_id for each in found if each.table == table}):
            held |= {(table, row[0]) for row in rows(tx, f"sealed_lock_{table}", row_ids=ids)}
    return [each for each in found if (each.table, each.row_id) in held]


def replace(tx: Transaction, found: Row, sealed: str) -> bool:
    """Put what was sealed anew in the place of the old value; False where that has been replaced meanwhile."""
    old = {"old": found.sealed, "sealed": sealed}
    match found.table:
        case "accounts":
            done = run(tx, "sealed_replace_account", row_id=found.row_id, field=found.field, **old)
        case "connections":
            done = run(tx, "sealed_replace_connection", row_id=found.row_id, **old)
        case _:
            done = run(tx, "sealed_replace_draft", draft_id=found.row, field=found.field, **old)
    return bool(done.rowcount)
