"""What a run's end says of its connection: one that fails again and again is tried ever more rarely. Pure.

It leaves by itself, with the first run that goes well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import ladder
from reconciler.domain import Bucket, State

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection
    from reconciler.limits import Limits
    from reconciler.report import Report

#: What passes by itself and is not the connection's fault, when it happens to many API keys at once.
OF_EVERYBODY: Final = ("unavailable", "throttled")
#: What holds a connection though it may pass: ticks try it again, ever more rarely.
TRIED_AGAIN: Final = frozenset({"batch_refused"})
MANY_REFUSED: Final = "many_refused"
#: What a run says of contacts whose import came to nothing, so that they are sent again.
_IN_VAIN: Final = ("import_failed", "not_arrived")
_WELL: Final = (State.COMPLETED, State.COMPLETED_WITH_PROBLEMS, State.NOTHING_TO_DO, State.OBSERVED)


@dataclass(frozen=True, slots=True)
class Written:
    """How many contacts a run wrote or tried to, and how many of them were refused."""

    written: int
    refused: int


@dataclass(frozen=True, slots=True)
class KeysFailing:
    """How many API keys had runs lately, and how many of them fail for the same reason as this one."""

    keys: int
    failing: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The run failed. `pause_seconds`: not tried before that; None: at the next tick."""

    reason: str
    message: str
    is_quarantined: bool
    pause_seconds: float | None


@dataclass(frozen=True, slots=True)
class Success:
    """The run went well."""


@dataclass(frozen=True, slots=True)
class NoWord:
    """The run says nothing of the connection: it was held, stopped, out of calls, or Constant Contact is down."""


def judge(connection: Connection, report: Report, written: Written, keys: KeysFailing) -> Failure | Success | NoWord:
    """What to make of the end of a run, after so many failures before it."""
    if report.state in _WELL and is_refused(written, connection.limits):
        told = f"{written.refused:,} of {written.written:,} contacts were refused"
        pause = ladder.pause(connection.failures + 1)
        return Failure(MANY_REFUSED, told, is_quarantined=True, pause_seconds=pause)
    if report.state not in _WELL:
        return _stopped(connection, report, keys)
    if (vain := _in_vain(report)) is not None:
        return _failure(connection, *vain, keys)
    return NoWord() if _only_waits(report) else Success()


def _stopped(connection: Connection, report: Report, keys: KeysFailing) -> Failure | NoWord:
    reason, message = report.reason or report.state.value, report.message or ""
    if report.state is State.HELD and reason in TRIED_AGAIN:
        pause = ladder.pause(connection.failures + 1)
        return Failure(reason, message, is_quarantined=False, pause_seconds=pause)
    return _failure(connection, reason, message, keys) if report.state is State.FAILED else NoWord()


def _failure(connection: Connection, reason: str, message: str, keys: KeysFailing) -> Failure | NoWord:
    if reason in OF_EVERYBODY and is_down(keys, connection.limits):
        return NoWord()
    steps = connection.failures + 1 - connection.limits.quarantine_failures + 1
    return Failure(reason, message, is_quarantined=steps > 0, pause_seconds=ladder.pause(steps) if steps > 0 else None)


def _in_vain(report: Report) -> tuple[str, str] | None:
    """Why nothing came of what was sent, where that is known: what stopped the run, or became of its imports."""
    codes = [problem.code for problem in report.problems]
    if _is_anything_verified(report):
        return None
    if report.reason in codes:  # else it says why everything was compared
        return report.reason, report.message or ""
    return next(((code, "imports come to nothing") for code in codes if code in _IN_VAIN), None)


def _only_waits(report: Report) -> bool:
    """Whether an import is under way, of which nothing is known yet."""
    return report.counts.get(Bucket.IN_DOUBT, 0) > 0 and not _is_anything_verified(report)


def _is_anything_verified(report: Report) -> bool:
    return report.counts.get(Bucket.ADDED, 0) + report.counts.get(Bucket.UPDATED, 0) > 0


def is_refused(written: Written, limits: Limits) -> bool:
    """Whether so much of enough was refused that it is more than some contacts' trouble."""
    is_enough = written.written >= limits.quarantine_least
    return is_enough and written.refused * 100 > written.written * limits.quarantine_percent


def is_down(keys: KeysFailing, limits: Limits) -> bool:
    """Whether it is Constant Contact that is down: so many keys fail in the same way, and most of those that run."""
    return keys.failing >= limits.outage_keys and keys.failing * 2 > keys.keys


def is_waiting(connection: Connection) -> bool:
    """Whether it is in quarantine, and its time has not come."""
    return connection.quarantined_at is not None and not is_due(connection)


def is_due(connection: Connection) -> bool:
    return connection.next_attempt_at is None or connection.next_attempt_at <= connection.now
