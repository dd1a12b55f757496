"""What the guards count, and which plans somebody approved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.guard import Changes, Field
from reconciler.ledger.database import rows, run, value

if TYPE_CHECKING:
    from reconciler.ledger.database import Transaction
    from reconciler.limits import Limits


@dataclass(frozen=True, slots=True)
class Counted:
    """What is measured; how many of the plan's changes are in it, additions among them; how many it has in all."""

    changes: Changes
    planned: int
    adds: int
    in_all: int


def exempt(tx: Transaction, connection_id: int, run_id: int) -> None:
    """Mark the planned changes that no guard counts."""
    run(tx, "guard_exempt", connection_id=connection_id, run_id=run_id)


def exempt_all(tx: Transaction, run_id: int) -> None:
    """Mark a whole plan that no guard counts."""
    run(tx, "guard_exempt_plan", run_id=run_id)


def count_people(tx: Transaction, connection_id: int, run_id: int, limits: Limits) -> Counted:
    """Count only whom a plan would make active contacts: nothing else of it counts."""
    if not limits.contact_limit:
        return Counted(Changes(0, 0, 0), 0, 0, 0)
    active, new, in_all = people(tx, connection_id, run_id)
    return Counted(Changes(0, 0, 0, {}, active, new), new, new, in_all)


def count(tx: Transaction, connection_id: int, run_id: int, limits: Limits) -> Counted:
    """Count what a plan changes together with what was sent in the last 24 hours."""
    mine = {"connection_id": connection_id, "run_id": run_id}
    found = run(tx, "guard_counts", **mine).one()
    fields = {}
    if found.updated >= limits.guard_least:
        fields = {row.field: Field(int(row.contacts), int(row.alike)) for row in rows(tx, "guard_fields", **mine)}
    active, new, _ = people(tx, **mine) if limits.contact_limit else (0, 0, 0)
    members = int(value(tx, "guard_members", connection_id=connection_id))
    changes = Changes(members, int(found.added), int(found.updated), fields, active, new)
    return Counted(changes, int(found.planned), int(found.adds), int(found.changes))


def people(tx: Transaction, connection_id: int, run_id: int) -> tuple[int, int, int]:
    """Active contacts of the account; how many a plan would make besides, without those approved; all its changes."""
    found = run(tx, "guard_people", connection_id=connection_id, run_id=run_id).one()
    return int(found.active), int(found.people), int(found.changes)


def approve(tx: Transaction, connection_id: int, run_id: int, actor: str, hours: int) -> int:
    """Note that somebody approved the plan of a run: it counts for so many hours. Says how many changes it has."""
    return int(value(tx, "approval_note", connection_id=connection_id, run_id=run_id, actor=actor, hours=hours))


def end_approval(tx: Transaction, connection_id: int, run_id: int) -> None:
    """What was approved is wrong after all."""
    run(tx, "approval_end", connection_id=connection_id, run_id=run_id)
