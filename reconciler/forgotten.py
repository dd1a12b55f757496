"""Who was forgotten stays off: of what the CRM goes on to say of them only that there is somebody is taken in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.domain import Contact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


def address_key(contact: Contact) -> str:
    """What the hash of an address is made of: also one that can't be used is recognised again."""
    return contact.folded or contact.address.lower()


def contact_hash(hash_of: Callable[[str], bytes], contact_id: str) -> bytes:
    """The hash of a contact's id, which is never that of an address."""
    return hash_of(f"contact\n{contact_id}")


def pseudonym(hashed: bytes) -> str:
    """What a contact is called in the ledger once it was forgotten."""
    return f"forgotten-{hashed.hex()}"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The hashes of who was forgotten, and a way to tell them."""

    addresses: frozenset[bytes]
    contacts: frozenset[bytes]
    hash_of: Callable[[str], bytes]
    #: Ids of contacts that were recognised by their address alone.
    met: list[str] = field(default_factory=list)

    def has(self, contact_id: str, folded: str) -> bool:
        """Whether this contact, or whoever has this address, was forgotten."""
        return contact_hash(self.hash_of, contact_id) in self.contacts or self.hash_of(folded) in self.addresses

    def veiled(self, contacts: Iterable[tuple[Contact, bool]]) -> Iterator[tuple[Contact, bool]]:
        """The same contacts, each with its mark; who was forgotten has neither id nor address nor fields."""
        if not self.addresses and not self.contacts:
            yield from contacts
            return
        for contact, mark in contacts:
            hashed = contact_hash(self.hash_of, contact.contact_id)
            yield (self._stand_in(contact, hashed) if self._is_forgotten(contact, hashed) else contact), mark

    def _is_forgotten(self, contact: Contact, hashed: bytes) -> bool:
        if hashed in self.contacts:
            return True
        key = address_key(contact)
        if not key or self.hash_of(key) not in self.addresses:
            return False
        self.met.append(contact.contact_id)
        return True

    def _stand_in(self, contact: Contact, hashed: bytes) -> Contact:
        return Contact(pseudonym(hashed), eligible=contact.eligible, opted_out=contact.opted_out, forgotten=True)
