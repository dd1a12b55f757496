"""One contact written by a call of its own, with whole-contact care.

`PUT /contacts/{contact_id}` nulls every top-level property that it is not sent and replaces every sub-resource that it
is sent; a sub-resource left out stays (provider's contract, putContact). So a contact is read with all it has, changed,
and written back: the top level whole, of the sub-resources only those that change, and never `list_memberships`, which
would take the contact off its other lists. The permission goes back exactly as it was read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler import fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.constant_contact.wire import Mapped
    from reconciler.domain import Member

INCLUDE: Final = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes"
#: What no write of ours may change.
_NOT_OURS: Final = ("list_memberships", "taggings", "notes")
_PHONE_KINDS: Final = {"phone": "other"}


@dataclass(frozen=True, slots=True)
class Whole:
    """One contact with all it has, as it was just read."""

    member: Member
    answer: Mapping[str, Any]

    @property
    def permission(self) -> str:
        return str((self.answer.get("email_address") or {}).get("permission_to_send", ""))

    def is_kept_by(self, later: Whole) -> bool:
        """Whether a later reading shows the same permission, lists, tags and notes."""
        same = all(_ids(self.answer, name) == _ids(later.answer, name) for name in _NOT_OURS)
        return same and self.permission == later.permission


def replacement(whole: Whole, address: str, values: Mapping[str, str], mapped: Mapped) -> bytes:
    """The body that changes these fields and the address, and keeps the rest; an empty value clears the field."""
    body: dict[str, Any] = {name: whole.answer[name] for name in fields.TOP_LEVEL if name in whole.answer}
    body |= _typed({name: value for name, value in values.items() if name in fields.TOP_LEVEL})
    body = {name: value for name, value in body.items() if value != ""}
    body["email_address"] = {"address": address, "permission_to_send": whole.permission}
    body["update_source"] = "Account"
    for name, changed in _SUBRESOURCES.items():
        if (after := changed(whole.answer.get(name) or [], values, mapped)) is not None:
            body[name] = after
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def named(words: str, values: Iterable[str]) -> set[str]:
    """The fields that a refusal names, by the provider's properties (such as `first_name`, `phone_number`)."""
    return {name for name in values if _property(name) in words.lower()}


def creation(address: str, values: Mapping[str, str], mapped: Mapped) -> bytes:
    """The body that creates a contact on the list, `implicit` as an import would."""
    body: dict[str, Any] = _typed({name: value for name, value in values.items() if name in fields.TOP_LEVEL})
    body["email_address"] = {"address": address, "permission_to_send": "implicit"}
    body["create_source"] = "Account"
    body["list_memberships"] = [mapped.list_id]
    for name, changed in _SUBRESOURCES.items():
        if after := changed([], values, mapped):
            body[name] = after
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _property(name: str) -> str:
    if fields.is_phone(name):
        return "phone_number"
    if name in fields.BIRTHDAY:
        return "birthday"
    if name in fields.ADDRESSES:
        return "street_address"
    return "custom_field" if fields.is_custom(name) else name


def _typed(values: Mapping[str, str]) -> dict[str, str | int]:
    return {name: int(value) if value and name in fields.BIRTHDAY else value for name, value in values.items()}


def _phones(there: list[dict[str, Any]], values: Mapping[str, str], _: Mapped) -> list[dict[str, Any]] | None:
    wanted = {
        _PHONE_KINDS.get(name, name.removesuffix("_phone")): value
        for name, value in values.items()
        if fields.is_phone(name)
    }
    if not wanted:
        return None
    after = []
    for phone in there:
        kind = str(phone.get("kind", "other"))
        after.append({"phone_number": wanted.pop(kind, str(phone.get("phone_number", ""))), "kind": kind})
    after += [{"phone_number": number, "kind": kind} for kind, number in wanted.items()]
    return [phone for phone in after if phone["phone_number"]]


def _addresses(there: list[dict[str, Any]], values: Mapping[str, str], _: Mapped) -> list[dict[str, Any]] | None:
    wanted: dict[str, dict[str, str]] = {}
    for name, value in values.items():
        if name in fields.ADDRESSES:
            kind, part = name.split("_", 1)
            wanted.setdefault(kind, {})[part] = value
    if not wanted:
        return None
    after: list[dict[str, Any]] = []
    for place in there:
        parts = {part: place[part] for part in fields.ADDRESS_PARTS if place.get(part)}
        after.append({"kind": place.get("kind"), **parts, **wanted.pop(str(place.get("kind")), {})})
    after += [{"kind": kind, **parts} for kind, parts in wanted.items()]
    filled = [{name: value for name, value in place.items() if value} for place in after]
    return [place for place in filled if set(place) > {"kind"}]


def _custom(there: list[dict[str, Any]], values: Mapping[str, str], mapped: Mapped) -> list[dict[str, Any]] | None:
    wanted = {
        mapped.custom_fields[name.removeprefix(fields.CUSTOM)]: value
        for name, value in values.items()
        if fields.is_custom(name)
    }
    if not wanted:
        return None
    kept = [item for item in there if item.get("custom_field_id") not in wanted]
    return kept + [{"custom_field_id": found, "value": value} for found, value in wanted.items() if value]


_SUBRESOURCES: Final[Mapping[str, Callable[..., list[dict[str, Any]] | None]]] = {
    "phone_numbers": _phones,
    "street_addresses": _addresses,
    "custom_fields": _custom,
}


def _ids(answer: Mapping[str, Any], name: str) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in answer.get(name) or ())
