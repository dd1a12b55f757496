"""Decisions into the ledger, and changes out of it: the plan of a run lives there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from reconciler.domain import Add, Readdress, Skip, Update
from reconciler.ledger.database import as_digested, as_json, copy, one, rows, run, stream, value
from reconciler.window import Versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.domain import Decision
    from reconciler.ledger.database import Row, Transaction

_COLUMNS = (
    "contact_id",
    "kind",
    "verdict",
    "message",
    "member_id",
    "values",
    "before",
    "applied",
    "shown",
    "drifted",
    "look_again_seconds",
    "is_single",
    "has_rest",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A change as it stands in the ledger, with what a batch needs to know of it."""

    change: Add | Update | Readdress
    address_hash: bytes
    contact_digest: bytes
    #: Of the address that a changed one leaves.
    former_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How many changes of each kind a run decided, and the digest of them all."""

    digest: str
    added: int
    updated: int
    readdressed: int
    #: How many of them go by a call of their own.
    singles: int
    #: The transaction that decided it, an xid8.
    decided_in: int = field(default=0, compare=False)

    def pushable(self, singles_left: int) -> int:
        """How many changes can be pushed now, with so many calls of their own left for today."""
        by_import = self.added + self.updated + self.readdressed - self.singles
        return by_import + min(self.singles, singles_left)


@dataclass(frozen=True, slots=True)
class Size:
    """What sending a plan would take."""

    #: Of the additions, people whom the account has already.
    known: int
    #: What goes by imports, and about how many bytes that is; and what goes by calls of its own.
    adds: int
    updates: int
    singles: int
    bytes: int


def write(
    tx: Transaction,
    connection_id: int,
    run_id: int,
    decisions: Iterable[Decision],
    look_again: Mapping[str, float],
    *,
    keep: bool = True,
) -> None:
    """Write decisions into the run's plan. With `keep`, skips are settled until something changes; changes stay due."""
    run(tx, "decisions_stage")
    copy(tx, "staged_decisions", [f'"{name}"' for name in _COLUMNS], (_record(d, look_again) for d in decisions))
    _write_staged(tx, connection_id, run_id, keep=keep)


def write_additions(
    tx: Transaction, connection_id: int, run_id: int, size: int, longest: int, *, keep: bool = True
) -> Iterator[int]:
    """Write the same of candidates who are plainly to be added: found by the database, without the diff.

    Looks at so many addresses at once, and says each time of how many contacts it wrote. They are candidates no more.
    `longest`: how many characters of an address an import takes. Not where a policy clears fields.
    """
    after, groups = b"", size
    told = {"connection_id": connection_id, "size": size, "longest": longest}
    run(tx, "decisions_stage")
    while groups == size:
        found = run(tx, "decisions_plain", **told, after=after).one()
        after, groups = found.until, found.groups
        if found.contacts:
            _write_staged(tx, connection_id, run_id, keep=keep)
            yield int(found.contacts)


def _write_staged(tx: Transaction, connection_id: int, run_id: int, *, keep: bool) -> None:
    run(tx, "decisions_to_plan", connection_id=connection_id, run_id=run_id, keep=keep)
    if keep:
        run(tx, "decisions_to_pairs", connection_id=connection_id)
    run(tx, "decisions_unstage")


def conclude(tx: Transaction, run_id: int) -> Plan:
    """Give the plan its digest: SHA-256 over contact id, kind, fields and values in plan order."""
    digest, singles, counts = hashlib.sha256(), 0, {"add": 0, "update": 0, "readdress": 0}
    for row in stream(tx, "plan_changes", run_id=run_id):
        counts[row.kind] += 1
        singles += row.is_single
        digest.update(as_digested([row.contact_id, row.kind, row.address, row.values]))
    told = (digest.hexdigest(), counts["add"], counts["update"], counts["readdress"])
    names = ("digest", "added", "updated", "readdressed")
    decided_in = value(tx, "plan_conclude", run_id=run_id, **dict(zip(names, told, strict=True)))
    return Plan(*told, singles, decided_in)


def is_overtaken(tx: Transaction, connection_id: int, plan: Plan) -> bool:
    """Whether the mirror of the account was written since the plan was decided on it."""
    return bool(value(tx, "plan_overtaken", connection_id=connection_id, xid=Versions(plan.decided_in).low))


def read(tx: Transaction, run_id: int) -> Plan | None:
    """The plan of a run, if it came so far."""
    row = one(tx, "plan_read", run_id=run_id)
    return row and Plan(row.digest, row.added, row.updated, row.readdressed, row.singles)


def pushable_ids(tx: Transaction, run_id: int, after: str, size: int) -> list[str]:
    """Contact ids of the next changes that are to be pushed, in plan order."""
    return [row.contact_id for row in rows(tx, "plan_next_ids", run_id=run_id, after=after, size=size)]


def singles(tx: Transaction, connection_id: int, run_id: int) -> list[Planned]:
    """The changes that are to be pushed by a call of their own and are in no batch yet: people before fields."""
    found = rows(tx, "plan_singles", connection_id=connection_id, run_id=run_id)
    return [
        Planned(_change(row), bytes(row.address_hash), bytes(row.digest), row.former_hash and bytes(row.former_hash))
        for row in found
    ]


def singles_left(tx: Transaction, connection_id: int, per_day: int) -> int:
    """How many contacts may still be written singly, of so many in any 24 hours."""
    return max(0, per_day - int(value(tx, "singles_spent", connection_id=connection_id)))


def people(
    tx: Transaction, connection_id: int, run_id: int, most: int, *, only_adds: bool = False
) -> list[tuple[str | None, str]]:
    """The first of those whom the changes to push concern there: (member id, or None where it is unknown; address)."""
    found = rows(tx, "plan_people", connection_id=connection_id, run_id=run_id, only_adds=only_adds, most=most)
    return [(row.member_id, row.address) for row in found]


def size(tx: Transaction, run_id: int) -> Size:
    """What sending a plan would take."""
    row = run(tx, "plan_size", run_id=run_id).one()
    return Size(int(row.known), int(row.adds), int(row.updates), int(row.singles), int(row.bytes))


def overwritten(tx: Transaction, run_id: int) -> dict[str, int]:
    """By field, how many members have a value that a plan replaces by another."""
    return {row.field: int(row.members) for row in rows(tx, "plan_overwritten", run_id=run_id)}


def kinds(tx: Transaction, run_id: int, among: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What the plan says about some contacts: add, update, readdress or skip, and to which address."""
    found = rows(tx, "plan_kinds", run_id=run_id, among=list(among))
    return {row.contact_id: (row.kind, row.address) for row in found}


def needs_look(tx: Transaction, connection_id: int) -> bool:
    """Whether a contact waits only for another reading of who is on the list."""
    return bool(value(tx, "pairs_waiting_for_reading", connection_id=connection_id))


def _record(decision: Decision, look_again: Mapping[str, float]) -> tuple[object, ...]:
    match decision:
        case Skip():
            return (
                decision.contact_id,
                "skip",
                decision.reason.value,
                decision.message,
                decision.member_id,
                "{}",
                "{}",
                as_json(decision.agreed),
                as_json(decision.shown),
                list(decision.drifted),
                look_again.get(decision.reason.value),
                False,
                False,
            )
        case Add() | Update() | Readdress():
            return _record_change(decision)
        case _:
            assert_never(decision)


def kind_of(decision: Decision) -> str:
    match decision:
        case Add():
            return "add"
        case Update():
            return "update"
        case Readdress():
            return "readdress"
        case Skip():
            return "skip"
        case _:
            assert_never(decision)


def _record_change(change: Add | Update | Readdress) -> tuple[object, ...]:
    kind = kind_of(change)
    told = (as_json(change.values), as_json(change.before), as_json(change.agreed))
    flags = (change.is_single, change.has_rest)
    return (change.contact_id, kind, kind, "", change.member_id, *told, "{}", list(change.drifted), None, *flags)


def _change(row: Row) -> Add | Update | Readdress:
    told = (row.contact_id, row.address, row.values, row.before, row.applied, row.member_id)
    match row.kind:
        case "add":
            return Add(*told, is_single=row.is_single, has_rest=row.has_rest)
        case "update":
            return Update(*told, is_single=row.is_single, has_rest=row.has_rest)
        case _:
            return Readdress(*told)
