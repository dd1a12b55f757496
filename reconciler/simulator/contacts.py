"""A contact, and how the API shows it (contract: ContactResource)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SUBRESOURCES: Final = (
    "custom_fields", "list_memberships", "phone_numbers", "street_addresses", "taggings", "notes",
)  # fmt: skip
PERMISSIONS: Final = (
    "explicit", "implicit", "not_set", "pending_confirmation", "temp_hold", "unsubscribed",
)  # fmt: skip
MAILABLE: Final = frozenset({"explicit", "implicit"})
SOURCES: Final = ("Contact", "Account")

PHONES_MOST: Final = 3
PHONE_KINDS: Final = ("home", "work", "mobile", "other")
ADDRESSES_MOST: Final = 3
ADDRESS_KINDS: Final = ("home", "work", "other")
LISTS_MOST: Final = 50
TAGS_MOST: Final = 50
NOTES_MOST: Final = 150


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address and what its owner allows. `address` is as it was first stored."""

    address: str
    permission: str
    created_at: str
    updated_at: str
    opt_in_source: str | None = None
    opt_in_date: str | None = None
    opt_out_source: str | None = None
    opt_out_date: str | None = None
    opt_out_reason: str | None = None

    def shown(self) -> dict[str, object]:
        """Show it as the API does: what is empty is absent, not null."""
        values = {
            "address": self.address, "permission_to_send": self.permission,
            "created_at": self.created_at, "updated_at": self.updated_at,
            "opt_in_source": self.opt_in_source, "opt_in_date": self.opt_in_date,
            "opt_out_source": self.opt_out_source, "opt_out_date": self.opt_out_date,
            "opt_out_reason": self.opt_out_reason, "confirm_status": "off",
        }  # fmt: skip
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number; a contact has at most one of a kind."""

    phone_number_id: str
    kind: str
    number: str
    created_at: str
    updated_at: str

    def shown(self) -> dict[str, object]:
        """Show it as the API does."""
        return {
            "phone_number_id": self.phone_number_id, "phone_number": self.number, "kind": self.kind,
            "created_at": self.created_at, "updated_at": self.updated_at,
            "update_source": "Account", "create_source": "Account",
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class StreetAddress:
    """A street address; a contact has at most one of a kind."""

    street_address_id: str
    kind: str
    parts: Mapping[str, str]
    """Of street, city, state, postal_code, country those that are filled."""
    created_at: str
    updated_at: str

    def shown(self) -> dict[str, object]:
        """Show it as the API does."""
        return {
            "street_address_id": self.street_address_id, "kind": self.kind, **self.parts,
            "created_at": self.created_at, "updated_at": self.updated_at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """A note about a contact."""

    note_id: str
    content: str
    created_at: str

    def shown(self) -> dict[str, object]:
        """Show it as the API does."""
        return {"note_id": self.note_id, "created_at": self.created_at, "content": self.content}


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact of the account, deleted ones too. Every write makes a new value."""

    contact_id: str
    email: EmailAddress | None
    created_at: str
    updated_at: str
    create_source: str = "Account"
    update_source: str = "Account"
    deleted_at: str | None = None
    details: Mapping[str, str | int] = field(default_factory=dict)
    """Of first_name, last_name, job_title, company_name, birthday_*, anniversary those that are filled."""
    phones: tuple[Phone, ...] = ()
    addresses: tuple[StreetAddress, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)
    """Values by custom_field_id."""
    lists: tuple[str, ...] = ()
    taggings: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    """The newest first."""

    @property
    def status(self) -> str:
        """Say what `status=` finds this contact by; the API shows no such property."""
        if self.deleted_at:
            return "deleted"
        permission = self.email.permission if self.email else "not_set"
        return "active" if permission in MAILABLE else permission

    @property
    def opt_out_date(self) -> str | None:
        """Say when this contact unsubscribed, if so."""
        return self.email.opt_out_date if self.email else None

    def shown(self, include: Collection[str]) -> dict[str, object]:
        """Show it as the API does; a sub-resource is there only if asked for, and then empty is []."""
        shown: dict[str, object] = {"contact_id": self.contact_id}
        if self.email:
            shown["email_address"] = self.email.shown()
        shown |= self.details
        shown |= {"create_source": self.create_source, "update_source": self.update_source}
        shown |= {"created_at": self.created_at, "updated_at": self.updated_at}
        if self.deleted_at:
            shown["deleted_at"] = self.deleted_at
        for name in include:
            shown[name] = self._subresource(name)
        return shown

    def _subresource(self, name: str) -> list[object]:
        match name:
            case "custom_fields":
                return [{"custom_field_id": key, "value": value} for key, value in self.custom.items()]
            case "phone_numbers":
                return [phone.shown() for phone in self.phones]
            case "street_addresses":
                return [address.shown() for address in self.addresses]
            case "list_memberships":
                return list(self.lists)
            case "taggings":
                return list(self.taggings)
            case _:
                return [note.shown() for note in self.notes]
