"""The run itself: gather, decide, act, conclude."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import __version__, act, concluding, decide, gather, glance, guarding, holding, logs, quarantine
from reconciler.constant_contact.wire import Mapped
from reconciler.demanding import demand, prepare
from reconciler.domain import State
from reconciler.endings import KNOWN_END, Ending, ending_of
from reconciler.errors import ApiUnavailable, DailyLimitReached, LeaseLost, Mistake, ReconcilerError, UsageError
from reconciler.fenced import who_stopped
from reconciler.freshness import Freshness
from reconciler.gather import Course
from reconciler.ledger import connections, leases, plans, runs
from reconciler.record import Told, abandon_dead_runs
from reconciler.request import Request, is_guarded, is_insisted_on, is_stopped_for_today, standing_stop, why_not_push
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
    from reconciler.report import Report

_log: Final = logging.getLogger(__name__)
ALREADY_RUNNING: Final = "already_running"
PAUSED: Final = "paused"
QUARANTINED: Final = "quarantined"
_ANNOUNCED: Final = {"first_run": "The first sync", "forced": "The full resync"}


@dataclass(frozen=True, slots=True)
class Parts:
    """What every run of this process is made of."""

    ledger: Ledger
    open_crm: Callable[[Connection], Crm]
    open_api: Callable[[Connection, Lease], ConstantContact]
    keys: Keys
    pace: Callable[[Connection], tuple[float, int]]
    holder: str
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    tell: Callable[[str], None]
    read_only: bool = False
    #: From 0 to 1.
    random: Callable[[], float] = random.random
    #: Raises Stopped where somebody has asked this process to stop.
    check: Callable[[], None] = lambda: None
    #: What a person is to read before anything is sent.
    announce: Callable[[str], None] = lambda _: None


def run(parts: Parts, name: str, request: Request) -> Report | str | None:
    """Run one connection once. Says its report; `already_running`, `paused` or `quarantined`; None for a quiet tick.

    Trouble with the world ends the run in a state of its report; only a ledger out of reach is raised, and keys or
    settings with which no run can begin.
    """
    connection = find(parts.ledger, name)
    if (word := _standing_word(connection, request)) is not None:
        return word
    if glance.finds_nothing(parts.ledger, parts.open_crm, connection, request):
        return None
    if request.full and not (request.is_tick or request.plan_only):
        _fence_off(parts, connection)
    with leases.lease(
        parts.ledger,
        connection.connection_id,
        parts.holder,
        seconds=connection.limits.lease_seconds,
        renew=connection.limits.lease_renew_seconds,
        patience=leases.Patience(request.wait_seconds, parts.monotonic, parts.sleep),
    ) as lease:
        if lease is None:
            return ALREADY_RUNNING
        connection = find(parts.ledger, name)  # it may have been paused while its lease was waited for
        return _standing_word(connection, request) or _under_lease(parts, connection, lease, request)


def _standing_word(connection: Connection, request: Request) -> str | None:
    is_waiting = quarantine.is_waiting(connection) and not is_insisted_on(request)
    return PAUSED if connection.paused_at else QUARANTINED if is_waiting else None


def _fence_off(parts: Parts, connection: Connection) -> None:
    """A forced full resync does not wait for what another run has read: that one stops, and this one begins."""
    with parts.ledger.transaction() as tx:
        is_running = leases.fence_off(tx, connection.connection_id)
    if is_running:
        parts.tell("stopping the run that goes on")
        leases.wait_until_free(parts.ledger, connection.connection_id, parts.sleep)


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
    with logs.bound(connection=connection.name, run_id=work.run_id):
        return _through(work, parts, connection, request)


def _through(work: Work, parts: Parts, connection: Connection, request: Request) -> Report | None:
    _log.debug("the run begins", extra={"trigger": request.trigger})
    course, per_day = Course(), parts.pace(connection)[1]
    try:
        abandon_dead_runs(work)
        ending = _attempt(work, parts, request, course)
    except ReconcilerError as error:
        if isinstance(error, LeaseLost):
            error = who_stopped(parts.ledger, connection, error)
        ending = ending_of(error, has_sent=_has_sent(work))
        course.is_quiet = holding.is_told(connection, ending)
    except KeyboardInterrupt:
        stopped = Ending(State.CANCELLED, "interrupted", "stopped by hand", "interrupted", "interrupted")
        concluding.conclude(work, stopped, course, per_day)
        raise
    except Exception as error:  # noqa: BLE001 - a mistake of ours ends this run with a report, and no other run
        _log.debug("the run ended by a mistake in the reconciler", exc_info=error)
        ending = ending_of(Mistake.of(error), has_sent=_has_sent(work))
    finally:
        work.close()
    decide.strike_off(work)
    if course.is_quiet and request.is_tick:
        concluding.leave_no_trace(work, ending)
        _log.debug("a quiet tick: the run leaves no trace", extra={"state": ending.state.value})
        return None
    report = concluding.conclude(work, ending, course, per_day, is_plan=request.plan_only)
    concluding.log(report)
    return report


def _begin(parts: Parts, connection: Connection, lease: Lease, request: Request) -> Work:
    crm = parts.open_crm(connection)
    with parts.ledger.transaction(lease.held) as tx:
        run_id = runs.begin(tx, lease.held, trigger=request.trigger, actor=request.actor, version=__version__)
    return Work(
        ledger=parts.ledger,
        crm=crm,
        open_api=lambda: parts.open_api(connection, lease),
        connection=connection,
        mapped=Mapped(connection.list_id, connection.fields, connection.custom_fields, connection.custom_field_types),
        lease=lease,
        run_id=run_id,
        keys=parts.keys,
        sleep=parts.sleep,
        monotonic=parts.monotonic,
        tell=parts.tell,
        random=parts.random,
        check=parts.check,
    )


def _attempt(work: Work, parts: Parts, request: Request, course: Course) -> Ending:
    """The three steps. Whatever stops them is an exception that `ending_of` puts into words."""
    if request.only is not None:
        return _only(work, parts, request, request.only, course)
    prepare(work, request)
    # Gather: what the CRM has, into the ledger.
    course.reading = gather.contacts(work, request)
    full = course.reading.window.reason

    # Decide on the mirrors as they stand; only if there is something to push is Constant Contact asked.
    # What waits for another look is asked for first: deciding it sets its next time.
    is_open = gather.is_something_open(work, request)
    first = gather.first_plan(work, full, request)
    why = why_not_push(work.connection, request, read_only=parts.read_only)
    ending = _standing(work, parts, request, course)
    if ending is None and not is_open:
        ending = _without_a_call(work, request, course, first, why)
    if ending is not None:
        return ending
    plan = gather.members(work, full, request, course, first)

    # Act, unless too much would be pushed, or nothing may be.
    demand(work, plan, request, why)
    if (request.plan_only or not why) and (held := guarding.check(work, lifts=not why)) is not None:
        course.is_quiet = request.is_tick and guarding.is_told(work, held) and not course.has_settled
        return held
    if why:
        if not request.plan_only:
            _note_done(work, full)
        return Ending(State.OBSERVED, left=why, left_message="nothing was pushed")
    return _act(work, parts, plan, full, course)


def _only(work: Work, parts: Parts, request: Request, contact_id: str, course: Course) -> Ending:
    """The three steps for one contact. Somebody asked for just this one: no guard counts it."""
    if (stopped := standing_stop(work.connection, request)) is not None:
        return stopped
    plan = gather.one(work, contact_id, course)
    if why := why_not_push(work.connection, request, read_only=parts.read_only):
        return Ending(State.OBSERVED, left=why, left_message="nothing was pushed")
    guarding.let_pass(work)
    return _act(work, parts, plan, None, course)


def _standing(work: Work, parts: Parts, request: Request, course: Course) -> Ending | None:
    """What stops a run since an earlier one, whatever there is to do."""
    if (stopped := standing_stop(work.connection, request)) is not None:
        course.is_quiet = stopped.reason != KNOWN_END  # what stands since an earlier run, that run has told
        return stopped
    with work.ledger.transaction() as tx:
        is_spent = is_stopped_for_today(tx, work.connection, request, parts.pace(work.connection)[1])
    if is_spent:
        course.is_quiet = True
        return Ending(State.QUOTA, "quota")
    return None


def _without_a_call(work: Work, request: Request, course: Course, plan: Plan | None, why: str | None) -> Ending | None:
    """The end of a run for which the mirrors are enough; None where Constant Contact has to be asked."""
    if is_guarded(work.connection, request) and not why and (held := guarding.check(work)) is not None:
        course.is_quiet = guarding.is_told(work, held)
        return held
    reading = course.reading
    if plan is None or reading is None or reading.window.reason is not None:
        return None
    is_quiet = not (reading.changed or reading.gone)
    if request.is_tick and is_quiet and why:
        # Who only looks on has seen this before: nothing is asked of Constant Contact.
        course.is_quiet = True
        return Ending(State.OBSERVED, left=why, left_message="nothing was pushed")
    if plan.pushable(_singles_left(work)):
        return None
    demand(work, plan, request, why)
    if not why:
        guarding.note_synced(work)
    # That something is held no more is told once.
    course.is_quiet = is_quiet and not is_guarded(work.connection, request)
    state = State.OBSERVED if request.plan_only else State.NOTHING_TO_DO
    return Ending(state, left="singles_spent", left_message="the single writes of a day are spent")


def _act(work: Work, parts: Parts, plan: Plan, full: str | None, course: Course) -> Ending:
    pace = parts.pace(work.connection)
    is_busy = plan.pushable(_singles_left(work)) or course.has_settled
    ending = Ending(State.COMPLETED if is_busy else State.NOTHING_TO_DO)
    fresh = Freshness(work, course.read_at or 0.0, course.listed_before or 0)
    if full in _ANNOUNCED and is_busy:
        told = Told(course.reading, course.listed_before, per_day=pace[1])
        parts.announce(act.consequences(work, told, pace, _ANNOUNCED[full]))
    try:
        with work.stage("push"):
            act.send(work, fresh, pace)
    except (ApiUnavailable, DailyLimitReached) as error:
        ending = ending_of(error, has_sent=_has_sent(work))
    if ending.state not in (State.QUOTA, State.FAILED):
        gather.what_was_sent(work, course, has_sent=_has_sent(work))
    is_through = ending.state in (State.COMPLETED, State.NOTHING_TO_DO)
    _note_done(work, full if is_through else None)
    if is_through and course.reading is not None:
        guarding.note_synced(work)
    return ending


def _note_done(work: Work, full: str | None) -> None:
    """The run went through: nothing holds the connection any more, and a full comparison is done."""
    with work.write() as tx:
        connections.release(tx, work.connection.connection_id)
        if full is not None:
            connections.swept(tx, work.connection)


def _singles_left(work: Work) -> int:
    with work.ledger.transaction() as tx:
        return plans.singles_left(tx, work.connection.connection_id, work.connection.limits.singles_per_day)


def _has_sent(work: Work) -> bool:
    with work.ledger.transaction() as tx:
        return runs.has_sent(tx, work.run_id)
