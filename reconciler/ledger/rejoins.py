"""Letting people back in who left the list or were deleted there: what stands against it, and that it is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import rows, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Transaction


def against(tx: Transaction, connection_id: int, contact_ids: Sequence[str]) -> dict[str, str]:
    """What stands against some contacts' return, by contact id: nothing is said of those who may.

    `not_in_crm`, `undecided`, or the reason or kind of change that was last decided.
    """
    found = rows(tx, "rejoin_ask", connection_id=connection_id, among=list(contact_ids))
    return {row.contact_id: row.against for row in found if row.against is not None}


def allow(tx: Transaction, connection_id: int, contact_ids: Sequence[str], basis: str) -> None:
    """From now on these contacts may be put on the list again, until they are seen on it."""
    run(tx, "rejoin_allow", connection_id=connection_id, among=list(contact_ids), basis=basis)
