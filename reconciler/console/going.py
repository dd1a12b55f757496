"""The page where a run that was asked for here can be waited for, until it has a report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.routes import Route
from reconciler.ledger import console
from reconciler.reconcile import ALREADY_RUNNING

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row

#: What a run that did not take place leaves instead of a report, in words.
_WORDS: Final = {
    ALREADY_RUNNING: "Another run goes on: this one was not needed.",
    "paused": "It is paused: nothing was run.",
    "quarantined": "Its runs failed again and again, and it is tried more rarely: nothing was run.",
}


def going(visit: Visit) -> Answer:
    """Wait, or go to the run."""
    connection, background = visit.connection, visit.desk.background
    words = background.last_words(connection.name)
    is_busy = background.is_busy(connection.name)
    with visit.ledger.transaction() as tx:
        newest = console.newest_run(tx, connection.connection_id)
    if newest is not None and _is_to_be_looked_at_again(connection, newest) and not is_busy:
        return Elsewhere(address(connection.name, "start"))
    has_begun = newest is not None and newest.state is None
    if newest is not None and words == ALREADY_RUNNING:
        return _not_needed(connection.name, int(newest.run_id), has_begun=has_begun)
    if newest is not None and (has_begun or not (is_busy or words)):
        return Elsewhere(f"/runs/{newest.run_id}")
    told = "A run begins in a moment." if is_busy else _WORDS.get(words or "", words) or "No run yet."
    content = {"connection": connection.name, "goes_on": is_busy, "told": told, "back": address(connection.name)}
    return Page("going.html", f"{connection.name}: run", content)


def _not_needed(name: str, run_id: int, *, has_begun: bool) -> Page:
    """Another run had the connection when this one was to begin: which."""
    told = f"Run {run_id} {'goes on' if has_begun else 'went on'} already: another one was not needed."
    content = {"connection": name, "goes_on": False, "told": told, "back": address(name), "run": run_id}
    return Page("going.html", f"{name}: run", content)


def _is_to_be_looked_at_again(connection: Connection, newest: Row) -> bool:
    """Whether the first sync was to be started, and its plan was another by then."""
    is_started = connection.started_at is not None and not connection.observe
    return not is_started and newest.reason == "only_if"


ROUTES: Final = (Route("GET", "/connections/{name}/going", Role.VIEWER, going),)
