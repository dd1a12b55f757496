"""The simulated account: its lists, custom fields, contacts and activities."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.simulator.abuse import Abuse
from reconciler.simulator.activities import Activities, Activity, Work
from reconciler.simulator.answers import Answer, Refused, error_list, error_object
from reconciler.simulator.changes import Change, Editor
from reconciler.simulator.clock import stamp
from reconciler.simulator.contacts import MAILABLE, Contact, EmailAddress
from reconciler.simulator.definitions import BEGINNING, ContactList, CustomField, Tag
from reconciler.simulator.identifiers import Identifiers
from reconciler.simulator.index import Index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.switches import Switches

NEWSLETTER: Final = "6d2c1a70-9b1e-11f0-8f3a-5b0f2d1c7e01"
CUSTOMERS: Final = "6d2c1a71-9b1e-11f0-8f3a-5b0f2d1c7e02"

SUMMARY: Final[Mapping[str, str]] = {
    "encoded_account_id": "a07e1simulated",
    "organization_name": "Simulated Garden Centre",
    "contact_email": "owner@example.com",
    "contact_phone": "555-555-0100",
    "organization_phone": "555-555-0100",
    "first_name": "Account",
    "last_name": "Owner",
    "country_code": "US",
    "state_code": "MA",
    "time_zone_id": "US/Eastern",
    "website": "https://www.example.com",
}


class Account:
    """One account. Not safe for threads by itself: whoever holds the simulator's lock may call it."""

    def __init__(self, seed: str, switches: Switches) -> None:
        self.summary = SUMMARY
        self.identifiers = Identifiers(seed)
        self.switches = switches
        self.lists: dict[str, ContactList] = {}
        self.custom_fields: dict[str, CustomField] = {}
        """By name."""
        self.abuse = Abuse()
        self.automations: Counter[str] = Counter()
        """How many imports' contacts started an automation by joining a list, by list."""
        self.tags: dict[str, Tag] = {}
        self.activities = Activities()
        self.live = Index()
        """What is so."""
        self.searchable = Index()
        """What GET /contacts sees: the same, some time later."""
        self._unseen: list[tuple[float, int, Contact]] = []
        self._writes = itertools.count()
        for list_id, name in ((NEWSLETTER, "Newsletter"), (CUSTOMERS, "Customers")):
            self.lists[list_id] = ContactList(list_id, name, BEGINNING, BEGINNING)
        for label, type_ in (("Customer ID", "string"), ("Loyalty tier", "string"), ("Member since", "date")):
            self.add_custom_field(label, type_)

    def turn(self, switches: Switches) -> None:
        """Behave differently from now on; a new index lag holds for later writes only."""
        if switches.index_lag_seconds != self.switches.index_lag_seconds:
            self._show(float("inf"))
        self.switches = switches

    def settle(self, now: float) -> None:
        """Bring everything up to this time."""
        self.activities.settle(now)
        self._show(now)

    def _show(self, now: float) -> None:
        while self._unseen and self._unseen[0][0] <= now:
            self.searchable.put(heapq.heappop(self._unseen)[2])

    def store(self, contact: Contact, at: float) -> Contact:
        """Keep a contact as it is now."""
        self.live.put(contact)
        if self.switches.index_lag_seconds:
            heapq.heappush(self._unseen, (at + self.switches.index_lag_seconds, next(self._writes), contact))
        else:
            self.searchable.put(contact)
        return contact

    @property
    def editor(self) -> Editor:
        """Change fields as the switches say."""
        return Editor(self.identifiers, self.switches)

    def open_list(self, list_id: str) -> ContactList | None:
        """Find a list that isn't deleted."""
        found = self.lists.get(list_id)
        return found if found and not found.deleted_at else None

    def members(self, list_id: str, *, mailable: bool) -> int:
        """Count a list's members: the mailable, or all of them, the unsubscribed too."""
        members = self.live.members(list_id)
        return sum(each.status == "active" for each in members) if mailable else len(members)

    def add_list(self, name: str, when: str, description: str = "", *, favorite: bool = False) -> ContactList:
        """Make a list."""
        made = ContactList(self.identifiers.uuid(), name, when, when, description=description, favorite=favorite)
        self.lists[made.list_id] = made
        return made

    def add_custom_field(self, label: str, type_: str, when: str = BEGINNING, version: int = 1) -> CustomField:
        """Define a custom field."""
        field = CustomField(self.identifiers.uuid(), label, type_, when, version)
        self.custom_fields[field.name] = field
        return field

    def add_tag(self, name: str, when: str) -> Tag:
        """Make a tag."""
        tag = Tag(self.identifiers.uuid(), name, when)
        self.tags[tag.tag_id] = tag
        return tag

    def custom_field_ids(self) -> dict[str, str]:
        """Say which name means which custom field."""
        return {name: field.custom_field_id for name, field in self.custom_fields.items()}

    def create(
        self, address: str | None, change: Change, lists: tuple[str, ...], permission: str, at: float
    ) -> Contact:
        """Create a contact as an import does: `implicit` unless said otherwise, source `Account`."""
        when = stamp(at)
        email = new_email(self.spelt(address), permission, when) if address else None
        contact = Contact(self.identifiers.uuid(), email, when, when, lists=lists)
        contact = self.editor.changed(contact, change, when)
        return self.store(contact, at)

    def spelt(self, address: str) -> str:
        """Spell an address as the provider will show it."""
        return address.lower() if self.switches.lower_case_addresses else address

    def start(self, rows: int, now: float, work: Work, *, export: bool = False) -> Activity:
        """Queue an activity that takes as long as so many rows do; 429 where 1,000 wait already."""
        if self.activities.queued() >= self.switches.queue_most:
            raise Refused(self._queue_full())
        pace = self.switches.activity_rows_per_second
        seconds = self.switches.activity_seconds + (rows / pace if pace else 0.0)
        activity_id = self.identifiers.uuid()
        results = f"/v3/contact_exports/{activity_id}" if export else ""
        activity = Activity(activity_id, now, now + seconds, work, self.switches.activity_end, results)
        self.activities.add(activity)
        return activity

    def _queue_full(self) -> Answer:
        form = error_object if self.switches.throttle_body == "object" else error_list
        words = f"You exceeded {self.switches.queue_most:,} queued activities for this user account."
        return form(429, "too_many_requests", words)


def new_email(address: str, permission: str, when: str) -> EmailAddress:
    """Make an address as it is when first stored; who is unsubscribed from the beginning asked for it."""
    source = "Contact" if permission == "unsubscribed" else "Account"
    return permitted(EmailAddress(address, permission, when, when), permission, source, when)


def permitted(email: EmailAddress, permission: str, source: str, when: str) -> EmailAddress:
    """Give an address another permission; only the mailable have opted in, and `source` says who did it."""
    if permission == "unsubscribed":
        return opted_out(email, source, None, when)
    mailable = permission in MAILABLE
    return replace(
        email, permission=permission, updated_at=when, opt_in_source=source if mailable else None,
        opt_in_date=when if mailable else None, opt_out_source=None, opt_out_date=None, opt_out_reason=None,
    )  # fmt: skip


def opted_out(email: EmailAddress, source: str, reason: str | None, when: str) -> EmailAddress:
    """Unsubscribe an address. `email_address.updated_at` moves; the contact's own doesn't (COMM/422146)."""
    return replace(
        email, permission="unsubscribed", updated_at=when, opt_in_source=None, opt_in_date=None,
        opt_out_source=source, opt_out_date=when, opt_out_reason=reason,
    )  # fmt: skip
