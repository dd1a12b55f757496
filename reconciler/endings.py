"""How a run ends: by itself, or by the world's trouble, put into a state and words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from reconciler.domain import State
from reconciler.errors import (
    AccessRefused,
    ApiRefused,
    ApiUnavailable,
    BatchRefused,
    CrmError,
    DailyLimitReached,
    Forbidden,
    GrantEnded,
    LeaseLost,
    LedgerMoved,
    ListGone,
    Mistake,
    Moved,
    NotFound,
    QueueFull,
    ReconcilerError,
    SchemaChanged,
    SourceMoved,
    SourceShrunk,
    StatementError,
    Stopped,
    Throttled,
    TokenEnded,
    Untrusted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, before its numbers are known."""

    state: State
    reason: str | None = None
    message: str | None = None
    #: A problem of the whole run, by its code.
    code: str | None = None
    #: Why planned changes that were not sent were not.
    left: str = "moved"
    left_message: str = ""
    #: The numbers behind a hold.
    counts: Mapping[str, int] = field(default_factory=dict)


#: The lease is another's.
LOST: Final = "lease_lost"
#: The token has ended by itself: known without a call.
KNOWN_END: Final = "token_ended"
ABANDONED: Final = Ending(State.ABANDONED, left="abandoned", left_message="the run died before it was sent")


class OtherPlan(ReconcilerError):
    """The plan is not the one that was asked for."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"the plan is {digest}, and not the one that was demanded: nothing was pushed",
            advice="look with `reconciler plan NAME` and demand that one",
        )


def ending_of(error: ReconcilerError, *, has_sent: bool) -> Ending:  # noqa: C901, PLR0911, PLR0912 - a line a trouble is the point
    """What became of a run that the world stopped."""
    told = " - ".join(filter(None, (str(error), error.advice)))
    passes = State.COMPLETED_WITH_PROBLEMS if has_sent else State.FAILED
    match error:
        case OtherPlan():
            return _stopped(State.HELD, "only_if", told)
        case TokenEnded():
            return _stopped(State.DISCONNECTED, KNOWN_END, told)
        case GrantEnded():
            return _stopped(State.DISCONNECTED, "grant_ended", told)
        case AccessRefused():
            return _stopped(State.DISCONNECTED, "token_refused", told)
        case Untrusted():
            return _stopped(State.HELD, "untrusted", told)
        case Forbidden():
            return _stopped(State.HELD, "forbidden", told)
        case ListGone():
            return _stopped(State.HELD, "list_gone", told)
        case NotFound():
            return _stopped(State.HELD, "not_found", told)
        case BatchRefused():
            return _stopped(State.HELD, "batch_refused", told)
        case ApiRefused():
            return _stopped(State.HELD, "refused", told)
        case CrmError() | Moved():
            return _of_the_databases(error, told)
        case DailyLimitReached():
            return _stopped(State.QUOTA, "quota", told)
        case QueueFull():
            return _stopped(passes, "queue_full", told)
        case Throttled():
            return _stopped(passes, "throttled", told)
        case ApiUnavailable():
            return _stopped(passes, "unavailable", told)
        case Stopped():
            return _stopped(State.CANCELLED, "interrupted", told)
        case LeaseLost():
            return _stopped(State.CANCELLED, LOST, told)
        case Mistake():
            return _stopped(State.FAILED, "unforeseen", told)
        case _:
            return _stopped(State.FAILED, "failed", told)


def _of_the_databases(error: CrmError | Moved, told: str) -> Ending:
    """The CRM or the ledger is not what it was, or can't be read."""
    match error:
        case SourceMoved():
            return _stopped(State.HELD, "other_crm", told)
        case LedgerMoved():
            return _stopped(State.HELD, "other_ledger", told)
        case SchemaChanged():
            return _stopped(State.HELD, "schema_changed", told)
        case SourceShrunk(counts=counts):
            return replace(_stopped(State.HELD, "source_shrunk", told), counts=counts)
        case StatementError():
            return _stopped(State.HELD, "statement", told)
        case _:
            return _stopped(State.FAILED, "crm", told)


def _stopped(state: State, code: str, told: str) -> Ending:
    """One code is the run's reason, its problem, and why what was planned was not sent."""
    return Ending(state, code, told, code, code)
