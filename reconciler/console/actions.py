"""Run now, pause, resume, disconnect, sync one contact: each asks once and calls what its command calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from reconciler import connections, pausing, token_end
from reconciler.console import asking, references
from reconciler.console.access import Role
from reconciler.console.asking import Question
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.ledger import audit, leases
from reconciler.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Transaction

#: What a connection's history of actions calls them.
RUN: Final = "run"
SYNC_ONE: Final = "sync one"


def address(name: str, action: str = "") -> str:
    """The address of a connection's page, or of an action on it."""
    return f"/connections/{quote(name, safe='')}" + (f"/{action}" if action else "")


def go(
    visit: Visit,
    request: Request,
    action: str,
    told: dict[str, object] | None = None,
    check: Callable[[Transaction], None] = lambda _: None,
) -> str:
    """Write down what was asked for, begin its run, and say where it can be watched.

    `check` raises where it may not be; in the transaction that writes it down, so that two at once are one.
    """
    name = visit.connection.name
    with visit.ledger.transaction() as tx:
        check(tx)
        audit.write(tx, visit.actor, action, name, told or {})
    visit.desk.background.run(name, request)
    return address(name, "going")


def what_stops_a_push(visit: Visit) -> list[str]:
    """Why nothing would be pushed now, in a sentence; empty: nothing stands in the way."""
    connection = visit.connection
    if connection.paused_at is not None:
        return ["But it is paused: nothing is run before somebody resumes it."]
    if token_end.of_account(connection.account, connection.now).has_ended or connection.disconnected_at is not None:
        return ["But there is no token that works: nothing is pushed before somebody reconnects it."]
    if visit.desk.here.settings.read_only:
        return ["But RECONCILER_READ_ONLY is set for this installation: nothing is pushed before it is unset."]
    return []


def ask_run(visit: Visit) -> Answer:
    will = [
        "The CRM is read for what has changed, and compared with the list. Additions and updates are pushed.",
        "Nobody is removed from the list, and nobody who unsubscribed or left it is put back.",
        "If more would change than this connection's guards let pass, nothing is pushed until somebody approves it.",
    ]
    name = visit.connection.name
    will = [*what_stops_a_push(visit), *will]
    return asking.page(Question("Run now", will, "Run now", address(name, "run"), address(name)), name)


def run(visit: Visit) -> Answer:
    to = address(visit.connection.name, "going")
    return once(visit, to, lambda: go(visit, Request("console", visit.actor), RUN))


def ask_pause(visit: Visit) -> Answer:
    will = [
        "Nothing is pushed and nothing is asked of Constant Contact until somebody resumes it.",
        "A run that goes on stops where it can be taken up again. Nothing that changes meanwhile is lost.",
    ]
    name = visit.connection.name
    return asking.page(Question("Pause", will, "Pause", address(name, "pause"), address(name)), name)


def pause(visit: Visit) -> Answer:
    name = visit.connection.name

    def act() -> str:
        earlier = pausing.pause(visit.ledger, visit.connection, visit.actor)
        _must_be_first(name, earlier)
        return address(name)

    return once(visit, address(name), act)


def ask_resume(visit: Visit) -> Answer:
    connection = visit.connection
    will = ["It runs again as its schedule says, and catches up with what has changed meanwhile."]
    if connection.paused_message:
        will += [
            f"It was paused because of this: {connection.paused_message}",
            "By resuming you say that the CRM and the ledger are the real ones as they are, and no copies.",
        ]
    if connection.held_message:
        will.append(f"What holds it is let go: {connection.held_message}")
    name = connection.name
    return asking.page(Question("Resume", will, "Resume", address(name, "resume"), address(name)), name)


def resume(visit: Visit) -> Answer:
    connection, name = visit.connection, visit.connection.name
    if connection.paused_reason and visit.role < Role.ADMIN:
        raise UsageError(
            "only an admin can say that this is the real CRM and the real ledger", advice="ask somebody who is one"
        )
    if connection.held_at is not None and visit.role < Role.ADMIN:
        raise UsageError(
            "resuming lets go what is held, which only an admin can say",
            advice="ask somebody who is one, or decline it",
        )

    def act() -> str:
        earlier = pausing.resume(visit.ledger, connection, visit.actor)
        _must_be_first(name, earlier)
        return address(name)

    return once(visit, address(name), act)


def _must_be_first(name: str, earlier: str | None) -> None:
    if earlier is not None:
        raise UsageError(
            f"the connection {name} {earlier}", advice=f"look at the page of {name}: nothing more was to be done"
        )


def ask_disconnect(visit: Visit) -> Answer:
    name = visit.connection.name
    will = [
        "The API key and the token are forgotten, unless another connection of the same account needs them.",
        "Syncing stops at once; a run that goes on ends where it can be taken up again.",
        "What was synced, who is to stay off, and all reports are kept. Nobody is removed from the list.",
        "Somebody can reconnect it with a token of the same account, and it goes on where it stopped.",
    ]
    question = Question("Disconnect", will, "Disconnect", address(name, "disconnect"), address(name), kind="danger")
    return asking.page(question, name)


def disconnect(visit: Visit) -> Answer:
    connection, name = visit.connection, visit.connection.name

    def act() -> str:
        connections.disconnect(visit.ledger, connection, visit.actor)
        leases.wait_until_free(visit.ledger, connection.connection_id, visit.desk.here.pause)
        return address(name)

    return once(visit, address(name), act)


def sync_one(visit: Visit) -> Answer:
    connection, name = visit.connection, visit.connection.name
    with visit.ledger.transaction() as tx:
        who = references.resolved(tx, connection.connection_id, visit.names["who"])

    def act() -> str:
        if who is None:
            raise UsageError(
                f"there is no such contact in {name} any more", advice="look for it by its id or its address"
            )
        if connection.held_at is not None:
            raise UsageError(f"nothing of {name} is sent while it is held", advice="answer what is held first")
        return go(visit, Request("console", visit.actor, only=who), SYNC_ONE)

    return once(visit, address(name, "going"), act)


ROUTES: Final = (
    Route("GET", "/connections/{name}/run", Role.OPERATOR, ask_run),
    Route("POST", "/connections/{name}/run", Role.OPERATOR, run),
    Route("GET", "/connections/{name}/pause", Role.OPERATOR, ask_pause),
    Route("POST", "/connections/{name}/pause", Role.OPERATOR, pause),
    Route("GET", "/connections/{name}/resume", Role.OPERATOR, ask_resume),
    Route("POST", "/connections/{name}/resume", Role.OPERATOR, resume),
    Route("GET", "/connections/{name}/disconnect", Role.ADMIN, ask_disconnect, is_sensitive=True),
    Route("POST", "/connections/{name}/disconnect", Role.ADMIN, disconnect, is_sensitive=True),
    Route("POST", "/connections/{name}/contacts/{who:path}/sync", Role.OPERATOR, sync_one),
)
