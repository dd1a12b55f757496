"""Contacts by id, by address and in order, with the answers to recent searches kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from reconciler.simulator.contacts import Contact

_SEARCHES_KEPT = 64


class Index:
    """The contacts as one reader sees them. A write forgets the searches, not the contacts."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        """In the order in which they were created: a dict keeps a key's place."""
        self._by_address: dict[str, str] = {}
        self._found: dict[Hashable, list[Contact]] = {}

    def put(self, contact: Contact) -> None:
        """Take in a contact as it is now."""
        before = self.contacts.get(contact.contact_id)
        if before and before.email:
            self._by_address.pop(before.email.address.lower(), None)
        if contact.email:
            self._by_address[contact.email.address.lower()] = contact.contact_id
        self.contacts[contact.contact_id] = contact
        self._found.clear()

    def by_address(self, address: str) -> Contact | None:
        """Find by address, whatever the case: the provider compares so."""
        contact_id = self._by_address.get(address.lower())
        return self.contacts[contact_id] if contact_id else None

    def members(self, list_id: str) -> list[Contact]:
        """List who is on a list, in the order of creation."""
        return self.found(list_id, lambda: [c for c in self.contacts.values() if list_id in c.lists])

    def found(self, key: Hashable, search: Callable[[], list[Contact]]) -> list[Contact]:
        """Search, or answer what the same search found since the last write: pages follow each other."""
        if key not in self._found:
            if len(self._found) >= _SEARCHES_KEPT:
                self._found.clear()
            self._found[key] = search()
        return self._found[key]
