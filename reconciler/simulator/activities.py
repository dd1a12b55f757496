"""Bulk activities: accepted at once, done some time later, forgotten after ten days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.simulator.clock import DAY_SECONDS, stamp

KEPT_SECONDS: Final = 10 * DAY_SECONDS  # developer.constantcontact.com/api_guide/activity_status
FILTERS: Final = frozenset({"processing", "completed", "cancelled", "failed", "timed_out"})  # no "initialized"

_STARTS_AFTER = 0.25  # of its time an activity is only initialized


@dataclass(frozen=True)
class Outcome:
    """What an activity came to."""

    counts: Mapping[str, int] = field(default_factory=dict)
    file: bytes | None = None
    """The result of an export."""


Work = Callable[[float], Outcome]


@dataclass
class Activity:
    """One activity. `work` is done when its time has come, and told that time."""

    activity_id: str
    created: float
    due: float
    work: Work
    ends: str = "completed"
    results: str = ""
    """Where the result will be, for an export."""
    outcome: Outcome | None = None

    def state(self, now: float) -> str:
        """Say the state as the API names it."""
        if self.outcome is not None:
            return self.ends
        return "processing" if now > self._started else "initialized"

    @property
    def _started(self) -> float:
        return self.created + (self.due - self.created) * _STARTS_AFTER

    def shown(self, now: float) -> dict[str, object]:
        """Show it as the API does; before it starts there is no more than its id."""
        state, created = self.state(now), stamp(self.created)
        shown: dict[str, object] = {"activity_id": self.activity_id, "state": state, "created_at": created}
        shown |= {"updated_at": created, "activity_errors": [], "_links": self._links(state)}
        if state == "initialized":
            return shown
        shown |= {"started_at": stamp(self._started), "percent_done": self._percent(now)}
        if self.outcome is not None:
            done = stamp(self.due)
            shown |= {"completed_at": done, "updated_at": done, "status": dict(self.outcome.counts)}
        return shown

    def _percent(self, now: float) -> int:
        if self.outcome is not None:
            return 100
        return min(99, int(100 * (now - self._started) / max(self.due - self._started, 0.001)))

    def _links(self, state: str) -> dict[str, object]:
        links: dict[str, object] = {"self": {"href": f"/v3/activities/{self.activity_id}"}}
        if self.results and state == "completed":
            links["results"] = {"href": self.results}
        return links


class Activities:
    """The account's activities, in the order in which they were posted."""

    def __init__(self) -> None:
        self._all: dict[str, Activity] = {}

    def add(self, activity: Activity) -> None:
        """Queue an activity."""
        self._all[activity.activity_id] = activity

    def queued(self) -> int:
        """Count those that aren't done."""
        return sum(activity.outcome is None for activity in self._all.values())

    def settle(self, now: float) -> None:
        """Do the work of every activity whose time has come, in that order."""
        due = [each for each in self._all.values() if each.outcome is None and each.due <= now]
        for activity in sorted(due, key=lambda each: each.due):
            if activity.ends == "completed":
                activity.outcome = activity.work(activity.due)
            elif activity.ends != "never":
                activity.outcome = Outcome()

    def find(self, activity_id: str, now: float) -> Activity | None:
        """Find one that is still kept."""
        activity = self._all.get(activity_id)
        return activity if activity and now - activity.created < KEPT_SECONDS else None

    def kept(self, now: float) -> Iterator[Activity]:
        """List those that are still kept, the newest first."""
        return (each for each in reversed(self._all.values()) if now - each.created < KEPT_SECONDS)
