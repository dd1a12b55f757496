"""Holding: what is not done because it looks wrong, until it no longer does or somebody answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.domain import State
from reconciler.errors import UsageError
from reconciler.ledger import audit, connections, guards, holds
from reconciler.problems import CATALOGUE
from reconciler.token_end import minute

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.endings import Ending
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Row, Transaction

#: The source had no contacts, or less than half of last time.
SHRUNK: Final = "source_shrunk"
#: What the CRM's side is held for: judged again at each tick, by reading the CRM, and lifted when that goes well.
OF_THE_SOURCE: Final = frozenset({"statement", "schema_changed", SHRUNK})
#: A plan would change too much.
GUARD: Final = "guard"
#: What lifts by itself, without anything being asked of Constant Contact.
JUDGED_AGAIN: Final = OF_THE_SOURCE | {GUARD}
#: What somebody can say is right as it is.
APPROVABLE: Final = frozenset({SHRUNK, GUARD})
#: What pauses a connection until somebody says that this is the real one.
PAUSING: Final = frozenset({"other_crm", "other_ledger"})
#: For so long an approval counts.
APPROVED_HOURS: Final = 24


def can_be_answered(connection: Connection) -> bool:
    """Whether somebody can say that what is held is right: of some contacts there are no numbers that say it of all."""
    return _has_numbers(connection.held_reason, connection.held_counts)


def waits_for_answer(tx: Transaction, run_id: int) -> bool:
    """Whether what a run holds can be approved or declined, and has not been approved."""
    held = holds.of_run(tx, run_id)
    return held is not None and _waits(held)


def _waits(held: Row) -> bool:
    if held.hold_id is None or held.answer == "approved":
        return False
    return _has_numbers(held.reason, held.counts)


def _has_numbers(reason: str | None, counts: Mapping[str, int] | None) -> bool:
    return reason in APPROVABLE and bool(counts)


def is_told(connection: Connection, ending: Ending) -> bool:
    """Whether a run only met what holds the connection already: that has been told."""
    is_same = connection.held_reason == ending.reason or stands_before(connection, ending)
    return ending.state is State.HELD and connection.held_at is not None and is_same


def stands_before(connection: Connection, ending: Ending) -> bool:
    """Whether something else holds it already that the CRM's trouble of now neither replaces nor lifts."""
    if connection.held_at is None or ending.reason not in OF_THE_SOURCE:
        return False
    # That contacts are missing is lifted by reading all of them, and by nothing else.
    is_shrunk = connection.held_reason == SHRUNK and ending.reason != SHRUNK
    return is_shrunk or connection.held_reason not in OF_THE_SOURCE


def hold(tx: Transaction, connection: Connection, run_id: int, ending: Ending) -> None:
    """Hold the connection, or pause it where somebody has to say which is the real one."""
    reason, message = ending.reason or "held", ending.message or ""
    if reason in PAUSING:
        connections.pause(tx, connection.connection_id, reason, message)
    elif reason != "only_if" and not stands_before(connection, ending):
        holds.hold(tx, connection.connection_id, run_id, reason, message, ending.counts)


def note(tx: Transaction, connection: Connection, ending: Ending) -> None:
    """A tick met what holds the connection already: its words may be others by now."""
    if is_told(connection, ending):
        holds.note(tx, connection.connection_id, ending.reason or "", ending.message or "")


def lift_of_the_source(tx: Transaction, connection: Connection, *, is_whole: bool) -> None:
    """The CRM was read: what it was held for no longer holds. All of it was read: what was approved has been done."""
    if is_whole:
        holds.end_approvals(tx, connection.connection_id, SHRUNK)
    if connection.held_reason in OF_THE_SOURCE:
        connections.release(tx, connection.connection_id)


def lifted(tx: Transaction, connection: Connection, ending: Ending) -> Ending:
    """The ending with a word on what held the connection when the run began, and does not any more."""
    if connection.held_at is None or connection.held_reason not in JUDGED_AGAIN:
        return ending
    now = connections.by_name(tx, connection.name)
    if now is None or now.held_reason == connection.held_reason:
        return ending
    told = f"what had held it since {minute(connection.held_at)} no longer does: {connection.held_reason}"
    return replace(ending, message="; ".join(filter(None, (ending.message, told))))


def approved_contacts(tx: Transaction, connection: Connection) -> int | None:
    """How few contacts somebody has said are right, or None."""
    counts: Mapping[str, int] = holds.approved(tx, connection.connection_id, SHRUNK) or {}
    return counts.get("read")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of an answer to what is held."""

    #: The connection's.
    name: str
    #: What was answered, in words; or that somebody said so before: who and when.
    told: str
    #: Whether it was said now; else nothing was changed.
    is_new: bool = True


def approve(ledger: Ledger, run_id: int, actor: str) -> Answered:
    """Say that what is held since a run is right. Audited, once.

    Raises UsageError where nothing is held, or where saying so does not help.
    """
    with ledger.transaction() as tx:
        held = _held(tx, run_id)
        if _is_approved(held):
            return _before(tx, held, run_id, "approve")
        _must_wait(held, "approving")
        if held.reason == GUARD:
            return Answered(held.name, _approve_plan(tx, held, run_id, actor))
        _answer(tx, held, run_id, "approved", actor)
    return Answered(held.name, f"{held.counts['read']:,} contacts, after {held.counts['last']:,}")


def _is_approved(held: Row) -> bool:
    return bool(held.is_approved) or held.answer == "approved"


def _before(tx: Transaction, held: Row, run_id: int, action: str) -> Answered:
    """Somebody has said so already: it is not said again."""
    done = audit.last(tx, held.name, (action,), {"run_id": run_id})
    by = "" if done is None else f" by {done.actor} at {minute(done.at)}"
    return Answered(held.name, f"{action}d already{by}", is_new=False)


def _approve_plan(tx: Transaction, held: Row, run_id: int, actor: str) -> str:
    """Let the plan of this run go, and no other one."""
    changes = guards.approve(tx, held.connection_id, run_id, actor, APPROVED_HOURS)
    holds.answer(tx, held.hold_id, "approved", actor, APPROVED_HOURS)
    connections.release(tx, held.connection_id)
    audit.write(tx, actor, "approve", held.name, {"run_id": run_id, "reason": GUARD, "changes": changes})
    return f"the plan's {changes:,} contacts and kinds of change"


def _must_wait(held: Row, doing: str) -> None:
    """Raises UsageError unless what is held waits for an answer: the same that a page asks before it offers one."""
    if not _waits(held):
        _must_be_approvable(held, doing)


def _must_be_approvable(held: Row, doing: str) -> None:
    if held.reason not in APPROVABLE:
        raise UsageError(
            f"the connection {held.name} is held, and {doing} does not help: {CATALOGUE[held.reason].meaning}",
            advice=CATALOGUE[held.reason].action,
        )
    if not held.counts:
        raise UsageError(
            f"the connection {held.name} is held because contacts were missing right before they were pushed: that is"
            " not all of them",
            advice=f"`reconciler run {held.name}` reads all; it goes on, or says what there is to approve",
        )


def decline(ledger: Ledger, run_id: int, actor: str, *, takes_back: bool = False) -> Answered:
    """Say that what is held since a run is wrong: it stays held until it looks right. Audited, once.

    `takes_back`: also what was approved and has yet to go. Raises UsageError as `approve` does.
    """
    with ledger.transaction() as tx:
        held = _held(tx, run_id)
        if held.answer == "declined":
            return _before(tx, held, run_id, "decline")
        if _is_approved(held) and not takes_back:
            return _before(tx, held, run_id, "approve")
        if held.hold_id is not None:
            if not _is_approved(held):
                _must_wait(held, "declining")
            _answer(tx, held, run_id, "declined", actor)
        else:
            guards.end_approval(tx, held.connection_id, run_id)
            audit.write(tx, actor, "decline", held.name, {"run_id": run_id, "reason": GUARD})
    return Answered(held.name, "declined")


def _held(tx: Transaction, run_id: int) -> Row:
    """What holds the connection since that run; or its plan, which was approved and has yet to go.

    Nobody else answers before the transaction ends.
    """
    held = holds.of_run_locked(tx, run_id)
    if held is None:
        raise UsageError("there is no such run", advice="`reconciler runs` lists them")
    if held.hold_id is None and not held.is_approved:
        told = f"look at `reconciler status {held.name}`"
        if held.held_run_id is not None:
            run = f"run {held.held_run_id}: look at its report, and answer that run"
            told = f"the connection {held.name} is held by the numbers of {run}"
        raise UsageError(f"nothing of run {run_id} is held now", advice=told)
    return held


def _answer(tx: Transaction, held: Row, run_id: int, said: str, actor: str) -> None:
    holds.answer(tx, held.hold_id, said, actor, APPROVED_HOURS)
    told = {"run_id": run_id, "reason": held.reason, "message": held.message, "counts": held.counts}
    audit.write(tx, actor, "approve" if said == "approved" else "decline", held.name, told)
