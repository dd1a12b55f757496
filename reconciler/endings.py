"""How a run ends: by itself, or by the world's trouble, put into a state and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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
    Mistake,
    NotFound,
    ReconcilerError,
    StatementError,
    TokenEnded,
)


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


#: The token has ended by itself: known without a call.
KNOWN_END: Final = "token_ended"
ABANDONED: Final = Ending(State.ABANDONED, left="abandoned", left_message="the run died before it was sent")


class OtherPlan(ReconcilerError):
    """The plan is not the one that was asked for."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"the plan has the digest {digest}, not the one that was demanded: nothing was pushed",
            advice="look with `reconciler plan NAME` and demand its digest",
        )


def ending_of(error: ReconcilerError, *, has_sent: bool) -> Ending:  # noqa: C901, PLR0911, PLR0912 - a line a trouble is the point
    """What became of a run that the world stopped."""
    told = " - ".join(filter(None, (str(error), error.advice)))
    match error:
        case OtherPlan():
            return Ending(State.HELD, "only_if", told, "held", "held")
        case TokenEnded():
            return Ending(State.DISCONNECTED, KNOWN_END, told, "disconnected", "disconnected")
        case GrantEnded():
            return Ending(State.DISCONNECTED, "grant_ended", told, "disconnected", "disconnected")
        case AccessRefused():
            return Ending(State.DISCONNECTED, "token_refused", told, "disconnected", "disconnected")
        case Forbidden():
            return Ending(State.HELD, "forbidden", told, "held", "held")
        case NotFound():
            return Ending(State.HELD, "list_gone", told, "held", "held")
        case BatchRefused():
            return Ending(State.HELD, "batch_refused", told, "batch_refused", "batch_refused")
        case ApiRefused():
            return Ending(State.HELD, "refused", told, "held", "held")
        case StatementError():
            return Ending(State.HELD, "statement", told, "held", "held")
        case DailyLimitReached():
            return Ending(State.QUOTA, "quota", told, "quota", "quota")
        case ApiUnavailable():
            state = State.COMPLETED_WITH_PROBLEMS if has_sent else State.FAILED
            return Ending(state, "unavailable", told, "unavailable", "unavailable")
        case LeaseLost():
            return Ending(State.CANCELLED, "lease_lost", told, "failed", "failed")
        case Mistake():
            return Ending(State.FAILED, "unforeseen", told, "failed", "failed")
        case CrmError():
            return Ending(State.FAILED, "crm", told, "failed", "failed")
        case _:
            return Ending(State.FAILED, "failed", told, "failed", "failed")
