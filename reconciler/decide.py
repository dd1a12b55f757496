"""Candidates into the plan of a run, in one transaction: who is plain by the database, all others through the diff."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Final

from reconciler.changes import LONGEST_IN_IMPORT
from reconciler.domain import Reason, Skip
from reconciler.errors import ReconcilerError
from reconciler.extract import extract_again
from reconciler.ledger import candidates, contacts, plans, runs, statistics
from reconciler.ledger.database import value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.domain import Candidate, Decision, Policy
    from reconciler.ledger.database import Transaction
    from reconciler.ledger.plans import Plan
    from reconciler.work import Work

_log: Final = logging.getLogger(__name__)
#: For each portion the CRM may have to read all its contacts, where its statement works an id out.
_PORTION: Final = 20_000


def decide(work: Work, *, sweep: bool, keep: bool, among: Sequence[str] | None = None) -> Plan:
    """Decide every candidate, or those `among` some contacts, and conclude the plan.

    Without `keep` no verdict is remembered: a plan only.
    """
    connection, decided = work.connection, 0
    policy = connection.policy if sweep else _between_sweeps(connection.policy)
    with work.write() as tx:
        if candidates.find(tx, connection.connection_id, sweep=sweep, clears=bool(policy.clear), among=among):
            for count in _written(work, tx, policy, keep=keep):
                work.check()
                decided += count
                statistics.refresh(tx, "decisions", decided, count)
        return plans.conclude(tx, work.run_id)


def _written(work: Work, tx: Transaction, policy: Policy, *, keep: bool) -> Iterator[int]:
    """Decide the candidates and write it down, some at a time; says each time how many."""
    mine, run_id, size = work.connection.connection_id, work.run_id, work.connection.limits.slice_contacts
    if not policy.clear:
        yield from plans.write_additions(tx, mine, run_id, size, LONGEST_IN_IMPORT, keep=keep)
    for found in candidates.slices(tx, mine, size):
        plans.write(tx, mine, run_id, _diffed(found, policy), _look_again(work), keep=keep)
        yield len(found)


def strike_off(work: Work) -> None:
    """Strike off the notes of who has been decided. It is only for speed: no run whose work is done fails by it."""
    try:
        with work.write() as tx:
            struck = candidates.strike_off(tx, work.connection.connection_id)
        if struck >= statistics.VERY_MANY:
            with work.write() as tx:
                statistics.after_a_run(tx)
    except ReconcilerError as error:
        _log.debug("the notes of who has been decided are left to the next run", exc_info=error)


def confirm(work: Work, *, everything: bool) -> None:
    """Read the contacts that are about to be pushed once more from the CRM, and decide anew whom it changed.

    With `everything` all of them are decided anew, because the members were read again. Whose kind of change moved
    waits for the next run.
    """
    for contact_ids in _unsent(work):
        changed, _ = read_again(work, contact_ids)
        if everything or changed:
            decide_anew(work, contact_ids if everything else changed)


def read_again(
    work: Work, contact_ids: Sequence[str], *, checks_columns: bool = False
) -> tuple[Sequence[str], Sequence[str]]:
    """Read some contacts and all who share an address with one of them once more from the CRM.

    Says who has changed, and whom it read.
    """
    mine = work.connection.connection_id
    with work.write() as tx:
        since = value(tx, "clock")
        mates = contacts.mates(tx, mine, contact_ids)
        among = mates or list(contact_ids)
        extract_again(tx, work.crm, work.connection, among, work.keys.hash_of, checks_columns=checks_columns)
        return contacts.changed_since(tx, mine, since, mates), mates


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
        is_sweep = runs.times(tx, work.run_id).mode == "full"
        policy = connection.policy if is_sweep else _between_sweeps(connection.policy)
        if not candidates.find(tx, connection.connection_id, sweep=False, clears=False, among=contact_ids):
            return
        for found in candidates.slices(tx, connection.connection_id, connection.limits.slice_contacts):
            decisions = _diffed(found, policy)
            kinds = plans.kinds(tx, work.run_id, [decision.contact_id for decision in decisions])
            settled = (_unless_moved(decision, kinds.get(decision.contact_id)) for decision in decisions)
            plans.write(tx, connection.connection_id, work.run_id, settled, _look_again(work))


def _diffed(found: Sequence[Candidate], policy: Policy) -> list[Decision]:
    from reconciler.diff import diff  # noqa: PLC0415 - most ticks have nobody to decide, and need no pandas

    return diff(found, policy)


def _unless_moved(decision: Decision, planned: tuple[str, str] | None) -> Decision:
    # About another address nothing has been read at Constant Contact in this run.
    if isinstance(decision, Skip) or (plans.kind_of(decision), decision.address) == planned:
        return decision
    return Skip(decision.contact_id, Reason.MOVED, "changed while the run went on; the next run decides it")


def _between_sweeps(policy: Policy) -> Policy:
    """What was changed at Constant Contact is overwritten at a sweep only, however it was chosen."""
    return dataclasses.replace(policy, overwrite=())


def _look_again(work: Work) -> dict[str, float]:
    """After how many seconds a verdict is looked at again although nothing changed."""
    return {
        Reason.MEMBERSHIP_UNCLEAR.value: work.connection.limits.absent_again_seconds,
        # Who was about to leave the address may have found another member, and then neither of these two changes.
        Reason.ADDRESS_TAKEN.value: 0.0,
    }
