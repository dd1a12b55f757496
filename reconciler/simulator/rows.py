"""The flat form of a contact that imports and the side door use, and its limits.

Keys and maximums are the contract's (JsonImportContact); an unprefixed phone is of kind other, an unprefixed
address of kind home, `street2` is appended to `street` (developer.constantcontact.com/api_guide/import_contacts).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from reconciler.simulator.changes import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CUSTOM_PREFIX: Final = "cf:"
NAMES: Final = ("first_name", "last_name", "job_title", "company_name")
BIRTHDAY: Final = ("birthday_month", "birthday_day")
ADDRESS_PARTS: Final[Mapping[str, str]] = {
    "street": "street", "street2": "street2", "city": "city", "state": "state", "zip": "postal_code",
    "postal_code": "postal_code", "country": "country",
}  # fmt: skip

_NAME_MOST = 50
_PART_MOST: Final[Mapping[str, int]] = {"street": 255, "street2": 255}
_CUSTOM_MOST = 255
_PHONE_MOST = 25  # the contract lets a row have 50, but a contact's phone number only 25
_LEAP_YEAR = 2000

_DATES = (
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"),
    re.compile(r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<year>\d{4})"),
)
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\\\"]+@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,}")

Target = tuple[Literal["detail", "phone", "address"], str, str]


def _targets() -> Iterator[tuple[str, Target]]:
    for name in (*NAMES, *BIRTHDAY, "anniversary"):
        yield name, ("detail", name, "")
    for kind in ("home", "work", "mobile", "other"):
        yield f"{kind}_phone", ("phone", kind, "")
    yield "phone", ("phone", "other", "")
    for key, part in ADDRESS_PARTS.items():
        yield key, ("address", "home", part)
        for kind in ("home", "work", "other"):
            yield f"{kind}_{key}", ("address", kind, part)
    yield "home country", ("address", "home", "country")  # so spelled in the contract


TARGETS: Final[Mapping[str, Target]] = dict(_targets())


class TooLongError(ValueError):
    """A value is longer than its field."""


class CorrectableError(ValueError):
    """A value is of a form that the product lets its user correct: an address, a birthday, an anniversary."""


@dataclass(frozen=True)
class RowReader:
    """Reads rows into changes."""

    custom_field_ids: Mapping[str, str]
    """By the name that imports use."""
    cut: bool = False
    """Cut what is too long instead of refusing the row."""
    custom_fields_most: int = 25
    trim: bool = False
    blank_clears: bool = False
    """An import's blank changes nothing; the owner's, in the side door, clears."""

    def read(self, row: Mapping[str, object]) -> Change:
        """Read a row; keys that mean nothing are left out. TooLongError or CorrectableError where it can't be taken."""
        details: dict[str, str | int] = {}
        phones: dict[str, str] = {}
        addresses: dict[str, dict[str, str]] = {}
        custom: dict[str, str] = {}
        for key, text in self._texts(row):
            kind, name, part = TARGETS.get(key, ("custom", self.custom_field_ids.get(key[3:]), ""))
            if kind == "detail" and name:
                details[name] = self._fitting(text, _NAME_MOST)
            elif kind == "phone" and name:
                phones[name] = self._fitting(text, _PHONE_MOST)
            elif kind == "address" and name:
                addresses.setdefault(name, {})[part] = self._fitting(text, _PART_MOST.get(part, _NAME_MOST))
            elif name and key.startswith(CUSTOM_PREFIX) and len(custom) < self.custom_fields_most:
                custom[name] = self._fitting(text, _CUSTOM_MOST)
        return Change(dated(details), phones, {kind: self._joined(parts) for kind, parts in addresses.items()}, custom)

    def _texts(self, row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        for key, value in row.items():
            text = "" if value is None else str(value)
            text = text.strip() if self.trim else text
            if text.strip() or self.blank_clears:
                yield key, text

    def _fitting(self, text: str, most: int) -> str:
        if len(text) > most and not self.cut:
            raise TooLongError(text)
        return text[:most]

    def _joined(self, parts: Mapping[str, str]) -> dict[str, str]:
        joined = dict(parts)
        more = joined.pop("street2", "")
        if more:
            joined["street"] = self._fitting(f"{joined.get('street', '')} {more}".strip(), _PART_MOST["street"])
        return joined


def is_address(text: str) -> bool:
    """Say whether this looks like an e-mail address: no blanks, commas, brackets; a full domain."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def dated(details: dict[str, str | int]) -> dict[str, str | int]:
    """Read the dates among the details: each as the API shows it."""
    if details.get("anniversary"):
        details["anniversary"] = _read_date(str(details["anniversary"]))
    month, day = (details.get(name, "") for name in BIRTHDAY)
    if (month == "") != (day == ""):
        raise CorrectableError("birthday_month and birthday_day need each other")
    if month != "":
        details |= zip(BIRTHDAY, _read_birthday(str(month), str(day)), strict=True)
    return details


def _read_birthday(month: str, day: str) -> tuple[int, int]:
    try:
        on = date(_LEAP_YEAR, int(month), int(day))
    except ValueError:
        raise CorrectableError("birthday") from None
    return on.month, on.day


def _read_date(text: str) -> str:
    for form in _DATES:
        match = form.fullmatch(text)
        if match:
            try:
                return date(int(match["year"]), int(match["month"]), int(match["day"])).isoformat()
            except ValueError:
                break
    raise CorrectableError("anniversary")
