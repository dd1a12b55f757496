"""Field changes, and what a contact is after one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from reconciler.simulator.american import US_STATES
from reconciler.simulator.contacts import PHONES_MOST, Contact, Phone, StreetAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.identifiers import Identifiers
    from reconciler.simulator.switches import Switches

_US_DIGITS = 10

Value = TypeVar("Value", str, str | int)


@dataclass(frozen=True, slots=True)
class Change:
    """The fields that are supplied; what isn't named stays. An empty text clears."""

    details: Mapping[str, str | int] = field(default_factory=dict)
    phones: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    custom: Mapping[str, str] = field(default_factory=dict)


class Editor:
    """Changes contacts' fields as the switches say."""

    def __init__(self, identifiers: Identifiers, switches: Switches) -> None:
        self._identifiers = identifiers
        self._switches = switches

    def changed(self, contact: Contact, change: Change, at: str) -> Contact:
        """Make the contact what it is after the change; the very same where nothing changes.

        `updated_at` moves with the fields, and only with them.
        """
        after = replace(
            contact,
            details=filled({**contact.details, **{k: self.detail(k, v) for k, v in change.details.items()}}),
            phones=self._phones(contact.phones, change.phones, at),
            addresses=self._addresses(contact.addresses, change.addresses, at),
            custom=_first(filled({**contact.custom, **change.custom}), self._switches.custom_fields_most),
        )
        return contact if after == contact else replace(after, updated_at=at, update_source="Account")

    def detail(self, name: str, value: str | int) -> str | int:
        """Spell a detail as the provider will show it."""
        if self._switches.fold_names and isinstance(value, str) and name in {"first_name", "last_name"}:
            return value.title()
        return value

    def _phones(self, phones: tuple[Phone, ...], numbers: Mapping[str, str], at: str) -> tuple[Phone, ...]:
        kept = {phone.kind: phone for phone in phones}
        for kind, sent in numbers.items():
            number = self.number(sent)
            before = kept.get(kind)
            if not sent:
                kept.pop(kind, None)
            elif before and number and before.number != number:
                kept[kind] = replace(before, number=number, updated_at=at)
            elif not before and number and len(kept) < PHONES_MOST:
                kept[kind] = Phone(self._identifiers.uuid(), kind, number, at, at)
        return tuple(kept.values())

    def number(self, number: str) -> str:
        """Spell a phone number as the provider will show it."""
        digits = re.sub(r"\D", "", number)
        national = digits[1:] if len(digits) == _US_DIGITS + 1 and digits.startswith("1") else digits
        if self._switches.phone_format == "none":
            return number
        if self._switches.phone_format == "us_dashes" and len(national) == _US_DIGITS:
            return f"{national[:3]}-{national[3:6]}-{national[6:]}"
        return digits if self._switches.phone_format == "digits" else number

    def parts(self, parts: Mapping[str, str]) -> Mapping[str, str]:
        """Spell the parts of an address as the provider will show them."""
        state = parts.get("state", "").strip()
        short = US_STATES.get(state.casefold()) if self._switches.abbreviate_states else None
        return {**parts, "state": short} if short else parts

    def _addresses(
        self, addresses: tuple[StreetAddress, ...], sent: Mapping[str, Mapping[str, str]], at: str
    ) -> tuple[StreetAddress, ...]:
        kept = {address.kind: address for address in addresses}
        for kind, parts in sent.items():
            before = kept.get(kind) or StreetAddress(self._identifiers.uuid(), kind, {}, at, at)
            spelt = self.parts(parts)
            merged = filled({**before.parts, **spelt} if self._switches.address_merge == "by_part" else spelt)
            if not merged:
                kept.pop(kind, None)
            elif merged != before.parts:
                kept[kind] = replace(before, parts=merged, updated_at=at)
        return tuple(kept.values())


def filled(values: Mapping[str, Value]) -> dict[str, Value]:
    """Leave out what is blank."""
    return {name: value for name, value in values.items() if value != ""}


def _first(values: Mapping[str, str], most: int) -> dict[str, str]:
    return dict(list(values.items())[:most])
