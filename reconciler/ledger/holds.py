"""What is held instead of done, why, and what somebody said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.ledger.database import as_json, one, run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.ledger.database import Row, Transaction


def hold(
    tx: Transaction, connection_id: int, run_id: int, reason: str, message: str, counts: Mapping[str, int]
) -> None:
    """Hold a connection. What is held for the same reason already stays the same hold, with its new numbers."""
    told = {"reason": reason, "message": message, "counts": as_json(dict(counts))}
    run(tx, "connection_lock", connection_id=connection_id)
    begun = run(tx, "connection_hold", connection_id=connection_id, run_id=run_id, **told).one()
    if begun.is_new:
        run(tx, "hold_begin", connection_id=connection_id, run_id=run_id, held_at=begun.held_at, **told)


def note(tx: Transaction, connection_id: int, reason: str, message: str) -> None:
    """Note in words how what holds a connection stands now; nothing where it has been lifted meanwhile."""
    run(tx, "connection_lock", connection_id=connection_id)
    run(tx, "hold_note", connection_id=connection_id, reason=reason, message=message)


def of_run(tx: Transaction, run_id: int) -> Row | None:
    """A run with what holds its connection since that run or before; None where there is no such run."""
    return one(tx, "hold_of_run", run_id=run_id)


def of_run_locked(tx: Transaction, run_id: int) -> Row | None:
    """The same, as it is when whoever else changes it has done so; nobody changes it before the transaction ends."""
    found = of_run(tx, run_id)
    if found is not None:
        run(tx, "connection_lock", connection_id=found.connection_id)
    return of_run(tx, run_id)


def answer(tx: Transaction, hold_id: int, said: str, actor: str, hours: int) -> None:
    """Note that somebody approved or declined; an approval counts for so many hours."""
    run(tx, "hold_answer", hold_id=hold_id, answer=said, actor=actor, hours=hours)


def approved(tx: Transaction, connection_id: int, reason: str) -> Mapping[str, Any] | None:
    """The numbers that an approval covers which still counts, or None: also after another hold in between."""
    row = one(tx, "hold_approved", connection_id=connection_id, reason=reason)
    return None if row is None else row.counts


def end_approvals(tx: Transaction, connection_id: int, reason: str) -> None:
    """What was approved has been done: the next time somebody has to say it anew."""
    run(tx, "hold_end_approvals", connection_id=connection_id, reason=reason)
