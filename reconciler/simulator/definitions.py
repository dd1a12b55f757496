"""What an account defines for its contacts: lists, custom fields, tags; and how the API shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BEGINNING: Final = "2024-01-01T00:00:00Z"
"""When what a fresh account has was made."""


@dataclass(frozen=True)
class ContactList:
    """A list; deleted ones stay known."""

    list_id: str
    name: str
    created_at: str
    updated_at: str
    deleted_at: str | None = None
    description: str = ""
    favorite: bool = False

    def shown(self) -> dict[str, object]:
        """Show it as the API does."""
        shown: dict[str, object] = {"list_id": self.list_id, "name": self.name}
        shown |= {"description": self.description, "favorite": self.favorite}
        shown |= {"created_at": self.created_at, "updated_at": self.updated_at}
        return shown | ({"deleted_at": self.deleted_at} if self.deleted_at else {})


@dataclass(frozen=True)
class CustomField:
    """A custom field; imports know it by its name, which the provider derives from the label."""

    custom_field_id: str
    label: str
    type: str
    created_at: str = BEGINNING
    version: int = 1

    @property
    def name(self) -> str:
        """Say the machine name: lower case, blanks as underscores."""
        return self.label.lower().replace(" ", "_")

    def shown(self) -> dict[str, object]:
        """Show it as the API does."""
        return {
            "custom_field_id": self.custom_field_id, "label": self.label, "name": self.name, "type": self.type,
            "version": self.version, "created_at": self.created_at, "updated_at": self.created_at,
        }  # fmt: skip


@dataclass(frozen=True)
class Tag:
    """A tag, which a contact may have."""

    tag_id: str
    name: str
    created_at: str

    def shown(self) -> dict[str, object]:
        """Show it as the API does."""
        return {
            "tag_id": self.tag_id, "name": self.name, "tag_source": "Contact",
            "created_at": self.created_at, "updated_at": self.created_at,
        }  # fmt: skip
