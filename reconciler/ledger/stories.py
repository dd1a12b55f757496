"""What the ledger knows of one contact, for somebody who asks why they are or aren't on the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import one, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row, Transaction


def found(tx: Transaction, connection_id: int, who: str, address_hash: bytes) -> list[str]:
    """The ids of the contacts with this id or address; who is synced comes first."""
    asked = {"connection_id": connection_id, "who": who, "address_hash": address_hash}
    return [row.contact_id for row in rows(tx, "explain_found", **asked)]


def contact(tx: Transaction, connection_id: int, contact_id: str) -> Row | None:
    """A contact, how its pair stands, and the member it was matched with."""
    return one(tx, "explain_contact", connection_id=connection_id, contact_id=contact_id)


def member(tx: Transaction, connection_id: int, address_hash: bytes) -> Row | None:
    """A member with this address, for whom there is no contact."""
    return one(tx, "explain_member", connection_id=connection_id, address_hash=address_hash)


def history(tx: Transaction, connection_id: int, contact_id: str, most: int) -> Sequence[Row]:
    """What runs did to a contact, field by field, newest first; as long as rows are kept."""
    return rows(tx, "explain_history", connection_id=connection_id, contact_id=contact_id, most=most)


def approval(tx: Transaction, connection_id: int, contact_id: str) -> Row | None:
    """Who approved a held plan that had this contact in it, last."""
    return one(tx, "explain_approval", connection_id=connection_id, contact_id=contact_id)
