"""Gather: what the CRM has, and what Constant Contact has, into the ledger; then decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler import decide, holding, home, pull, push
from reconciler.extract import Extraction, extract
from reconciler.ledger import batches, plans, rejects, runs, stories
from reconciler.request import is_guarded, is_held_there, is_mirror_fresh, reason_for_full, standing_stop

if TYPE_CHECKING:
    from reconciler.ledger.database import Transaction
    from reconciler.ledger.plans import Plan
    from reconciler.request import Request
    from reconciler.window import Reading
    from reconciler.work import Work


@dataclass(slots=True)
class Course:
    """What a run has learnt so far, for its report: kept up as it goes, because it may end anywhere."""

    reading: Reading | None = None
    listed_before: int | None = None
    listed_after: int | None = None
    is_quiet: bool = False
    #: Whether earlier runs had left something open that this one looked for.
    has_settled: bool = False
    #: When Constant Contact was last read to its end, by the process's own clock; None: not yet.
    read_at: float | None = None


def contacts(work: Work, request: Request) -> Reading:
    """Copy what the CRM has; its `window.reason` says why both sides are compared in full, or None.

    What held the connection because of the CRM is lifted with it. Raises what `extract` and `home.confirm` raise.
    """
    work.tell("reading the CRM")
    reason = _reason(work, request)
    with work.write() as tx:
        _note_mode(tx, work, reason)
        if request.full and not request.plan_only:
            rejects.rearm(tx, work.connection.connection_id)
    with work.stage("extract"), work.write() as tx:
        told = Extraction(reason, holding.approved_contacts(tx, work.connection))
        reading = extract(tx, work.crm, work.connection, work.run_id, work.keys.hash_of, told)
        _note_mode(tx, work, reading.window.reason)
        holding.lift_of_the_source(tx, work.connection, is_whole=reading.window.since is None)
    return reading


def _reason(work: Work, request: Request) -> str | None:
    """Why a sweep is due. A tick that will ask nothing of Constant Contact can't do one, and reads what changed."""
    why = home.confirm(work) or reason_for_full(work.connection, request)
    if work.connection.held_reason == holding.SHRUNK:
        # What a window reads says nothing of what is no longer there.
        return why or "source_changed"
    if request.is_tick and standing_stop(work.connection, request) is not None:
        return None
    return why


def _note_mode(tx: Transaction, work: Work, full: str | None) -> None:
    runs.set_mode(tx, work.run_id, "full" if full else "incremental", full)


def reads_everybody(work: Work, full: str | None) -> bool:
    """Whether the whole account is to be read, so that only then there is something to compare."""
    return work.connection.pulled_whole_at is None or (full is not None and not is_mirror_fresh(work.connection, full))


def members(work: Work, full: str | None, request: Request, course: Course, first: Plan | None) -> Plan:
    """Read Constant Contact, settle what earlier runs left open, and decide again where that changed anything.

    `first` is what was decided before.
    """
    with work.stage("pull"):
        listed = work.api.contact_list(work.connection.list_id)
        course.listed_before = listed.members
        if reads_everybody(work, full):
            pull.everybody(work)
        else:
            pull.before_push(work, listed.members)
        course.read_at = work.monotonic()
    if not request.plan_only:
        with work.stage("verify"):
            course.has_settled = push.settle(work)
    if first is not None and not course.has_settled and not _is_overtaken(work, first):
        return first
    return plan(work, full, request)


def _is_overtaken(work: Work, first: Plan) -> bool:
    with work.ledger.transaction() as tx:
        return plans.is_overtaken(tx, work.connection.connection_id, first)


def first_plan(work: Work, full: str | None, request: Request) -> Plan | None:
    """Decide on the mirrors as they stand; None where that is of no use: the whole account is read first."""
    if reads_everybody(work, full) and not is_guarded(work.connection, request):
        return None
    return plan(work, full, request)


def plan(work: Work, full: str | None, request: Request) -> Plan:
    """Decide on the mirrors as they stand."""
    work.tell("comparing both sides")
    with work.stage("diff"):
        return decide.decide(work, sweep=full is not None, keep=not request.plan_only)


def one(work: Work, contact_id: str, course: Course) -> Plan:
    """Read one contact, who shares its address, and their member; settle what is open, and decide on them alone.

    Raises what `contacts` raises: a copy writes nothing, nor does a statement with other columns.
    """
    mine = work.connection.connection_id
    home.confirm(work)
    with work.stage("extract"):
        decide.read_again(work, [contact_id], checks_columns=True)
        _, mates = decide.read_again(work, [contact_id])  # of its address, which may be another one now
    among = sorted({contact_id, *mates})
    with work.stage("verify"):
        course.has_settled = push.settle(work)
    with work.stage("pull"):
        decide.decide(work, sweep=False, keep=True, among=among)
        with work.ledger.transaction() as tx:
            concerned = plans.people(tx, mine, work.run_id, len(among))
            found = stories.contact(tx, mine, contact_id)
        there = [(found.member_id, found.address)] if found is not None and found.address else []
        pull.read_members(work, dict.fromkeys([*concerned, *there]))
        course.read_at = work.monotonic()
    with work.stage("diff"):
        return decide.decide(work, sweep=False, keep=True, among=among)


def what_was_sent(work: Work, course: Course, *, has_sent: bool) -> None:
    """Look for what the run has sent; what earlier runs had left open was settled before. Then count the list."""
    if has_sent:
        with work.stage("verify"):
            push.settle(work)
            course.listed_after = work.api.contact_list(work.connection.list_id).members
    listed = course.listed_before if course.listed_after is None else course.listed_after
    if (has_sent or course.has_settled) and listed is not None:
        with work.stage("verify"):
            pull.meet(work, listed)


def is_something_open(work: Work, request: Request) -> bool:
    """Whether there is something to look for at Constant Contact though nothing may have changed in the CRM."""
    connection = work.connection
    with work.ledger.transaction() as tx:
        mine = connection.connection_id
        is_unsettled = bool(batches.unsettled(tx, mine) or plans.needs_look(tx, mine))
    # A run by hand of a held connection tries everything, because only that lifts the hold.
    by_hand = is_held_there(connection) and not request.plan_only
    return is_unsettled or connection.missed_since is not None or by_hand
