"""Looking up one contact's story in the ledger, for whoever asks why somebody is or isn't on the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler import explain
from reconciler.ledger import forgotten, stories

if TYPE_CHECKING:
    from reconciler.explain import Story
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger
    from reconciler.ledger.members import Keys

#: As many rows of a contact's history as a page shows.
_MOST_ROWS: Final = 60


def found(ledger: Ledger, keys: Keys, connection_id: int, who: str) -> list[str]:
    """The ids of the contacts with this id or address; the one that is synced comes first."""
    with ledger.transaction() as tx:
        return stories.found(tx, connection_id, who, keys.hash_of(keys.fold(who)))


def story(ledger: Ledger, keys: Keys, connection: Connection, who: str) -> Story:
    """The story of whoever has this id or address, also where the CRM has nobody of the kind."""
    mine = connection.connection_id
    ids = found(ledger, keys, mine, who)
    with ledger.transaction() as tx:
        if forgotten.known(tx, mine, keys.hash_of).has(who, keys.fold(who)):
            return explain.of_forgotten(who)
        contact = stories.contact(tx, mine, ids[0]) if ids else None
        if contact is None:
            return explain.of_member(stories.member(tx, mine, keys.hash_of(keys.fold(who))), who)
        history = stories.history(tx, mine, contact.contact_id, _MOST_ROWS)
        approval = stories.approval(tx, mine, contact.contact_id)
    return explain.of_contact(connection, contact, history, approval, ids[1:])
