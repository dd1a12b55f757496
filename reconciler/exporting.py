"""An export of the list, from asking for it to its end. Where it comes to nothing, pages are read instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler import polling
from reconciler.errors import ApiRefused, NotFound, QueueFull

if TYPE_CHECKING:
    from reconciler.constant_contact.wire import Activity
    from reconciler.work import Work

#: After so many looks an export is not waited for.
_MOST_POLLS: Final = 12
#: What the next export of a run is expected to take, beyond what the last one took.
_SPARE: Final = 1.05


def of_the_list(work: Work, *, mailable: bool = False) -> Activity | None:
    """Have the list exported, all of it or the mailable on it, and wait until that is done; None where it is not."""
    try:
        activity_id = work.api.start_export(work.mapped.list_id, mailable=mailable)
    except (ApiRefused, QueueFull):
        return None
    limits, began = work.connection.limits, work.monotonic()
    pause = max(limits.poll_first_seconds, work.waited.get("export", 0.0) * _SPARE)
    for _ in range(_MOST_POLLS):
        work.sleep(pause)
        try:
            activity = work.api.activity(activity_id)
        except NotFound:
            return None
        if activity.has_ended:
            work.waited["export"] = work.monotonic() - began
            return activity if activity.state == "completed" and activity.results else None
        pause = polling.next_pause(pause, limits.poll_most_seconds, [left(work, activity)])
    return None


def left(work: Work, activity: Activity) -> float | None:
    """How many seconds an activity still takes, as far as it says."""
    return polling.seconds_left(activity.percent, activity.started_at, work.api.now())
