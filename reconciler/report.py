"""The record of a run: a value whose numbers must balance. Its JSON is a promise to users (schema_version 1)."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from reconciler.domain import Bucket, Reason, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA_VERSION: Final = 1


class Retry(enum.StrEnum):
    """When the contacts of a problem are tried again."""

    NEXT_RUN = "next_run"
    AT = "at"
    ON_CHANGE = "on_change"


@dataclass(frozen=True, slots=True)
class Problem:
    """What needs somebody, or will: how many contacts, who acts, and what there is to do."""

    code: str
    who: str
    action: str
    count: int
    first_seen_run: int
    #: Whether a verdict is another than before: what makes a run one with problems.
    is_new: bool = field(default=True, compare=False)
    retry: Retry | None = None
    #: When the first of its contacts is tried again although nothing changed.
    next_retry: dt.datetime | None = None

    def to_json(self, run_id: int) -> dict[str, object]:
        """The problem as a run's report has it: it is new where the run before did not have it."""
        names = ("code", "who", "action", "count", "first_seen_run")
        return {name: getattr(self, name) for name in names} | {
            "new": self.first_seen_run == run_id,
            "retry": self.retry and self.retry.value,
            "next_retry": self.next_retry and _time(self.next_retry),
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """Why contacts are in a bucket other than unchanged, added and updated, and who acts."""

    bucket: Bucket
    #: None: the reason is not known yet.
    code: str | None
    who: str
    count: int

    def to_json(self) -> dict[str, object]:
        return {"bucket": self.bucket.value, "code": self.code, "who": self.who, "count": self.count}


@dataclass(frozen=True, slots=True)
class Members:
    """The list's own count of mailable members before and after, and what is ours to explain the difference."""

    before: int
    added: int
    joined_elsewhere: int
    left_elsewhere: int
    after: int

    @property
    def balances(self) -> bool:
        return self.before + self.added + self.joined_elsewhere - self.left_elsewhere == self.after


@dataclass(frozen=True, slots=True)
class Standing:
    """How both sides stand: every contact of the CRM and every mailable member of the list, in exactly one place."""

    contacts: int
    held_back: Mapping[str, int]
    on_list: int
    members: int
    from_crm: int
    still_on_list: int
    others: int

    @property
    def balances(self) -> bool:
        crm = self.contacts == self.on_list + sum(self.held_back.values())
        there = self.members == self.from_crm + self.still_on_list + self.others
        return crm and there and self.on_list == self.from_crm


@dataclass(frozen=True, slots=True)
class Report:
    """One run, told once."""

    run_id: int
    connection: str
    state: State
    trigger: str
    actor: str | None
    mode: str
    reason: str | None
    message: str | None
    started_at: dt.datetime
    finished_at: dt.datetime
    list_id: str
    list_name: str
    account: str
    window: Mapping[str, object] | None
    read: int
    carried_in: int
    counts: Mapping[Bucket, int]
    suppressed: Mapping[Reason, int]
    members: Members | None
    standing: Standing
    field_refused: int
    drifted: int
    calls: Mapping[str, int]
    left_today: int
    seconds: Mapping[str, float]
    behind: int
    oldest_seconds: float
    digest: str | None
    planned_adds: int
    planned_updates: int
    problems: Sequence[Problem]
    version: str
    causes: Sequence[Cause] = ()
    #: The imports that this run sent, as Constant Contact names them.
    activities: Sequence[str] = ()
    mapping_digest: str | None = None

    @property
    def balances(self) -> dict[str, bool]:
        """Which of the three sums meet."""
        return {
            "contacts": self.read + self.carried_in == sum(self.counts.values()),
            "members": self.members is None or self.members.balances,
            "standing": self.standing.balances,
        }

    def to_json(self) -> dict[str, Any]:
        """The report as the object that `--json` prints, key for key."""
        return {
            "schema_version": SCHEMA_VERSION,
            "run_id": self.run_id,
            "connection": self.connection,
            "state": self.state.value,
            "trigger": self.trigger,
            "actor": self.actor,
            "mode": self.mode,
            "reason": self.reason,
            "message": self.message,
            "started_at": _time(self.started_at),
            "finished_at": _time(self.finished_at),
            "list": {"list_id": self.list_id, "name": self.list_name, "account": self.account},
            "window": self.window,
            "counts": {"read": self.read, "carried_in": self.carried_in}
            | {bucket.value: self.counts.get(bucket, 0) for bucket in Bucket},
            "suppressed": {reason.value: count for reason, count in sorted(self.suppressed.items())},
            "reasons": [cause.to_json() for cause in self.causes],
            "members": _members(self.members),
            "standing": _standing(self.standing),
            "balanced": self.balances,
            "field_refused": self.field_refused,
            "drift": {"members": self.drifted},
            "api": {
                "calls": sum(self.calls.values()),
                "by_operation": dict(sorted(self.calls.items())),
                "left_today": self.left_today,
                "activities": list(self.activities),
            },
            "seconds": {stage: round(seconds, 1) for stage, seconds in self.seconds.items()},
            "behind": {"contacts": self.behind, "oldest_seconds": round(self.oldest_seconds)},
            "plan": {"digest": self.digest, "added": self.planned_adds, "updated": self.planned_updates},
            "problems": [problem.to_json(self.run_id) for problem in self.problems],
            "mapping": {"digest": self.mapping_digest},
            "version": self.version,
        }


def conclude(state: State, report_balances: Mapping[str, bool], problems: Sequence[Problem]) -> State:
    """The state that a run's record shows: something new that needs somebody is never plain green."""
    if state not in (State.COMPLETED, State.NOTHING_TO_DO, State.OBSERVED):
        return state
    if not all(report_balances.values()):
        return State.COMPLETED_WITH_PROBLEMS
    if state is not State.OBSERVED and any(problem.is_new and problem.code in _NEEDS_SOMEBODY for problem in problems):
        return State.COMPLETED_WITH_PROBLEMS
    return state


#: Newly rejected, newly invalid, in doubt: what makes a run one with problems.
_NEEDS_SOMEBODY: Final = frozenset(
    {
        "invalid",
        "needs_single_write",
        "too_many_lists",
        "rejected",
        "refused_by_import",
        "refused_in_import",
        "stuck",
        "refused_singly",
        "permission_changed",
        "not_taken",
        "not_yet_seen",
        "still_running",
        "unanswered",
        "unavailable",
    }
)


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _members(members: Members | None) -> dict[str, int] | None:
    if members is None:
        return None
    return {
        "before": members.before,
        "added": members.added,
        "joined_elsewhere": members.joined_elsewhere,
        "left_elsewhere": members.left_elsewhere,
        "after": members.after,
    }


def _standing(standing: Standing) -> dict[str, Any]:
    return {
        "crm": {
            "contacts": standing.contacts,
            "on_list": standing.on_list,
            "held_back": dict(sorted(standing.held_back.items())),
        },
        "list": {
            "members": standing.members,
            "from_crm": standing.from_crm,
            "still_on_list": standing.still_on_list,
            "others": standing.others,
        },
    }
