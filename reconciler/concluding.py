"""The end of a run in the ledger: its record, and what it means for its connection."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, assert_never

from reconciler import holding, page, quarantine
from reconciler.domain import State
from reconciler.endings import LOST
from reconciler.ledger import connections, runs, usage
from reconciler.reconnected import caught_up
from reconciler.record import Told, record

if TYPE_CHECKING:
    from reconciler.endings import Ending
    from reconciler.gather import Course
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction
    from reconciler.report import Report
    from reconciler.work import Work

_log: Final = logging.getLogger(__name__)


def leave_no_trace(work: Work, ending: Ending) -> None:
    """Forget a tick that had nothing to tell, but for the hold's words and the count of quiet ticks."""
    with work.write() as tx:
        holding.note(tx, work.connection, ending)
        if ending.state in (State.NOTHING_TO_DO, State.OBSERVED):
            connections.recovered(tx, work.connection.connection_id)
        runs.forget(tx, work.run_id)
        connections.tick(tx, work.connection.connection_id, quiet=True)


def conclude(work: Work, ending: Ending, course: Course, per_day: int, *, is_plan: bool = False) -> Report:
    """Write the record of a run, and what holds, disconnects or quarantines its connection from now on."""
    told = Told(
        course.reading,
        # Where reading broke off, the mirror is older than the list's own count: they say nothing of each other.
        course.listed_before if course.read_at is not None else None,
        course.listed_after,
        work.calls,
        work.seconds,
        per_day,
    )
    # A run that lost its lease still writes its own record, because nobody else does, and nothing besides.
    if ending.code == LOST:
        with work.ledger.transaction() as tx:
            return record(tx, work.connection, work.run_id, ending, told)
    with work.ledger.transaction() as tx:
        connection_id = work.connection.connection_id
        if ending.state is State.DISCONNECTED:
            connections.lost_token(tx, connection_id, work.run_id, ending.message or "")
        if ending.state is State.HELD and (not is_plan or ending.reason in holding.PAUSING):
            holding.hold(tx, work.connection, work.run_id, ending)
        connections.tick(tx, connection_id, quiet=False)
        ending = ending if is_plan or course.reading is None else caught_up(tx, work.connection, ending)
        ending = holding.lifted(tx, work.connection, ending) if course.reading is not None else ending
        report = record(tx, work.connection, work.run_id, ending, told)
        if not is_plan:
            _note_how_it_went(tx, work.connection, report)
            # Last: it may lock what each call of the key has to write.
            usage.note_sweep(tx, work.connection, work.run_id, sum(work.calls.values()), per_day)
        return report


def log(report: Report) -> None:
    """Log how a run ended: its sentence, and its numbers as fields."""
    told = {
        "state": report.state.value,
        "trigger": report.trigger,
        "mode": report.mode,
        "reason": report.reason,
        "api_calls": sum(report.calls.values()),
        "seconds": round(sum(report.seconds.values()), 1),
    }
    _log.info("%s", page.sentence(report.to_json()), extra=told)


def _note_how_it_went(tx: Transaction, connection: Connection, report: Report) -> None:
    written = quarantine.Written(*runs.written(tx, report.run_id))
    others = connections.keys_failing(tx, report.reason or "", besides=connection.account.key_fingerprint)
    keys = quarantine.KeysFailing(1 + others[0], 1 + others[1])
    match quarantine.judge(connection, report, written, keys):
        case quarantine.Failure(reason, message, is_quarantined, pause):
            mine = connection.connection_id
            connections.failed(tx, mine, reason, message, is_quarantined=is_quarantined, pause=pause)
        case quarantine.Success():
            connections.recovered(tx, connection.connection_id)
        case quarantine.NoWord():
            pass
        case unforeseen:
            assert_never(unforeseen)
