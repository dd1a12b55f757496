"""The sums of a report, term by term: each number with its word, its key in the JSON, and its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.page import words

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_MINUS: Final = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Term:
    """One number of a sum."""

    sign: str
    number: int
    word: str
    #: Its key in the JSON: `counts.added`.
    key: str
    #: The bucket whose people the file lists; empty: it lists none.
    rows: str = ""


@dataclass(frozen=True, slots=True)
class Sum:
    """One side, the other side, and whether they are equal."""

    title: str
    terms: Sequence[Term]
    meets: bool


def sums(found: Mapping[str, Any], listed: Collection[str]) -> list[Sum]:
    """The sums of a report; `listed` are the buckets whose people the file has."""
    told = [_contacts(found, listed)]
    told += [_members(found, listed)] if found["members"] else []
    return [*told, _crm(found), _list(found)]


def _contacts(found: Mapping[str, Any], listed: Collection[str]) -> Sum:
    counts = found["counts"]
    buckets = [
        Term("+", counts[name], word, f"counts.{name}", name if name in listed else "")
        for name, word in words(found).items()
        if counts[name]
    ]
    taken = [
        Term("", counts["read"], "read", "counts.read"),
        Term("+", counts["carried_in"], "carried in", "counts.carried_in"),
    ]
    return Sum("Contacts of this run", [*taken, *_equals(buckets)], found["balanced"]["contacts"])


def _members(found: Mapping[str, Any], listed: Collection[str]) -> Sum:
    members = found["members"]
    terms = [
        Term("", members["before"], "before", "members.before"),
        Term("+", members["added"], "added", "members.added", "added" if "added" in listed else ""),
        Term("+", members["joined_elsewhere"], "joined elsewhere", "members.joined_elsewhere"),
        Term(_MINUS, members["left_elsewhere"], "left elsewhere", "members.left_elsewhere"),
        Term("=", members["after"], "after", "members.after"),
    ]
    return Sum("Members of the list", terms, found["balanced"]["members"])


def _crm(found: Mapping[str, Any]) -> Sum:
    crm = found["standing"]["crm"]
    held = [
        Term("+", count, name.replace("_", " "), f"standing.crm.held_back.{name}")
        for name, count in sorted(crm["held_back"].items())
    ]
    terms = [
        Term("", crm["contacts"], "in the CRM", "standing.crm.contacts"),
        Term("=", crm["on_list"], "on the list", "standing.crm.on_list"),
        *held,
    ]
    return Sum("The CRM as it stands", terms, found["balanced"]["standing"])


def _list(found: Mapping[str, Any]) -> Sum:
    there = found["standing"]["list"]
    terms = [
        Term("", there["members"], "members", "standing.list.members"),
        Term("=", there["from_crm"], "from the CRM", "standing.list.from_crm"),
        Term("+", there["still_on_list"], "still on the list though not wanted", "standing.list.still_on_list"),
        Term("+", there["others"], "others", "standing.list.others"),
    ]
    return Sum("The list as it stands", terms, found["balanced"]["standing"])


def _equals(terms: Sequence[Term]) -> Sequence[Term]:
    """The terms of the other side."""
    return [Term("=" if place == 0 else each.sign, *_rest(each)) for place, each in enumerate(terms)] or [
        Term("=", 0, "nobody", "")
    ]


def _rest(term: Term) -> tuple[int, str, str, str]:
    return term.number, term.word, term.key, term.rows
