"""What a simulated Constant Contact says of itself: its people, and its own history of what it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from reconciler.simulator import SideDoor

_MAILABLE: Final = ("explicit", "implicit")


@dataclass(frozen=True, slots=True)
class Written:
    """What was written to Constant Contact: in how many requests, to how many contacts, and to how many of some."""

    requests: int
    contacts: int
    of_some: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Everybody with an address as they were at one moment, the unsubscribed and the deleted too, by folded address."""

    list_id: str
    contacts: Mapping[str, Mapping[str, Any]]

    def members(self) -> dict[str, Mapping[str, Any]]:
        """Who is on the list and can be written to."""
        return {address: contact for address, contact in self.contacts.items() if self._is_member(contact)}

    def off(self, left: Collection[str]) -> dict[str, str]:
        """Who is off, and why: unsubscribed or deleted there; and those of `left` who are still not on the list."""
        found = {}
        for address, contact in self.contacts.items():
            if "deleted_at" in contact:
                found[address] = "deleted"
            elif contact["email_address"]["permission_to_send"] == "unsubscribed":
                found[address] = "unsubscribed"
            elif address in left and not self._is_member(contact):
                found[address] = "left the list"
        return found

    def _is_member(self, contact: Mapping[str, Any]) -> bool:
        return (
            self.list_id in contact.get("list_memberships", ())
            and contact["email_address"]["permission_to_send"] in _MAILABLE
            and "deleted_at" not in contact
        )


@dataclass(frozen=True, slots=True)
class Account:
    """One list of one simulated account, through its side door."""

    door: SideDoor
    list_id: str

    def look(self) -> Seen:
        contacts = [each for each in self.door.state(history=0)["contacts"] if "email_address" in each]
        return Seen(self.list_id, {folded(each["email_address"]["address"]): each for each in contacts})

    def requests(self) -> int:
        """How many requests there have been."""
        return int(self.door.state(contacts=False, history=0)["requests"]["total"])

    def written(self, since: int, people: Mapping[str, str]) -> Written:
        """What was written since so many requests, and to these people: contact ids by address."""
        writes = [
            entry
            for entry in self.door.state(contacts=False)["history"][since:]
            if "emails" in entry or "contact_id" in entry
        ]
        addresses = [folded(address) for entry in writes for address in entry.get("emails") or ()]
        ids = [entry["contact_id"] for entry in writes if "contact_id" in entry]
        whom = sum(address in people for address in addresses) + sum(each in people.values() for each in ids)
        return Written(len(writes), len(addresses), whom)


def folded(address: str) -> str:
    return address.strip().casefold()
