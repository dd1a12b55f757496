"""The fields of a contact: their names, limits, and what counts as the same value.

Names are those of a CRM statement's columns. Limits are the provider's own (contract of V3, `ContactResource`
and `JsonImportContact`). Standard library only.
"""

from __future__ import annotations

import functools
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from reconciler import custom_types

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAMES: Final = ("first_name", "last_name", "job_title", "company_name")
BIRTHDAY: Final = ("birthday_month", "birthday_day")
#: In the order in which they are kept when a contact has more than Constant Contact takes.
PHONES: Final = ("mobile_phone", "work_phone", "home_phone", "other_phone", "phone")
ADDRESS_PARTS: Final = ("street", "city", "state", "postal_code", "country")
ADDRESS_KINDS: Final = ("home", "work", "other")
ADDRESSES: Final = tuple(f"{kind}_{part}" for kind in ADDRESS_KINDS for part in ADDRESS_PARTS)
#: What stands on a contact itself, not in one of its sub-resources.
TOP_LEVEL: Final = (*NAMES, *BIRTHDAY, "anniversary")
STANDARD: Final = (*TOP_LEVEL, *PHONES, *ADDRESSES)
#: Of these only the length matters.
_TEXTS: Final = frozenset((*NAMES, *PHONES, *ADDRESSES))
CUSTOM: Final = "cf_"

#: A contact has at most three phone numbers (provider's contract, `phone_numbers.maxItems`).
MOST_PHONES: Final = 3
#: A contact has at most 25 custom fields (provider's contract, `custom_fields.maxItems`).
MOST_CUSTOM_FIELDS: Final = 25
#: A contact is on at most 50 lists (provider's contract, `list_memberships.maxItems`).
MOST_LISTS: Final = 50
_PHONE_LENGTH: Final = 25
_LONG: Final = 255
_SHORT: Final = 50
_NO_TYPES: Final[Mapping[str, str]] = MappingProxyType({})
_MONTHS: Final = 12
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS: Final = 31


def is_field(column: str) -> bool:
    return column in STANDARD or (column.startswith(CUSTOM) and len(column) > len(CUSTOM))


def is_custom(field: str) -> bool:
    return field.startswith(CUSTOM)


def is_phone(field: str) -> bool:
    return field in PHONES


@functools.lru_cache(1024)
def longest(field: str) -> int:
    """How many characters Constant Contact takes for this field."""
    if is_phone(field):
        return _PHONE_LENGTH
    return _LONG if is_custom(field) or field.endswith("_street") else _SHORT


def tidy(value: str) -> str:
    """One value without surrounding or doubled blanks: what is kept, sent and compared."""
    return " ".join(value.split())


def same_as(field: str, value: str) -> str:
    """What two values of this field must share to be the same: digits of a phone, the day of a date."""
    if is_phone(field):
        return re.sub(r"\D", "", value) or value
    if field == "anniversary":
        return custom_types.day(value) or value
    if field in BIRTHDAY:
        return value.lstrip("0")
    return tidy(value)


def taken_as(field: str, value: str) -> str:
    """As `same_as`, letter case apart: what a read-back must show for a value to have been taken."""
    return same_as(field, value).casefold()


def type_of(field: str, types: Mapping[str, str]) -> str:
    """The type of a custom field, by the account's types by name; text where it is not known."""
    return types.get(field.removeprefix(CUSTOM), "string")


def fault(field: str, value: str, types: Mapping[str, str] = _NO_TYPES) -> str | None:
    """Why Constant Contact would not take this value, or None."""
    if len(value) > longest(field):
        return f"longer than the {longest(field)} characters Constant Contact takes ({len(value)})"
    if field in _TEXTS:
        return None
    if is_custom(field):
        return custom_types.fault(type_of(field, types), value)
    if field == "anniversary" and not custom_types.day(value):
        return "not a date that Constant Contact takes, such as 2024-05-31"
    if field in BIRTHDAY and not _is_between(value, 1, _MONTHS if field == "birthday_month" else _DAYS):
        return "not a month's number" if field == "birthday_month" else "not a day's number"
    return None


def written(field: str, value: str, types: Mapping[str, str]) -> str:
    """A tidy value as it is sent and compared: a custom field's in the one form of its type."""
    return custom_types.written(type_of(field, types), value) if is_custom(field) else value


def usable(values: Mapping[str, str], types: Mapping[str, str] = _NO_TYPES) -> tuple[dict[str, str], dict[str, str]]:
    """Split one contact's tidy values into those that can be sent and those left out, with the reason.

    `types` are those of the custom fields, by name. Blank values are in neither: blank in the CRM keeps what is there.
    """
    filled = {field: tidied for field, value in values.items() if (tidied := tidy(value))}
    refused = {field: why for field, value in filled.items() if (why := fault(field, value, types))}
    kept = {
        field: value if field in _TEXTS else written(field, value, types)
        for field, value in filled.items()
        if field not in refused
    }
    refused |= dict.fromkeys(_surplus_phones(kept), f"a contact has at most {MOST_PHONES} phones")
    if not kept.keys().isdisjoint(BIRTHDAY):
        refused |= dict.fromkeys(_half_birthday(kept), "a birthday needs its month and its day")
        refused |= dict.fromkeys(_day_of_no_month(kept), "not a day of that month")
    return {field: value for field, value in kept.items() if field not in refused} if refused else kept, refused


def whole(changed: Iterable[str], filled: Iterable[str]) -> set[str]:
    """The fields to send when some changed: an address and a birthday go whole.

    Whether Constant Contact merges inside an address is not documented.
    """
    changed, filled = set(changed), set(filled)
    groups = [{f"{kind}_{part}" for part in ADDRESS_PARTS} for kind in ADDRESS_KINDS] + [set(BIRTHDAY)]
    return changed | {field for group in groups if group & changed for field in group & filled}


def _surplus_phones(values: Mapping[str, str]) -> list[str]:
    return [field for field in PHONES if field in values][MOST_PHONES:]


def _half_birthday(values: Mapping[str, str]) -> list[str]:
    there = [field for field in BIRTHDAY if field in values]
    return there if len(there) == 1 else []


def _day_of_no_month(values: Mapping[str, str]) -> list[str]:
    """An import would refuse the whole contact for 30 February."""
    there = [int(values[field]) for field in BIRTHDAY if field in values]
    return list(BIRTHDAY) if len(there) == len(BIRTHDAY) and there[1] > _LONGEST_MONTHS[there[0] - 1] else []


def _is_between(value: str, least: int, most: int) -> bool:
    return value.isascii() and value.isdigit() and least <= int(value) <= most
