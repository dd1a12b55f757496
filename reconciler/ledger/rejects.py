"""Who was refused, and what was refused of them, until they change or somebody lets it be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row, Transaction


def shown(tx: Transaction, connection_id: int) -> Sequence[Row]:
    """Who is refused as they are now, oldest first: with the reason, the tries, and when the next one is."""
    return rows(tx, "rejects_shown", connection_id=connection_id)


def rearm(
    tx: Transaction, connection_id: int, contact_ids: Sequence[str] | None = None, *, with_fields: bool = False
) -> list[str]:
    """Let the next run try again, as if for the first time: some contacts, or all; refused fields too, or not.

    Says whom.
    """
    told = {"among": None if contact_ids is None else list(contact_ids), "with_fields": with_fields}
    return [row.contact_id for row in rows(tx, "rejects_rearm", connection_id=connection_id, **told)]
