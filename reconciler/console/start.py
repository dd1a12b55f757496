"""The first sync: what it would do is looked at first, then somebody starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import first_sync
from reconciler.console.access import Role
from reconciler.console.actions import address, go, what_stops_a_push
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.domain import State
from reconciler.errors import UsageError
from reconciler.ledger import audit, console
from reconciler.ledger import connections as stored
from reconciler.request import Request
from reconciler.token_end import minute

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row, Transaction

#: So old what was looked at may be when it is started.
_PLAN_SECONDS: Final = 900.0
_LOOKED_AT: Final = (State.OBSERVED.value, State.NOTHING_TO_DO.value)
_START: Final = "start"
#: Why a run pushed nothing whose plan was another than the one that was started.
_OTHER_PLAN: Final = "only_if"


def ask(visit: Visit) -> Answer:
    connection, name = visit.connection, visit.connection.name
    if connection.started_at is not None and not connection.observe:
        return Elsewhere(address(name))
    is_busy, found = visit.desk.background.is_busy(name), _found(visit, None)
    content: dict[str, Any] = {
        "connection": name,
        "account": connection.account.organization,
        "list": connection.list_name,
        "goes_on": is_busy,
        "told": None if is_busy else _trouble(visit, found),
        "run_id": found and found.run_id,
        "but": what_stops_a_push(visit),
        "has_changed": found is not None and found.reason == _OTHER_PLAN and not is_busy,
    }
    if found is not None and _is_a_plan(found) and not is_busy:
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
    """The first run begins at once; where its plan is the one that was shown, it and all after it push."""

    def act() -> str:
        found = _found(visit, run_id) if (run_id := visit.number("run_id")) is not None else None
        if found is None or not _is_a_plan(found) or found.digest is None:
            raise UsageError(
                "nobody has looked at this first sync within the last minutes, or something has run since",
                advice="see what it would do, then start it",
            )
        counts = found.report["plan"]
        told = {"plan": found.run_id, "added": counts["added"], "updated": counts["updated"]}
        request = Request("console", visit.actor, only_if=found.digest, starts=True)
        return go(visit, request, _START, told, lambda tx: _must_be_first(tx, visit, found.run_id))

    return once(visit, address(visit.connection.name, "going"), act)


def _must_be_first(tx: Transaction, visit: Visit, run_id: int) -> None:
    """Raises UsageError where somebody has started with this plan before."""
    stored.lock(tx, visit.connection.connection_id)
    done = audit.last(tx, visit.connection.name, (_START,), {"plan": run_id})
    if done is not None:
        raise UsageError(
            f"this first sync was started already: by {done.actor} at {minute(done.at)}",
            advice=f"look at the page of {visit.connection.name}, and see what it would do now",
        )


def _is_a_plan(found: Row) -> bool:
    """Whether what it would do can be shown, and started."""
    return found.state in _LOOKED_AT or found.reason == _OTHER_PLAN


def _found(visit: Visit, run_id: int | None) -> Row | None:
    with visit.ledger.transaction() as tx:
        return console.first_plan(tx, visit.connection.connection_id, run_id, _PLAN_SECONDS)


def _trouble(visit: Visit, found: Row | None) -> str | None:
    """Why there is nothing to be looked at, where somebody has tried."""
    if found is None:
        return visit.desk.background.last_words(visit.connection.name)
    return None if _is_a_plan(found) else found.report.get("message")


ROUTES: Final = (
    Route("GET", "/connections/{name}/start", Role.ADMIN, ask),
    Route("POST", "/connections/{name}/look", Role.ADMIN, look),
    Route("POST", "/connections/{name}/start", Role.ADMIN, start),
)
