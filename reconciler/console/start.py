"""The first sync: what it would do is looked at first, then somebody starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import connections, first_sync
from reconciler.console.access import Role
from reconciler.console.actions import address, what_stops_a_push
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.domain import State
from reconciler.errors import UsageError
from reconciler.ledger import console
from reconciler.request import Request

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row

#: So old what was looked at may be when it is started.
_PLAN_SECONDS: Final = 900.0
_LOOKED_AT: Final = (State.OBSERVED.value, State.NOTHING_TO_DO.value)


def ask(visit: Visit) -> Answer:
    connection, name = visit.connection, visit.connection.name
    if connection.started_at is not None and not connection.observe:
        return Elsewhere(address(name))
    is_busy, found = visit.desk.background.is_busy(name), _found(visit)
    content: dict[str, Any] = {
        "connection": name,
        "account": connection.account.organization,
        "list": connection.list_name,
        "goes_on": is_busy,
        "told": None if is_busy else _trouble(visit, found),
        "run_id": found and found.run_id,
        "but": what_stops_a_push(visit),
    }
    if found is not None and found.state in _LOOKED_AT and not is_busy:
        pace = visit.desk.here.pace(connection)
        content["consequences"] = first_sync.of_run(visit.ledger, connection, found, pace).to_json()
    return Page("start.html", "First sync", content)


def look(visit: Visit) -> Answer:
    """Plan the first sync; nothing is pushed."""
    name = visit.connection.name

    def act() -> str:
        visit.desk.background.run(name, Request("connect", visit.actor, plan_only=True))
        return address(name, "start")

    return once(visit, address(name, "start"), act)


def start(visit: Visit) -> Answer:
    """From now on runs push; the first one begins at once."""
    connection, name = visit.connection, visit.connection.name

    def act() -> str:
        found = _found(visit)
        if found is None or found.state not in _LOOKED_AT:
            raise UsageError(
                "nobody has looked at this first sync within the last minutes",
                advice="see what it would do, then start it",
            )
        connections.start(visit.ledger, connection, visit.actor)
        visit.desk.background.run(name, Request("console", visit.actor))
        return address(name, "going")

    return once(visit, address(name, "going"), act)


def _found(visit: Visit) -> Row | None:
    with visit.ledger.transaction() as tx:
        return console.first_plan(tx, visit.connection.connection_id, _PLAN_SECONDS)


def _trouble(visit: Visit, found: Row | None) -> str | None:
    """Why there is nothing to be looked at, where somebody has tried."""
    if found is None:
        return visit.desk.background.last_words(visit.connection.name)
    return None if found.state in _LOOKED_AT else found.report.get("message")


ROUTES: Final = (
    Route("GET", "/connections/{name}/start", Role.ADMIN, ask),
    Route("POST", "/connections/{name}/look", Role.ADMIN, look),
    Route("POST", "/connections/{name}/start", Role.ADMIN, start),
)
