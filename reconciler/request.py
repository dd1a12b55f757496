"""What is asked of a run, and what the connection's own state makes of it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import holding, quarantine, token_end
from reconciler.domain import State
from reconciler.endings import KNOWN_END, Ending
from reconciler.ledger import runs, sharing, usage

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction

_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_SILVER: Final = math.sqrt(2) - 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a run."""

    trigger: str
    actor: str | None = None
    full: bool = False
    only_if: str | None = None
    #: Start the connection with this run's plan, where nothing stands in the way.
    starts: bool = False
    #: Only decide: no verdict is remembered and nothing is pushed.
    plan_only: bool = False
    #: Leave no run where there is nothing to do.
    is_tick: bool = False
    #: Only this contact, and who shares its address. No watermark moves.
    only: str | None = None
    #: How long to wait for a run that goes on.
    wait_seconds: float = 0.0


def reason_for_full(connection: Connection, request: Request) -> str | None:
    """Why both sides are compared in full, or None. The CRM itself may give another reason."""
    if request.full:
        return "forced"
    if connection.swept_at is None:
        return "first_run"
    return connection.sweep_reason or ("daily_sweep" if is_sweep_due(connection) else None)


def is_sweep_due(connection: Connection) -> bool:
    """Whether a time at which this connection sweeps has come since its last sweep.

    These times are a period apart, and spread: however many connections were made in one minute, they never all sweep
    in one minute. Where the sweeps of its API key's connections would take more than half of the key's day, one in so
    many periods is the connection's own, and they are spread over these too. Its time of day stays the same, so that
    nobody sweeps sooner because the number has changed.
    """
    period = connection.limits.sweep_seconds
    if connection.swept_at is None or period <= 0:
        return True
    # These ratios spread consecutive numbers as evenly as can be, and each other's too.
    first = connection.connected_at + dt.timedelta(seconds=period * _place(connection, _GOLDEN))
    own, stretch = math.floor(_place(connection, _SILVER) * connection.sweep_stretch), connection.sweep_stretch
    now, last = (_whole_periods(first, moment, period) for moment in (connection.now, connection.swept_at))
    return (now - own) // stretch > (last - own) // stretch


def _place(connection: Connection, ratio: float) -> float:
    return connection.connection_id * ratio % 1


def _whole_periods(since: dt.datetime, moment: dt.datetime, period: float) -> int:
    return math.floor((moment - since).total_seconds() / period)


def is_mirror_fresh(connection: Connection, reason: str) -> bool:
    """Whether a first run can use the mirror that `connect` pulled."""
    pulled = connection.pulled_whole_at
    if reason != "first_run" or pulled is None:
        return False
    return (connection.now - pulled).total_seconds() <= connection.limits.mirror_fresh_seconds


def why_not_push(connection: Connection, request: Request, *, read_only: bool) -> str | None:
    """Why nothing is pushed although something could be, or None."""
    if request.plan_only:
        return "observed"
    if read_only:
        return "read_only"
    if request.starts:
        return None
    if connection.observe:
        return "observed"
    return "not_started" if connection.started_at is None else None


def is_stopped_for_today(tx: Transaction, connection: Connection, request: Request, per_day: int) -> bool:
    """Whether a tick would only say once more that the day's calls are spent: an earlier run of the day has said it.

    What is left may be kept for the other connections of the key.
    """
    last = runs.latest(tx, connection.connection_id)
    if not request.is_tick or last is None or last.state != State.QUOTA:
        return False
    left = usage.left_today(tx, connection.account.key_fingerprint, per_day)
    return left <= sharing.kept_for_others(tx, connection, per_day)


def standing_stop(connection: Connection, request: Request) -> Ending | None:
    """What stops a run before any call: no token that works; and for a tick, a hold that somebody has to lift."""
    if connection.disconnected_at is not None:
        return Ending(
            State.DISCONNECTED, "disconnected", connection.disconnected_reason, "disconnected", "disconnected"
        )
    if (end := token_end.of_account(connection.account, connection.now)).has_ended:
        told = f"{end.warning or 'there is no token'}: `reconciler connect {connection.name}`"
        return Ending(State.DISCONNECTED, KNOWN_END, told, KNOWN_END, KNOWN_END)
    if request.is_tick and is_held_there(connection) and not _is_tried_again(connection):
        return Ending(State.HELD, connection.held_reason, connection.held_message, "held", "held")
    return None


def is_guarded(connection: Connection, request: Request) -> bool:
    """Whether a tick has only to judge once more what a guard holds: from the mirrors alone, without a call."""
    return request.is_tick and connection.held_reason == holding.GUARD


def is_insisted_on(request: Request) -> bool:
    """Whether somebody wants it now, though it has failed again and again."""
    return request.full or request.plan_only or request.only is not None or request.trigger == "approve"


def _is_tried_again(connection: Connection) -> bool:
    """Whether a hold is one that ticks try again, and its time has come."""
    is_one = connection.held_reason in quarantine.TRIED_AGAIN and connection.next_attempt_at is not None
    return is_one and quarantine.is_due(connection)


def is_held_there(connection: Connection) -> bool:
    """Whether something at Constant Contact holds it, which only a run by hand lifts; the others lift by themselves."""
    return connection.held_at is not None and connection.held_reason not in holding.JUDGED_AGAIN
