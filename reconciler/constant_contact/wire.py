"""The shapes of requests and answers: the only place that knows the API's field names.

Shapes are those of the provider's contract (V3, version 3.0.178). Absent optional properties are absent, not null.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from reconciler import fields
from reconciler.domain import Member, Status
from reconciler.errors import ApiUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: Import keys that are not the field's own name. The home address goes by the unprefixed keys, which are documented as
#: of kind home; the prefixed ones have a slip in the contract ("home country").
_ADDRESS_KEYS: Final = {"postal_code": "zip"}
_PHONE_KINDS: Final = {"mobile": "mobile_phone", "work": "work_phone", "home": "home_phone", "other": "other_phone"}
_STATUSES: Final = {status.value: status for status in Status}
ENDED: Final = frozenset({"completed", "cancelled", "failed", "timed_out"})


_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def _as_agreed(read: Callable[_Given, _Read]) -> Callable[_Given, _Read]:
    """An answer that lacks what its contract promises is trouble of Constant Contact's, and no mistake of ours."""

    @functools.wraps(read)
    def understood(*given: _Given.args, **named: _Given.kwargs) -> _Read:
        try:
            return read(*given, **named)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ApiUnavailable(
                f"Constant Contact's answer is not of the form that its contract says ({read.__name__})",
                advice="this passes; if it does not, look at status.constantcontact.com",
            ) from error

    return understood


@dataclass(frozen=True, slots=True)
class Mapped:
    """What of a contact is synced: the fields, and the ids of the custom ones among them by name."""

    list_id: str
    fields: tuple[str, ...]
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    #: The types of the custom ones, by name.
    custom_types: Mapping[str, str] = field(default_factory=dict)

    @property
    def include(self) -> str:
        """The sub-resources to ask for: only what is mapped, and the lists."""
        wanted = ["list_memberships"]
        wanted += ["phone_numbers"] if any(map(fields.is_phone, self.fields)) else []
        wanted += ["street_addresses"] if any(name in fields.ADDRESSES for name in self.fields) else []
        wanted += ["custom_fields"] if any(map(fields.is_custom, self.fields)) else []
        return ",".join(wanted)


@dataclass(frozen=True, slots=True)
class AccountFound:
    """An account as it calls itself."""

    encoded_account_id: str
    organization: str


@dataclass(frozen=True, slots=True)
class ListFound:
    """A list with its number of members."""

    list_id: str
    name: str
    members: int


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of an account: its id, and what type of value it takes."""

    custom_field_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Activity:
    """A bulk activity as it stands."""

    activity_id: str
    state: str
    counts: Mapping[str, int]
    created_at: dt.datetime | None = None
    results: str = ""
    source: str = ""
    started_at: dt.datetime | None = None
    percent: int | None = None

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED


@_as_agreed
def account(answer: Mapping[str, Any]) -> AccountFound:
    name = answer.get("organization_name") or answer.get("contact_email") or ""
    return AccountFound(str(answer["encoded_account_id"]), str(name))


@_as_agreed
def contact_list(answer: Mapping[str, Any]) -> ListFound:
    return ListFound(str(answer["list_id"]), str(answer["name"]), int(answer.get("membership_count", 0)))


@_as_agreed
def custom_field(answer: Mapping[str, Any]) -> tuple[str, CustomField]:
    """A custom field by its name: Constant Contact's own, never computed from a label."""
    return str(answer["name"]), CustomField(str(answer["custom_field_id"]), str(answer.get("type", "string")))


@_as_agreed
def activity(answer: Mapping[str, Any]) -> Activity:
    counts = {key: value for key, value in (answer.get("status") or {}).items() if isinstance(value, int)}
    results = ((answer.get("_links") or {}).get("results") or {}).get("href", "")
    return Activity(
        str(answer["activity_id"]),
        str(answer.get("state", "")),
        counts,
        moment(answer.get("created_at")),
        str(results),
        str(answer.get("source_file_name", "")),
        moment(answer.get("started_at")),
        int(percent) if isinstance(percent := answer.get("percent_done"), int | float) else None,
    )


@_as_agreed
def member(answer: Mapping[str, Any], mapped: Mapped) -> Member:
    """One contact of an answer, as a member of the mapped list."""
    address = answer.get("email_address") or {}
    deleted_at = moment(answer.get("deleted_at"))
    is_out = _status(address) is Status.UNSUBSCRIBED
    there = {**_plain(answer), **_phones(answer), **_addresses(answer), **_custom(answer, mapped)}
    if "phone" in mapped.fields and "other_phone" in there:
        # The import's `phone` is of kind other: both names mean one place, and a statement has one of them.
        there["phone"] = there["other_phone"]
    return Member(
        member_id=str(uuid.UUID(answer["contact_id"])),
        status=Status.DELETED if deleted_at else _status(address),
        on_list=mapped.list_id in answer.get("list_memberships", ()) if "list_memberships" in answer else None,
        address=str(address.get("address", "")),
        fields={name: there[name] for name in mapped.fields if there.get(name)},
        updated_at=moment(answer.get("updated_at")),
        opted_out_at=moment(address.get("opt_out_date")) or (deleted_at if is_out else None),
        deleted_at=deleted_at,
        occupied=_occupied(answer, mapped, there),
    )


def import_row(address: str, values: Mapping[str, str]) -> bytes:
    """One row of an import, as it is sent. The address is the key; the caller gives no blanks."""
    row: dict[str, str | int] = {"email": address}
    for name, value in values.items():
        row[_import_key(name)] = int(value) if name in fields.BIRTHDAY else value
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()


def import_body(rows: Sequence[bytes], list_id: str) -> bytes:
    return b'{"import_data":[' + b",".join(rows) + b'],"list_ids":["' + list_id.encode() + b'"]}'


def import_overhead(list_id: str) -> int:
    """How many bytes of a body are not rows; each row but the first adds a comma."""
    return len(import_body([], list_id))


def moment(text: object) -> dt.datetime | None:
    """A time of an answer; None where there is none, or none that can be read."""
    if not isinstance(text, str):
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def stamp(when: dt.datetime) -> str:
    """A time of a query: UTC with `Z`, because a plus sign would need escaping."""
    return when.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _import_key(name: str) -> str:
    if fields.is_custom(name):
        return f"cf:{name.removeprefix(fields.CUSTOM)}"
    kind, _, part = name.partition("_")
    if name in fields.ADDRESSES:
        key = _ADDRESS_KEYS.get(part, part)
        return key if kind == "home" else f"{kind}_{key}"
    return name


def _status(address: Mapping[str, Any]) -> Status:
    return _STATUSES.get(address.get("permission_to_send", "not_set"), Status.UNKNOWN)


def _plain(answer: Mapping[str, Any]) -> dict[str, str]:
    return {name: fields.tidy(str(answer[name])) for name in fields.TOP_LEVEL if answer.get(name) not in (None, "")}


def _phones(answer: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for phone in answer.get("phone_numbers") or ():
        if name := _PHONE_KINDS.get(phone.get("kind", "other")):
            found[name] = fields.tidy(str(phone.get("phone_number", "")))
    return found


def _addresses(answer: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{place.get('kind')}_{part}": fields.tidy(str(place[part]))
        for place in answer.get("street_addresses") or ()
        for part in fields.ADDRESS_PARTS
        if place.get(part)
    }


def _occupied(answer: Mapping[str, Any], mapped: Mapped, there: Mapping[str, str]) -> dict[str, int]:
    """How many places are filled by what is not ours, where that can leave too few."""
    lists = answer.get("list_memberships") or ()
    ours = {"other_phone" if name == "phone" else name for name in mapped.fields}
    kinds = [_PHONE_KINDS.get(phone.get("kind", "other")) for phone in answer.get("phone_numbers") or ()]
    custom = len(answer.get("custom_fields") or ()) - sum(map(fields.is_custom, there))
    found = {"phones": sum(kind not in ours for kind in kinds), "custom_fields": custom}
    if len(lists) >= fields.MOST_LISTS and mapped.list_id not in lists:
        found["lists"] = len(lists)
    return {name: count for name, count in found.items() if count}


def _custom(answer: Mapping[str, Any], mapped: Mapped) -> dict[str, str]:
    names = {found: fields.CUSTOM + name for name, found in mapped.custom_fields.items()}
    return {
        (name := names[item["custom_field_id"]]): fields.written(
            name, fields.tidy(str(item.get("value", ""))), mapped.custom_types
        )
        for item in answer.get("custom_fields") or ()
        if item.get("custom_field_id") in names
    }
