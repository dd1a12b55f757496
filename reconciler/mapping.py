"""The CRM statement's columns: which there may be, what each becomes, and what has changed about them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REQUIRED: Final = ("contact_id", "email")
_TIME: Final = "timestamp with time zone"
#: Columns that are not fields, and the types they may have; None: any that can be cast to text.
OWN: Final[Mapping[str, tuple[str, ...] | None]] = {
    "contact_id": None,
    "email": None,
    "changed_at": (_TIME,),
    "row_age": ("integer", "bigint"),
    "eligible": ("boolean",),
    "opted_out": ("boolean",),
}
#: Read of the window, not of the contact.
OF_THE_WINDOW: Final = frozenset({"changed_at", "row_age"})
#: What each of our own columns becomes, for people.
_MEANINGS: Final[Mapping[str, str]] = {
    "contact_id": "the contact's id",
    "email": "e-mail address",
    "changed_at": "when it changed: the overlap window",
    "row_age": "how old the row's version is: the xmin window",
    "eligible": "belongs on the list",
    "opted_out": "must not be mailed",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the statement's result, with PostgreSQL's name of its type."""

    name: str
    type: str


def wanted(columns: Mapping[str, str]) -> list[str]:
    """The columns that make a contact, in the statement's order."""
    return [name for name in columns if name not in OF_THE_WINDOW]


def meaning(name: str) -> str:
    """What a column becomes at Constant Contact, or means to us."""
    if name in _MEANINGS:
        return _MEANINGS[name]
    return f"custom field {name.removeprefix(fields.CUSTOM)}" if fields.is_custom(name) else name.replace("_", " ")


def faults(columns: Sequence[Column]) -> list[str]:
    """Everything that is wrong with the statement's columns, in words."""
    names = [column.name for column in columns]
    found = [f"the column {name} is missing" for name in REQUIRED if name not in names]
    found += [f"the column {name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    found += [
        f"the column {name} is none that the reconciler knows"
        for name in dict.fromkeys(names)
        if name not in OWN and not fields.is_field(name)
    ]
    if "phone" in names and "other_phone" in names:
        found.append("phone and other_phone are one place at Constant Contact: keep one of them")
    if sum(map(fields.is_custom, names)) > fields.MOST_CUSTOM_FIELDS:
        found.append(f"a contact has at most {fields.MOST_CUSTOM_FIELDS} custom fields")
    return found + [fault for column in columns if (fault := _fault_of_type(column))]


def difference(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """How the columns differ from those that are remembered, in words; empty where they do not. Order is free."""
    told = [f"{name} {type_} is gone" for name, type_ in before.items() if name not in now]
    told += [f"{name} {type_} is new" for name, type_ in now.items() if name not in before]
    told += [
        f"{name} is {now[name]}, before {type_}" for name, type_ in before.items() if name in now and now[name] != type_
    ]
    return "; ".join(told)


def digest(
    statement: str,
    workspace: str,
    list_id: str,
    columns: Mapping[str, str],
    types: Mapping[str, str],
    chosen: Mapping[str, object],
) -> str:
    """Fingerprint of what decides which values are wanted where: another one asks for a full comparison.

    `types` are the custom fields', `chosen` the policies that differ from their defaults.
    """
    # What is empty does not count: a connection of an earlier version keeps its digest.
    told = [statement, workspace, list_id, dict(columns), *(dict(each) for each in (types, chosen) if each)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def short(fingerprint: str) -> str:
    """As much of a fingerprint as people compare."""
    return fingerprint[:12]


def statement_digest(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()


def _fault_of_type(column: Column) -> str:
    allowed = OWN.get(column.name)
    if not allowed or column.type in allowed:
        return ""
    fault = f"the column {column.name} is of type {column.type}, it must be {' or '.join(allowed)}"
    if column.type == "timestamp without time zone":
        fault += f": say in which zone it is kept, for example {column.name} AT TIME ZONE 'UTC' AS {column.name}"
    return fault
