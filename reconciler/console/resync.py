"""A full resync: first the plan and its consequences are shown, then that plan is confirmed, and no other one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from reconciler import first_sync
from reconciler.console import asking
from reconciler.console.access import Role
from reconciler.console.actions import address, go, what_stops_a_push
from reconciler.console.answers import Page
from reconciler.console.asking import Question
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.ledger import console
from reconciler.request import Request
from reconciler.token_end import minute

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row, Transaction

RESYNC: Final = "resync"
_LOOK: Final = "resync plan"
#: So old a plan may be when it is confirmed.
_PLAN_SECONDS: Final = 900.0
#: A full comparison costs many calls: one in so long a time is enough.
_PAUSE: Final = dt.timedelta(minutes=15)


def ask(visit: Visit) -> Answer:
    name = visit.connection.name
    will = [
        "Both sides are read in full and compared. Nothing is pushed yet: you see what would change, and decide then.",
        "Reading everything takes some minutes and some hundreds of calls for a large list.",
    ]
    button = "See what it would do"
    return asking.page(Question("Full resync", will, button, address(name, "resync/plan"), address(name)), name)


def look(visit: Visit) -> Answer:
    to = address(visit.connection.name, "resync/plan")
    request = Request("console", visit.actor, full=True, plan_only=True)

    def act() -> str:
        go(visit, request, _LOOK)
        return to

    return once(visit, to, act)


def plan(visit: Visit) -> Answer:
    """The plan with its consequences once it is there, and the button that pushes it."""
    connection, name = visit.connection, visit.connection.name
    if visit.desk.background.is_busy(name):
        told = "Both sides are being read and compared."
        content = {"connection": name, "goes_on": True, "told": told, "back": address(name)}
        return Page("going.html", "Full resync", content)
    found = _plan(visit, None)
    if found is None:
        newest, words = _newest(visit), visit.desk.background.last_words(name)
        told = words or "There is no plan that can be confirmed: it is too old, or something has run since."
        content = {"connection": name, "goes_on": False, "told": told, "back": address(name, "resync"), "run": newest}
        return Page("going.html", "Full resync", content)
    pace = visit.desk.here.pace(connection)
    consequences = first_sync.of_run(visit.ledger, connection, found, pace)
    will = [
        *what_stops_a_push(visit),
        "Exactly this is pushed: if it would be anything else by now, nothing is, and you are told.",
    ]
    along = {"run_id": str(found.run_id)}
    to, back = address(name, RESYNC), address(name)
    question = Question("Push this plan", will, "Push this plan", to, back, along=along)
    return asking.page(question, name, consequences=consequences.to_json(), run_id=found.run_id)


def confirm(visit: Visit) -> Answer:
    def act() -> str:
        found = _plan(visit, visit.number("run_id"))
        if found is None:
            raise UsageError(
                "this plan can't be confirmed any more: it is too old, or something has run since",
                advice="look at what a full resync would do once more",
            )
        request = Request("console", visit.actor, full=True, only_if=found.digest)
        counts = found.report["plan"]
        told = {"plan": found.run_id, "added": counts["added"], "updated": counts["updated"]}
        return go(visit, request, RESYNC, told, lambda tx: _must_be_long_ago(tx, visit))

    return once(visit, address(visit.connection.name, "going"), act)


def _must_be_long_ago(tx: Transaction, visit: Visit) -> None:
    last = console.last_resync(tx, visit.connection.connection_id)
    if last is not None and visit.now - last < _PAUSE:
        raise UsageError(
            f"a full resync was begun at {minute(last)}: one in {_PAUSE.seconds // 60} minutes is the most",
            advice=f"the next can be begun at {minute(last + _PAUSE)}",
        )


def _plan(visit: Visit, run_id: int | None) -> Row | None:
    with visit.ledger.transaction() as tx:
        return console.plan_of(tx, visit.connection.connection_id, run_id, _PLAN_SECONDS)


def _newest(visit: Visit) -> int | None:
    with visit.ledger.transaction() as tx:
        newest = console.newest_run(tx, visit.connection.connection_id)
    return None if newest is None else int(newest.run_id)


ROUTES: Final = (
    Route("GET", "/connections/{name}/resync", Role.ADMIN, ask, is_sensitive=True),
    Route("POST", "/connections/{name}/resync/plan", Role.ADMIN, look, is_sensitive=True),
    Route("GET", "/connections/{name}/resync/plan", Role.ADMIN, plan, is_sensitive=True),
    Route("POST", "/connections/{name}/resync", Role.ADMIN, confirm, is_sensitive=True),
)
