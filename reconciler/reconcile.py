"""The run itself: gather, decide, act, conclude."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import __version__, decide, pull, push
from reconciler.constant_contact.wire import Mapped
from reconciler.domain import Add, Reading, State, Update
from reconciler.errors import (
    AccessRefused,
    ApiRefused,
    ApiUnavailable,
    CrmError,
    DailyLimitReached,
    Forbidden,
    LeaseLost,
    NotFound,
    ReconcilerError,
    StatementError,
    UsageError,
)
from reconciler.extract import extract
from reconciler.ledger import batches, connections, leases, plans, runs
from reconciler.limits import Limits
from reconciler.record import Ending, Told, record
from reconciler.report import Report
from reconciler.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.constant_contact.client import ConstantContact
    from reconciler.crm import Crm
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger
    from reconciler.ledger.leases import Lease
    from reconciler.ledger.members import Keys
    from reconciler.ledger.plans import Plan

ALREADY_RUNNING: Final = "already_running"
PAUSED: Final = "paused"
#: A first sync's calls besides imports and read-back: the list before and after, who is off, and polls.
_OTHER_CALLS: Final = 10
_CALLS_A_MINUTE: Final = 150


@dataclass(frozen=True, slots=True)
class Parts:
    """What every run of this process is made of."""

    ledger: Ledger
    open_crm: Callable[[Connection], Crm]
    open_api: Callable[[Connection], ConstantContact]
    keys: Keys
    per_day: Callable[[Connection], int]
    holder: str
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    tell: Callable[[str], None]
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run."""

    trigger: str
    actor: str | None = None
    full: bool = False
    only_if: str | None = None
    #: Only decide: no verdict is remembered and nothing is pushed.
    plan_only: bool = False
    #: Leave no run where there is nothing to do.
    is_tick: bool = False


@dataclass(slots=True)
class _Course:
    """What a run has learnt so far, for its report: kept up as it goes, because it may end anywhere."""

    reading: Reading | None = None
    listed_before: int | None = None
    listed_after: int | None = None
    is_quiet: bool = False


def run(parts: Parts, name: str, request: Request) -> Report | str | None:
    """Run one connection once. Says its report; `already_running` or `paused`; None for a tick with nothing to do.

    Trouble with the world ends the run in a state of its report; only a ledger out of reach is raised.
    """
    connection = find(parts.ledger, name)
    if connection.paused_at is not None:
        return PAUSED
    limits = connection.limits
    with leases.lease(
        parts.ledger,
        connection.connection_id,
        parts.holder,
        seconds=limits.lease_seconds,
        renew=limits.lease_renew_seconds,
    ) as lease:
        if lease is None:
            return ALREADY_RUNNING
        return _under_lease(parts, find(parts.ledger, name), lease, request)


def forecast(ledger: Ledger, planned: Report) -> dict[str, int]:
    """What a planned first sync would cost: people known already, API calls, and minutes at the usual pace."""
    with ledger.transaction() as tx:
        known, size = plans.known_and_bytes(tx, planned.run_id)
    changes = planned.planned_adds + planned.planned_updates
    imports = max(math.ceil(size / Limits().batch_bytes), math.ceil(changes / Limits().batch_contacts))
    calls = imports + pull.pages(changes) + _OTHER_CALLS if changes else 0
    return {"known": known, "calls": calls, "minutes": math.ceil(calls / _CALLS_A_MINUTE)}


def find(ledger: Ledger, name: str) -> Connection:
    """The connection of that name. Raises UsageError that names the ones there are."""
    with ledger.transaction() as tx:
        connection = connections.by_name(tx, name)
        known = [] if connection else connections.names(tx)
    if connection is None:
        there = f"there are: {', '.join(known)}" if known else "connect one with `reconciler connect NAME`"
        raise UsageError(f"there is no connection {name!r}", advice=there)
    return connection


def _under_lease(parts: Parts, connection: Connection, lease: Lease, request: Request) -> Report | None:
    work = _begin(parts, connection, lease, request)
    course = _Course()
    try:
        _abandon_dead_runs(work)
        ending = _attempt(work, parts, request, course)
    except ReconcilerError as error:
        ending = _ending(error, has_sent=_has_sent(work))
    finally:
        work.close()
    if course.is_quiet and request.is_tick:
        _leave_no_trace(work)
        return None
    return _conclude(work, parts, ending, course)


def _begin(parts: Parts, connection: Connection, lease: Lease, request: Request) -> Work:
    with parts.ledger.transaction(lease.held) as tx:
        run_id = runs.begin(
            tx, lease.held, trigger=request.trigger, actor=request.actor, mode="incremental", version=__version__
        )
    return Work(
        ledger=parts.ledger,
        crm=parts.open_crm(connection),
        open_api=lambda: parts.open_api(connection),
        connection=connection,
        mapped=Mapped(connection.list_id, connection.fields, connection.custom_fields),
        lease=lease,
        run_id=run_id,
        keys=parts.keys,
        sleep=parts.sleep,
        monotonic=parts.monotonic,
        tell=parts.tell,
    )


def _attempt(work: Work, parts: Parts, request: Request, course: _Course) -> Ending:
    """The three steps. Whatever stops them is an exception that `_ending` puts into words."""
    full = _reason_for_full(work.connection, request)
    _set_mode(work, full)

    # Gather: what the CRM has, into the ledger.
    course.reading = _extract(work, whole=full is not None)

    # Decide on the mirrors as they stand; only if there is something to push is Constant Contact asked.
    plan = _decide(work, sweep=full is not None, keep=not request.plan_only)
    if (stopped := _standing_stop(work.connection, request)) is not None:
        course.is_quiet = True
        return stopped
    if full is None and not plan.pushable and not _is_unsettled(work):
        course.is_quiet = not (plan.readdressed or course.reading.changed or course.reading.gone)
        return Ending(State.OBSERVED if request.plan_only else State.NOTHING_TO_DO)
    plan = _gather_members(work, plan, full, request, course)

    # Act, unless nothing may be pushed.
    if request.only_if not in (None, plan.digest):
        raise _OtherPlan(plan.digest)
    if why := _why_not_push(work.connection, parts, request):
        return Ending(State.OBSERVED, left=why, left_message="nothing was pushed")
    return _act(work, plan, full, course)


def _standing_stop(connection: Connection, request: Request) -> Ending | None:
    """What stops a run before any call: no token that works; and for a tick, a hold that somebody has to lift."""
    if connection.disconnected_at is not None:
        return Ending(
            State.DISCONNECTED, "token_refused", connection.disconnected_reason, "disconnected", "disconnected"
        )
    if request.is_tick and connection.held_at is not None:
        return Ending(State.HELD, connection.held_reason, connection.held_message, "held", "held")
    return None


def _gather_members(work: Work, plan: Plan, full: str | None, request: Request, course: _Course) -> Plan:
    """Read Constant Contact, settle what earlier runs left open, and decide again."""
    with work.stage("pull"):
        listed = work.api.contact_list(work.connection.list_id)
        course.listed_before = listed.members
        if work.connection.pulled_whole_at is None or (full and not _is_fresh(work.connection, full)):
            pull.everybody(work)
        else:
            pull.before_push(work, _first_changes(work), listed.members)
    if not request.plan_only:
        with work.stage("verify"):
            push.settle(work)
    return _decide(work, sweep=full is not None, keep=not request.plan_only)


def _act(work: Work, plan: Plan, full: str | None, course: _Course) -> Ending:
    ending = Ending(State.COMPLETED if plan.pushable else State.NOTHING_TO_DO)
    try:
        with work.stage("push"):
            push.push(work, _Freshness(work, course))
    except (ApiUnavailable, DailyLimitReached) as error:
        ending = _ending(error, has_sent=_has_sent(work))
    if ending.state is not State.QUOTA:
        with work.stage("verify"):
            push.settle(work)
            course.listed_after = work.api.contact_list(work.connection.list_id).members if _has_sent(work) else None
    with work.write() as tx:
        connections.release(tx, work.connection.connection_id)
        if full is not None and ending.state in (State.COMPLETED, State.NOTHING_TO_DO):
            connections.swept(tx, work.connection.connection_id)
    return ending


class _Freshness:
    """Before each batch: what was read of both sides is renewed where it has grown old."""

    def __init__(self, work: Work, course: _Course) -> None:
        self._work = work
        self._course = course
        self._read_at: float | None = None

    def __call__(self) -> None:
        work, now = self._work, self._work.monotonic()
        if self._read_at is None:
            decide.confirm(work, everything=False)
        elif now - self._read_at > work.connection.limits.reading_age_seconds:
            pull.before_push(work, _first_changes(work), self._course.listed_before or 0)
            decide.confirm(work, everything=True)
        else:
            return
        self._read_at = now


class _OtherPlan(ReconcilerError):
    """The plan is not the one that was asked for."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"the plan has the digest {digest}, not the one that was demanded: nothing was pushed",
            advice="look with `reconciler plan NAME` and demand its digest",
        )


def _extract(work: Work, *, whole: bool) -> Reading:
    work.tell("reading the CRM")
    with work.stage("extract"), work.write() as tx:
        return extract(tx, work.crm, work.connection, work.run_id, work.keys.hash_of, whole=whole)


def _decide(work: Work, *, sweep: bool, keep: bool) -> Plan:
    work.tell("comparing both sides")
    with work.stage("diff"):
        return decide.decide(work, sweep=sweep, keep=keep)


def _reason_for_full(connection: Connection, request: Request) -> str | None:
    """Why both sides are compared in full, or None."""
    if request.full:
        return "forced"
    if connection.swept_at is None:
        return "first_run"
    if (connection.now - connection.swept_at).total_seconds() >= connection.limits.sweep_seconds:
        return "daily_sweep"
    return None


def _is_fresh(connection: Connection, reason: str) -> bool:
    """Whether a first run can use the mirror that `connect` pulled."""
    pulled = connection.pulled_whole_at
    if reason != "first_run" or pulled is None:
        return False
    return (connection.now - pulled).total_seconds() <= connection.limits.mirror_fresh_seconds


def _why_not_push(connection: Connection, parts: Parts, request: Request) -> str | None:
    if request.plan_only:
        return "observed"
    if parts.read_only:
        return "read_only"
    if connection.observe:
        return "observed"
    return "not_started" if connection.started_at is None else None


def _has_sent(work: Work) -> bool:
    with work.ledger.transaction() as tx:
        return runs.has_sent(tx, work.run_id)


def _is_unsettled(work: Work) -> bool:
    with work.ledger.transaction() as tx:
        connection_id = work.connection.connection_id
        return bool(batches.unsettled(tx, connection_id)) or plans.needs_look(tx, connection_id)


def _first_changes(work: Work) -> list[Add | Update]:
    most = work.connection.limits.membership_singles + 1
    with work.ledger.transaction() as tx:
        return plans.first(tx, work.connection.connection_id, work.run_id, most)


def _set_mode(work: Work, full: str | None) -> None:
    with work.write() as tx:
        runs.set_mode(tx, work.run_id, "full" if full else "incremental", full)


def _abandon_dead_runs(work: Work) -> None:
    """Complete the reports of runs that died under an earlier lease; what they left unsettled is taken up."""
    with work.write() as tx:
        for run_id in runs.unfinished(tx, work.connection.connection_id, work.lease.fence):
            record(tx, work.connection, run_id, Ending(State.ABANDONED), Told())


def _ending(error: ReconcilerError, *, has_sent: bool) -> Ending:
    """What became of a run that the world stopped."""
    told = " - ".join(filter(None, (str(error), error.advice)))
    match error:
        case _OtherPlan():
            return Ending(State.HELD, "only_if", told, "held", "held")
        case AccessRefused():
            return Ending(State.DISCONNECTED, "token_refused", told, "disconnected", "disconnected")
        case Forbidden():
            return Ending(State.HELD, "forbidden", told, "held", "held")
        case NotFound():
            return Ending(State.HELD, "list_gone", told, "held", "held")
        case ApiRefused():
            return Ending(State.HELD, "batch_refused", told, "batch_refused", "batch_refused")
        case StatementError():
            return Ending(State.HELD, "statement", told, "held", "held")
        case DailyLimitReached():
            return Ending(State.QUOTA, "quota", told, "quota", "quota")
        case ApiUnavailable():
            state = State.COMPLETED_WITH_PROBLEMS if has_sent else State.FAILED
            return Ending(state, "unavailable", told, "unavailable", "unavailable")
        case LeaseLost():
            return Ending(State.CANCELLED, "lease_lost", told, "failed", "failed")
        case CrmError():
            return Ending(State.FAILED, "crm", told, "failed", "failed")
        case _:
            return Ending(State.FAILED, "failed", told, "failed", "failed")


def _leave_no_trace(work: Work) -> None:
    with work.write() as tx:
        runs.forget(tx, work.run_id)
        connections.tick(tx, work.connection.connection_id, quiet=True)


def _conclude(work: Work, parts: Parts, ending: Ending, course: _Course) -> Report:
    told = Told(
        course.reading,
        course.listed_before,
        course.listed_after,
        work.calls,
        work.seconds,
        parts.per_day(work.connection),
    )
    # A run that lost its lease still writes its own record: nobody else does.
    with work.ledger.transaction() as tx:
        connection_id = work.connection.connection_id
        if ending.state is State.DISCONNECTED:
            connections.disconnect(tx, connection_id, ending.message or "")
        if ending.state is State.HELD and ending.reason != "only_if":
            connections.hold(tx, connection_id, ending.reason or "", ending.message or "")
        connections.tick(tx, connection_id, quiet=False)
        return record(tx, work.connection, work.run_id, ending, told)
