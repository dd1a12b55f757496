"""A run's rows as people, bucket by bucket: what a file of its report lists behind each number."""

from __future__ import annotations

import collections
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.domain import Bucket, Reason
from reconciler.page import BUCKETS
from reconciler.redaction import masked, masked_addresses, veiled, veiled_message

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.ledger.database import Row

#: The codes of changes that were planned only.
PLANNED: Final = ("observed", "read_only", "not_started")
_OF_A_FIELD: Final = ("field_refused", "not_taken_yet")
_REASONS: Final = frozenset(Reason)


@dataclass(frozen=True, slots=True)
class Change:
    """One field, from what to what; or left out, and why."""

    field: str
    before: str
    after: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Person:
    """One contact and what a run did to it, or why it was left alone."""

    contact_id: str
    email: str
    bucket: Bucket
    changes: Sequence[Change]
    code: str
    message: str
    #: What its rows are counted with in the ledger.
    kind: str
    in_all: int


@dataclass(frozen=True, slots=True)
class Section:
    """The people of one bucket, as many as the file has, and how many more there are."""

    bucket: Bucket
    people: Sequence[Person]
    more: int
    #: Whether those more have rows of their own; else an earlier run decided them, and they stand.
    more_have_rows: bool

    @property
    def title(self) -> str:
        words = BUCKETS[self.bucket]
        return words[:1].upper() + words[1:]


def sections(rows: Sequence[Row], counts: Mapping[str, int], *, unmasked: bool) -> list[Section]:
    """The people of each bucket that has rows, in the buckets' order."""
    people = [
        _person(list(group), unmasked=unmasked) for _, group in itertools.groupby(rows, key=lambda row: row.contact_id)
    ]
    here = collections.Counter(person.kind for person in people)
    cut = {person.kind for person in people if person.in_all > here[person.kind]}
    found = {bucket: [person for person in people if person.bucket is bucket] for bucket in Bucket}
    return [_section(bucket, found[bucket], counts, cut) for bucket in Bucket if found[bucket]]


def _section(bucket: Bucket, people: Sequence[Person], counts: Mapping[str, int], cut: Collection[str]) -> Section:
    # Who is already right has a row only for a field that was left out: the others are not missing here.
    more = 0 if bucket is Bucket.UNCHANGED else max(0, counts[bucket] - len(people))
    return Section(bucket, people, more, any(person.kind in cut for person in people))


def _person(rows: Sequence[Row], *, unmasked: bool) -> Person:
    last = _decisive(rows)
    # What is said of the whole contact; what is said of a field stands beside the field.
    is_of_all = last.code not in PLANNED and (last.field is None or last.outcome not in ("verified", "skipped"))
    return Person(
        contact_id=last.contact_id if unmasked else masked_addresses(last.contact_id),
        email=last.email if unmasked or not last.email else masked(last.email),
        bucket=_bucket(last),
        changes=[_change(row, unmasked=unmasked) for row in rows if row.field],
        code=last.code if is_of_all else "",
        message=_message(last, unmasked=unmasked) if is_of_all else "",
        kind=last.kind,
        in_all=last.in_all,
    )


def _decisive(rows: Sequence[Row]) -> Row:
    """The row that says what became of a contact, as the report counts it."""
    changed = [row for row in rows if row.action != "skip"]
    added = [row for row in changed if row.action == "add" and row.outcome == "verified"]
    whole = [row for row in rows if row.field is None]
    return (added or changed or whole or rows)[-1]


def _bucket(row: Row) -> Bucket:
    if row.action == "skip":
        return Reason(row.code).bucket if row.code in _REASONS else Bucket.UNCHANGED
    if row.outcome == "verified" or row.code in PLANNED:
        return Bucket.ADDED if row.action == "add" else Bucket.UPDATED
    return Bucket.SUPPRESSED if row.outcome == "skipped" else Bucket(row.outcome)


def _change(row: Row, *, unmasked: bool) -> Change:
    before, after = (row.before or "", row.after or "") if unmasked else (veiled(row.before), veiled(row.after))
    is_told = row.outcome in ("verified", "skipped") or row.code in _OF_A_FIELD
    told = (row.code, _message(row, unmasked=unmasked)) if is_told else ("", "")
    return Change(row.field, before, after, *told)


def _message(row: Row, *, unmasked: bool) -> str:
    return str(row.message if unmasked else veiled_message(row.code, row.message))
