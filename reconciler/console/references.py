"""How a contact is named in an address of the console: by its id, or by a keyed hash where the id says too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from reconciler import contact_story
from reconciler.errors import VaultError
from reconciler.ledger import contacts

if TYPE_CHECKING:
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Transaction
    from reconciler.ledger.members import Keys

#: What a reference by hash begins with.
_HASHED: Final = "~"
#: What browsers and the console itself would take for something else at the end of a path.
_ODD: Final = (".", "/", ".json")


def reference(contact_id: str, address: str, keys: Keys | None) -> str:
    """A contact's id, or a keyed hash of its address where the id has one in it; empty where neither will do.

    No e-mail address shall stand in an address of a page: those are kept by browsers and by proxies.
    """
    if _is_plain(contact_id):
        return contact_id
    return f"{_HASHED}{keys.hash_of(keys.fold(address)).hex()}" if address and keys else ""


def looked_for(visit: Visit) -> tuple[str, list[str]]:
    """Whom a form looks for, and the ids of the contacts that it finds.

    As it was typed, because a CRM's id may have blanks around it; where that is nobody, without them.
    """
    typed, keys, mine = visit.form.get("who", ""), keys_of(visit), visit.connection.connection_id
    ids = contact_story.found(visit.ledger, keys, mine, typed)
    return (typed, ids) if ids else (who := typed.strip(), contact_story.found(visit.ledger, keys, mine, who))


def resolved(tx: Transaction, connection_id: int, reference: str) -> str | None:
    """The contact id that a reference stands for; None where it stands for none."""
    if not reference.startswith(_HASHED):
        return reference if _is_plain(reference) else None
    address_hash = _bytes(reference.removeprefix(_HASHED))
    found = contacts.of_address(tx, connection_id, address_hash) if address_hash else ()
    # Who has a plain id is named by it, also where others share the address.
    return next((contact_id for contact_id in found if not _is_plain(contact_id)), None)


def keys_of(visit: Visit) -> Keys:
    """The keys with which addresses become hashes. Raises VaultError where there is no key ring."""
    here = visit.desk.here
    return here.keys(here.vault())


def keys_or_none(visit: Visit) -> Keys | None:
    """The same; None where there is no key ring: only who has a plain id is named then."""
    try:
        return keys_of(visit)
    except VaultError:
        return None


def address(connection: str, reference: str) -> str:
    """The address of a contact's page."""
    return f"/connections/{quote(connection, safe='')}/contacts/{quote(reference, safe='')}"


def _is_plain(contact_id: str) -> bool:
    return bool(contact_id) and not (
        "@" in contact_id or "\n" in contact_id or contact_id.startswith((_HASHED, "/")) or contact_id.endswith(_ODD)
    )


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""
