"""The types of an account's custom fields: which can be filled from a CRM, and how their values are written.

Values of both sides are brought into one form where they come in, so that they are compared as plain text.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: The forms of a date that Constant Contact takes (provider's contract, `JsonImportContact.anniversary`).
_DATES: Final = ("%Y-%m-%d", "%m/%d/%Y", "%Y/%m/%d", "%m-%d-%Y")
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?", re.ASCII)
_YES: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
_NO: Final = frozenset({"false", "f", "no", "n", "off", "0"})


def day(text: str) -> str:
    """The day that a date means, such as 2024-05-31; empty where it is none that Constant Contact takes."""
    for form in _DATES:
        try:
            return dt.datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return ""


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        return ""
    plain = format(Decimal(text), "f")
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return "0" if plain in ("", "-", "-0") else plain


def _moment(text: str) -> str:
    """A moment to the second, in UTC; one without a zone is taken for UTC, because nothing says whose it would be."""
    if not _TIME.fullmatch(text):
        return ""
    try:
        found = dt.datetime.fromisoformat(text)
        in_utc = found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        return ""
    return in_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def _truth(text: str) -> str:
    word = text.casefold()
    return "true" if word in _YES else "false" if word in _NO else ""


#: By type: how a value is read into its one form, and what it must be. Text stays as it is.
_READ: Final[Mapping[str, tuple[Callable[[str], str], str]]] = {
    "date": (day, "a date such as 2024-05-31"),
    "datetime": (_moment, "a time such as 2024-05-31T12:00:00Z"),
    "number": (_number, "a number such as 1234.5"),
    "currency": (_number, "an amount such as 1234.50, without a currency sign"),
    "boolean": (_truth, "true or false"),
}
_TEXT: Final = ("string", "text_area")
#: What a CRM's value can fill. A choice goes by the id of the choice, which no import and no CRM knows (provider's
#: contract, `ContactCustomField.choice_ids` and `JsonImportContact`).
FILLABLE: Final = (*_TEXT, *_READ)


def written(type_: str, text: str) -> str:
    """A value in the one form of its type; what can't be read as one stays as it is."""
    return (_READ[type_][0](text) or text) if type_ in _READ else text


def fault(type_: str, text: str) -> str | None:
    """Why a custom field of this type would not take a value, or None."""
    if type_ not in _READ or _READ[type_][0](text):
        return None
    return f"the custom field is of type {type_}: it takes {_READ[type_][1]}"


def check(names: Sequence[str], there: Mapping[str, str]) -> None:
    """Raise UsageError that names each custom field that is missing, or can't be filled; `there`: type by name."""
    faults = [f"the account has no custom field {name!r}" for name in names if name not in there]
    faults += [
        f"the custom field {name!r} is of type {there[name]}, which can't be filled from a CRM"
        for name in names
        if there.get(name, "string") not in FILLABLE
    ]
    if faults:
        usable = ", ".join(f"{name} ({type_})" for name, type_ in sorted(there.items()) if type_ in FILLABLE)
        raise UsageError(
            "; ".join(faults),
            advice="leave the column cf_NAME out of the CRM statement, or name one that can be filled; "
            f"the account has: {usable or 'none'}",
        )
