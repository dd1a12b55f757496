"""Limits -> go or hold. Pure.

How each limit counts: the changes of the last 24 hours and of the plan, against the list's members 24 hours ago.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.limits import Limits

#: So many contacts read once more by id say something about the source; fewer say something about themselves.
LEAST: Final = 20
_ADDITIONS: Final = "additions"


def is_believable(read: int, last: int, approved: int | None = None) -> bool:
    """Whether a source with so many contacts is taken at its word, after it had so many the last time.

    No contacts, or less than half, is never believed: a view that broke and a table that is being loaded look the
    same as everybody having left. Unless somebody has said that `approved` contacts are right.
    """
    expected = last if approved is None else min(last, approved)
    return read * 2 >= expected


@dataclass(frozen=True, slots=True)
class Field:
    """How many members get another value of one field, and how many of them the same one."""

    contacts: int
    alike: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What is changed in 24 hours, the plan included, and what it is measured against."""

    members: int
    added: int
    updated: int
    fields: Mapping[str, Field] = field(default_factory=dict)
    #: Active contacts of the account, and how many the plan would make besides.
    active: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is exceeded: its name, and what was counted, in words."""

    name: str
    told: str
    is_of_additions: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.told}"


def exceeded(found: Changes, limits: Limits) -> list[Excess]:
    """The limits that these changes exceed, the most telling first."""
    return [
        *_of_the_list(_ADDITIONS, found.added, "are added", found.members, limits.guard_added_percent, limits),
        *_of_the_list("updates", found.updated, "are updated", found.members, limits.guard_updated_percent, limits),
        *_of_fields(found, limits),
        *_of_the_tier(found, limits),
    ]


def _of_the_list(name: str, count: int, verb: str, members: int, limit: float, limits: Limits) -> Iterator[Excess]:
    if count >= max(1, limits.guard_least) and count * 100 > members * limit:
        of_all = f"{_percent(count, members)} of {members:,} members (limit {limit:g} %)"
        yield Excess(name, f"{count:,} {verb} in 24 hours, {of_all}", is_of_additions=name == _ADDITIONS)


def _of_fields(found: Changes, limits: Limits) -> Iterator[Excess]:
    limit = limits.guard_field_percent
    for name, changed in found.fields.items():
        if changed.contacts < max(1, limits.guard_least):
            continue
        of_all = f"{_percent(changed.contacts, found.members)} of {found.members:,} members (limit {limit:g} %)"
        if changed.alike * 2 > changed.contacts:
            told = f"{name} gets the same value for {changed.alike:,} of {changed.contacts:,} members (limit half)"
            yield Excess("same value", told)
        elif changed.contacts * 2 > found.updated and changed.contacts * 100 > found.members * limit:
            yield Excess("one field", f"{name} changes for {changed.contacts:,} of {found.updated:,} updated, {of_all}")


def _of_the_tier(found: Changes, limits: Limits) -> Iterator[Excess]:
    after = found.active + found.people
    if limits.contact_limit and found.people and after > limits.contact_limit:
        told = f"{found.active:,} active contacts and {found.people:,} new ones are {after:,}"
        yield Excess("contact limit", f"{told} (limit {limits.contact_limit:,})", is_of_additions=True)


def _percent(count: int, members: int) -> str:
    return f"{100 * count / members:.0f} %" if members else "all"
