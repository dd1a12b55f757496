"""A contact as single writes send it: POST and PUT whole, sign_up_form flat (contract: ContactPutRequest and its like).

Maximums are the contract's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator.changes import Change, filled
from reconciler.simulator.contacts import (
    ADDRESS_KINDS,
    ADDRESSES_MOST,
    LISTS_MOST,
    NOTES_MOST,
    PERMISSIONS,
    PHONE_KINDS,
    PHONES_MOST,
    SOURCES,
    TAGS_MOST,
)  # fmt: skip
from reconciler.simulator.rows import BIRTHDAY, NAMES, CorrectableError, dated, is_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.simulator.bodies import Body
    from reconciler.simulator.state import Account

ADDRESS_MOST: Final = 80
ADDRESS_MOST_OF_FORMS: Final = 50
CUSTOM_FIELDS_OF_FORMS: Final = 50
_TEXT_MOST: Final = 50
_LONG_MOST: Final = 255
_PHONE_MOST: Final = 25
_NOTE_MOST: Final = 2_000
_DATE_MOST: Final = 10
_PARTS: Final[Mapping[str, int]] = {
    "street": _LONG_MOST, "city": _TEXT_MOST, "state": _TEXT_MOST, "postal_code": _TEXT_MOST, "country": _TEXT_MOST,
}  # fmt: skip


@dataclass(frozen=True)
class SentEmail:
    """An address as it was sent."""

    address: str
    permission: str | None
    reason: str | None


@dataclass(frozen=True)
class SentNote:
    """A note as it was sent; a new one has no id."""

    note_id: str | None
    created_at: str | None
    content: str


@dataclass(frozen=True)
class Sent:
    """A whole contact as it was sent. A sub-resource that was left out is None."""

    source: str
    email: SentEmail | None
    details: Mapping[str, str | int]
    phones: Mapping[str, str] | None
    addresses: Mapping[str, Mapping[str, str]] | None
    custom: Mapping[str, str] | None
    lists: tuple[str, ...] | None
    taggings: tuple[str, ...] | None
    notes: tuple[SentNote, ...] | None


@dataclass(frozen=True)
class Form:
    """What a sign-up form sends."""

    address: str
    change: Change
    lists: tuple[str, ...]


class ContactReader:
    """Reads the bodies of single writes for an account; 400 says all that is wrong."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._switches = account.switches

    def whole(self, body: Body, source: str) -> Sent:
        """Read a POST's or a PUT's body; `source` is the property that says who asks for it."""
        sent = Sent(
            source=body.choice(source, SOURCES, required=True) or "",
            email=self._email(body),
            details=self._details(body, dots=source == "create_source"),
            phones=self._phones(body),
            addresses=self._addresses(body),
            custom=self._custom(body, self._switches.custom_fields_most),
            lists=body.texts("list_memberships", LISTS_MOST, self._lists()),
            taggings=body.texts("taggings", TAGS_MOST, self._account.tags),
            notes=self._notes(body),
        )
        body.finish()
        return sent

    def form(self, body: Body) -> Form:
        """Read a sign-up form's body."""
        address = self._address(body, "email_address", ADDRESS_MOST_OF_FORMS)
        phone, home = body.text("phone_number", _PHONE_MOST), body.inner("street_address")
        kind = home.choice("kind", ADDRESS_KINDS, required=True) if home else None
        change = Change(
            self._details(body, dots=False),
            {"other": phone} if phone else {},
            {kind: self._parts(home)} if home and kind else {},
            self._custom(body, CUSTOM_FIELDS_OF_FORMS) or {},
        )
        lists = body.texts("list_memberships", LISTS_MOST, self._lists())
        if not lists:
            body.wrong("list_memberships", "is missing")
        body.finish()
        return Form(address, change, lists or ())

    def _lists(self) -> frozenset[str]:
        return frozenset(each.list_id for each in self._account.lists.values() if not each.deleted_at)

    def _trimmed(self, text: str | None) -> str:
        return (text or "").strip() if self._switches.trim else text or ""

    def _address(self, body: Body, name: str, most: int) -> str:
        address = (body.text(name, most) or "").strip()
        if not is_address(address):
            body.wrong(name, "is not a valid email address")
        return self._account.spelt(address)

    def _email(self, body: Body) -> SentEmail | None:
        email = body.inner("email_address")
        if email is None:
            return None
        permission = email.choice("permission_to_send", PERMISSIONS)
        reason = email.text("opt_out_reason", _LONG_MOST)
        return SentEmail(self._address(email, "address", ADDRESS_MOST), permission, reason)

    def _details(self, body: Body, *, dots: bool) -> dict[str, str | int]:
        """Read what isn't a sub-resource; blank is the same as left out."""
        values: dict[str, str | int] = {name: self._trimmed(body.text(name, _TEXT_MOST)) for name in NAMES}
        if self._switches.refuse_dots_in_first_name and not dots and "." in str(values["first_name"]):
            body.wrong("first_name")
        values |= {name: body.whole(name, most) or "" for name, most in zip(BIRTHDAY, (12, 31), strict=True)}
        values["anniversary"] = self._trimmed(body.text("anniversary", _DATE_MOST))
        try:
            return filled(dated(values))
        except CorrectableError as error:
            body.wrong(str(error))
            return {}

    def _phones(self, body: Body) -> dict[str, str] | None:
        sent = body.objects("phone_numbers", PHONES_MOST)
        if sent is None:
            return None
        phones: dict[str, str] = {}
        for each in sent:
            kind = self._kind(each, PHONE_KINDS, phones)
            phones[kind] = self._trimmed(each.text("phone_number", _PHONE_MOST))
        return filled(phones)

    def _addresses(self, body: Body) -> dict[str, dict[str, str]] | None:
        sent = body.objects("street_addresses", ADDRESSES_MOST)
        if sent is None:
            return None
        addresses: dict[str, dict[str, str]] = {}
        for each in sent:
            addresses[self._kind(each, ADDRESS_KINDS, addresses)] = self._parts(each)
        return {kind: parts for kind, parts in addresses.items() if parts}

    def _kind(self, body: Body, kinds: tuple[str, ...], before: Mapping[str, object]) -> str:
        """Read a kind. Whether a contact may have two of one kind isn't known; here it may not."""
        kind = body.choice("kind", kinds, required=True) or ""
        if kind in before:
            body.wrong("kind", f"{kind} is there twice")
        return kind

    def _parts(self, body: Body) -> dict[str, str]:
        return filled({name: self._trimmed(body.text(name, most)) for name, most in _PARTS.items()})

    def _custom(self, body: Body, most: int) -> dict[str, str] | None:
        sent = body.objects("custom_fields", most)
        if sent is None:
            return None
        known = frozenset(self._account.custom_field_ids().values())
        return {
            each.choice("custom_field_id", known, required=True) or "": self._trimmed(each.text("value", _LONG_MOST))
            for each in sent
        }

    def _notes(self, body: Body) -> tuple[SentNote, ...] | None:
        sent = body.objects("notes", NOTES_MOST)
        if sent is None:
            return None
        return tuple(
            SentNote(
                each.text("note_id", _TEXT_MOST),
                each.text("created_at", _TEXT_MOST),
                each.text("content", _NOTE_MOST) or "",
            )
            for each in sent
        )
