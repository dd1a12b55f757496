"""What `connect` checks at Constant Contact: the list, the account, the custom fields."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import custom_types, fields
from reconciler.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.constant_contact.client import ConstantContact
    from reconciler.constant_contact.wire import AccountFound, CustomField, ListFound
    from reconciler.ledger.connections import Connection

#: An id as the page of a list has it in its address.
_ID: Final = re.compile(r"(?<![\w-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![\w-])", re.IGNORECASE)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

#: What the console's addresses end in where they answer with JSON.
_TAKEN: Final = ".json"


class NoSuchList(UsageError):
    """The account has no such list."""


class OtherAccount(UsageError):
    """The token belongs to another account than the connection."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What credentials lead to: an account, and the lists it has."""

    account: AccountFound
    lists: Sequence[ListFound]


def inside(api: ConstantContact) -> Inside:
    """Try credentials out. Raises AccessRefused where they are no good."""
    return Inside(api.account(), api.lists())


def name(text: str) -> None:
    """Raise UsageError where a connection can't have this name."""
    if text.endswith(_TAKEN):
        raise UsageError(f"a connection's name can't end in {_TAKEN}", advice="for example: acme-newsletter")
    if not _NAME.fullmatch(text):
        raise UsageError(
            "a connection's name has letters, digits, dots, dashes and underscores, and begins with a letter or digit",
            advice="for example: acme-newsletter",
        )


def must_be_new(name: str, there: Connection | None) -> None:
    """Raise UsageError where somebody has made a connection of this name."""
    if there is not None:
        raise UsageError(f"the name {name!r} can't be used any more", advice="connect under another name")


def contact_list(api: ConstantContact, account: AccountFound, list_id: str) -> ListFound:
    try:
        return api.contact_list(list_id)
    except NotFound:
        there = ", ".join(f"{found.name} ({found.list_id})" for found in api.lists())
        raise NoSuchList(
            f"the account {account.organization!r} has no list {list_id}", advice=f"its lists are: {there or 'none'}"
        ) from None


def as_uuid(text: str) -> str:
    """A list's id, given as it is or as the address of the list's page. Raises NoSuchList where it has none."""
    found = set(_ID.findall(text))
    try:
        return str(uuid.UUID(found.pop() if len(found) == 1 else text.strip()))
    except ValueError:
        raise NoSuchList(
            "the list id is not one of Constant Contact's",
            advice="it looks like 06526938-56dd-11e9-932a-fa163e9ec6a5; the address of the list's page has it too",
        ) from None


def must_be_the_same(before: Connection, account: AccountFound, found: ListFound, *, switch_list: bool) -> None:
    if before.account.encoded_account_id != account.encoded_account_id:
        raise OtherAccount(
            f"{before.name!r} is connected to the account {before.account.organization!r} "
            f"({before.account.encoded_account_id}); this token belongs to {account.organization!r} "
            f"({account.encoded_account_id})",
            advice="take a token of the same account, or connect under another name",
        )
    if before.list_id != found.list_id and not switch_list:
        raise UsageError(
            f"{before.name!r} is connected to the list {before.list_name!r} ({before.list_id}), not to "
            f"{found.name!r} ({found.list_id})",
            advice="say --switch-list if you mean the other list",
        )


def custom_fields(api: ConstantContact, columns: Mapping[str, str]) -> dict[str, CustomField]:
    wanted = [name.removeprefix(fields.CUSTOM) for name in columns if fields.is_custom(name)]
    if not wanted:
        return {}
    there = api.custom_fields()
    custom_types.check(wanted, {name: field.type for name, field in there.items()})
    return {name: there[name] for name in wanted}
