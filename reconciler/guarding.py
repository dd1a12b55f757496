"""A plan before the guards: it goes, or its connection is held until it no longer exceeds or somebody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import guard, holding
from reconciler.domain import State
from reconciler.endings import Ending
from reconciler.ledger import connections, guards
from reconciler.page import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.guard import Excess
    from reconciler.ledger.database import Transaction
    from reconciler.ledger.guards import Counted
    from reconciler.work import Work


def check(work: Work, *, lifts: bool = True) -> Ending | None:
    """How a run ends whose plan changes too much; None where it may go. Asks nothing of Constant Contact.

    With `lifts`, what an earlier run was held for is lifted where it no longer exceeds.
    """
    connection = work.connection
    with work.write() as tx:
        counted = _counted(tx, work)
        found = guard.exceeded(counted.changes, connection.limits)
        is_held = bool(found) and counted.planned > 0
        if lifts and not is_held and connection.held_reason == holding.GUARD:
            connections.release(tx, connection.connection_id)
    return _held(counted, found) if is_held else None


def note_synced(work: Work) -> None:
    """A run that may push came through: the first sync is done."""
    if work.connection.synced_at is None:
        with work.write() as tx:
            connections.synced(tx, work.connection.connection_id)


def let_pass(work: Work) -> None:
    """Nothing of this plan counts: somebody asked for just this."""
    with work.write() as tx:
        guards.exempt_all(tx, work.run_id)


def _counted(tx: Transaction, work: Work) -> Counted:
    connection = work.connection
    if connection.synced_at is None:
        # The first sync: `connect` has shown what it does. A million additions are not marked one by one.
        guards.exempt_all(tx, work.run_id)
        return guards.count_people(tx, connection.connection_id, work.run_id, connection.limits)
    guards.exempt(tx, connection.connection_id, work.run_id)
    return guards.count(tx, connection.connection_id, work.run_id, connection.limits)


def is_told(work: Work, ending: Ending) -> bool:
    """Whether what is held is what an earlier run has told: not where it has grown or shrunk by so much since."""
    connection = work.connection
    if connection.held_reason != holding.GUARD:
        return False
    told = (connection.held_counts or {}).get("changes", 0)
    return abs(ending.counts["changes"] - told) < max(1, connection.limits.guard_least)


def _held(counted: Counted, found: Sequence[Excess]) -> Ending:
    is_of_adds = any(each.is_of_additions for each in found)
    is_of_updates = any(not each.is_of_additions for each in found)
    waiting = counted.in_all - counted.adds * is_of_adds - (counted.planned - counted.adds) * is_of_updates
    told = "; ".join(str(each) for each in found)
    told += f"; {number(waiting, 'other change')} waiting behind it" if waiting else ""
    here = counted.changes
    counts = {"added": here.added, "updated": here.updated, "members": here.members, "changes": counted.in_all}
    return Ending(State.HELD, "guard", told, "guard", "guard", counts=counts)
