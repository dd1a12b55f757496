"""Candidates through the diff into the plan of a run, slice by slice, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.diff import diff
from reconciler.domain import Reason, Skip
from reconciler.extract import extract_again
from reconciler.ledger import contacts, plans, statistics
from reconciler.ledger.database import value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.domain import Decision
    from reconciler.ledger.plans import Plan
    from reconciler.work import Work

_PORTION: Final = 5000


def decide(work: Work, *, sweep: bool, keep: bool) -> Plan:
    """Decide every candidate and conclude the plan. Without `keep` no verdict is remembered: a plan only."""
    connection, decided = work.connection, 0
    with work.write() as tx:
        if plans.find(tx, connection.connection_id, sweep=sweep):
            for candidates in plans.slices(tx, connection.connection_id, connection.limits.slice_contacts):
                plans.write(
                    tx,
                    connection.connection_id,
                    work.run_id,
                    diff(candidates, connection.policy),
                    _look_again(work),
                    keep=keep,
                )
                decided += len(candidates)
                statistics.refresh(tx, "decisions", decided, len(candidates))
        return plans.conclude(tx, work.run_id)


def confirm(work: Work, *, everything: bool) -> None:
    """Read the contacts that are about to be pushed once more from the CRM, and decide anew whom it changed.

    With `everything` all of them are decided anew, because the members were read again. Whose kind of change moved
    waits for the next run.
    """
    for contact_ids in _unsent(work):
        with work.write() as tx:
            since = value(tx, "clock")
            mates = contacts.mates(tx, work.connection.connection_id, contact_ids)
            extract_again(tx, work.crm, work.connection, mates, work.keys.hash_of)
            changed = contacts.changed_since(tx, work.connection.connection_id, since, mates)
        if everything or changed:
            decide_anew(work, contact_ids if everything else changed)


def _unsent(work: Work) -> Iterator[list[str]]:
    after = ""
    while True:
        with work.ledger.transaction() as tx:
            ids = plans.pushable_ids(tx, work.run_id, after, _PORTION)
        if not ids:
            return
        yield ids
        after = ids[-1]


def decide_anew(work: Work, contact_ids: Sequence[str]) -> None:
    """Decide some contacts of the plan once more; whose kind of change moved waits for the next run."""
    connection = work.connection
    with work.write() as tx:
        if not plans.find(tx, connection.connection_id, sweep=False, among=contact_ids):
            return
        for candidates in plans.slices(tx, connection.connection_id, connection.limits.slice_contacts):
            decisions = diff(candidates, connection.policy)
            kinds = plans.kinds(tx, work.run_id, [decision.contact_id for decision in decisions])
            settled = (_unless_moved(decision, kinds.get(decision.contact_id)) for decision in decisions)
            plans.write(tx, connection.connection_id, work.run_id, settled, _look_again(work))


def _unless_moved(decision: Decision, planned: tuple[str, str] | None) -> Decision:
    # About another address nothing has been read at Constant Contact in this run.
    if isinstance(decision, Skip) or (plans.kind_of(decision), decision.address) == planned:
        return decision
    return Skip(decision.contact_id, Reason.MOVED, "changed while the run went on; the next run decides it")


def _look_again(work: Work) -> dict[str, float]:
    """After how many seconds a verdict is looked at again although nothing changed."""
    return {
        Reason.MEMBERSHIP_UNCLEAR.value: work.connection.limits.absent_again_seconds,
        # Who was about to leave the address may have found another member, and then neither of these two changes.
        Reason.ADDRESS_TAKEN.value: 0.0,
    }
