"""How far a run is that goes on: a part of its page that is asked for again and again, until it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import forecast
from reconciler.console import stages
from reconciler.console.access import Role
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.console.stages import Counts
from reconciler.ledger import console_runs
from reconciler.page import STATES

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row


def progress(visit: Visit) -> Answer:
    """The part of the page alone."""
    return Page("progress.html", f"Run {visit.run_id}", content(visit))


def content(visit: Visit) -> dict[str, Any]:
    """How far the run is; where it has ended, how."""
    with visit.ledger.transaction() as tx:
        found = console_runs.progress(tx, visit.run_id)
        counts = Counts(found.has_plan, found.added, found.updated, int(found.sent), int(found.settled))
        minutes = None
        if found.state is None and counts.has_plan:
            pace = visit.desk.here.pace(visit.connection)
            minutes = forecast.of_writing(tx, visit.connection, visit.run_id, pace).minutes
    return {
        "run_id": visit.run_id,
        "connection": visit.connection.name,
        "mode": found.mode,
        "state": found.state,
        "goes_on": found.state is None,
        "has_report": found.has_report,
        "started_at": found.started_at.isoformat(),
        "stages": stages.of(counts) if found.state is None else [],
        "told": _told(found, counts, minutes),
    }


def _told(found: Row, counts: Counts, minutes: int | None) -> str:
    if found.has_report:
        return f"It has ended: {STATES[found.state]}."
    if found.state is not None:
        return "It does not move any more: the next run takes up what it has left."
    return stages.estimate(counts, minutes)


ROUTES: Final = (Route("GET", "/runs/{run_id}/progress", Role.VIEWER, progress),)
