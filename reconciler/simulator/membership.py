"""What joining, leaving, deleting and coming back do to a contact, whoever asks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.simulator.clock import stamp
from reconciler.simulator.contacts import LISTS_MOST

if TYPE_CHECKING:
    from reconciler.simulator.contacts import Contact
    from reconciler.simulator.state import Account


def joined(contact: Contact, list_ids: tuple[str, ...], account: Account, when: str) -> Contact:
    """Put a contact on lists, 50 at most; whether that moves updated_at is unknown, so a switch says it."""
    return _on(contact, tuple(dict.fromkeys((*contact.lists, *list_ids)))[:LISTS_MOST], account, when)


def left(contact: Contact, list_id: str, account: Account, when: str) -> Contact:
    """Take a contact off a list; it stays a contact."""
    return _on(contact, tuple(each for each in contact.lists if each != list_id), account, when)


def _on(contact: Contact, lists: tuple[str, ...], account: Account, when: str) -> Contact:
    if lists == contact.lists:
        return contact
    touched = when if account.switches.list_change_touches else contact.updated_at
    return replace(contact, lists=lists, updated_at=touched)


def deleted(contact: Contact, account: Account, when: str) -> Contact:
    """Delete: off every list, marked, still there (developer.constantcontact.com/api_guide/contacts_delete)."""
    touched = when if account.switches.delete_touches else contact.updated_at
    return replace(contact, lists=(), deleted_at=when, updated_at=touched)


def delete_list(account: Account, list_id: str, at: float) -> None:
    """Delete a list; its people lose it and stay contacts."""
    when = stamp(at)
    account.lists[list_id] = replace(account.lists[list_id], deleted_at=when, updated_at=when)
    for member in list(account.live.members(list_id)):
        account.store(left(member, list_id, account, when), at)
