"""Integrations: a card for each connection, and for each workspace that has none yet."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from reconciler import health, token_end
from reconciler.console import faces, keys, needs
from reconciler.console.access import Role
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.health import Stands
from reconciler.ledger import ages, connections, console_overview, usage
from reconciler.request import Request, is_stopped_for_today

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.health import Health
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row

_A_PAGE: Final = 25
SPENT: Final = "The calls of today are spent: it goes on by itself after 00:00 UTC."


def integrations(visit: Visit) -> Answer:
    workspaces = visit.person.grants.workspaces()
    with visit.ledger.transaction() as tx:
        places = console_overview.places(tx, workspaces, "")
        pages = max(1, math.ceil(len(places) / _A_PAGE))
        number = min(pages, visit.page)
        names = [place.name for place in places[(number - 1) * _A_PAGE : number * _A_PAGE]]
        found = [each for each in (connections.by_name(tx, name) for name in names) if each is not None]
        judged = {each.connection_id: health.judge(each) for each in ages.of_all(tx, workspaces)}
    shown = [card(visit, each, judged[each.connection_id]) for each in found if each.connection_id in judged]
    content = {
        "cards": shown,
        "not_connected": _not_connected(visit, workspaces, places) if number == 1 else [],
        "may_connect": visit.person.grants.workspaces(Role.ADMIN) != [],
        "page": number,
        "pages": pages,
    }
    return Page("integrations.html", "Integrations", content)


def card(visit: Visit, connection: Connection, found: Health) -> dict[str, Any]:
    """How a connection stands, with the one thing that somebody is to do."""
    no_keys = keys.trouble(visit.desk.here)
    unusable = keys.unusable(visit.desk.here, connection)
    face = faces.of(Stands.NEEDS_YOU if unusable else found.state)
    # To connect again takes the key ring too.
    need = None if no_keys else needs.of(connection, found.state, is_usable=unusable is None)
    role = visit.person.grants.role_in(connection.workspace)
    again = connection.next_attempt_at
    return {
        "name": connection.name,
        "workspace": connection.workspace,
        "account": connection.account.organization,
        "list": connection.list_name,
        "face": face.to_json(),
        "headline": found.headline,
        "why": no_keys or _why(connection, found.state, unusable),
        "spent": SPENT if _is_spent(visit, connection) else None,
        "retries_at": again and again.isoformat() if face.kind == "retry" else None,
        "token": str(token_end.of_account(connection.account, connection.now)),
        "need": need and {**need.to_json(), "is_theirs": role is not None and role >= need.least},
    }


def _is_spent(visit: Visit, connection: Connection) -> bool:
    """Whether nothing more is called today: all is spent, or what is left is kept for its key's other connections."""
    per_day = visit.desk.here.pace(connection)[1]
    with visit.ledger.transaction() as tx:
        left = usage.left_today(tx, connection.account.key_fingerprint, per_day)
        return left <= 0 or is_stopped_for_today(tx, connection, Request("console", is_tick=True), per_day)


def _why(connection: Connection, stands: Stands, unusable: str | None) -> str | None:
    """What stands in the way, in words."""
    match stands:
        case Stands.DISCONNECTED:
            end = token_end.of_account(connection.account, connection.now)
            return connection.disconnected_reason or end.warning
        case Stands.HELD:
            return connection.held_message
        case Stands.NEEDS_YOU | Stands.PAUSED:
            return connection.paused_message
        case Stands.RETRYING | Stands.QUARANTINED:
            return connection.failing_message
        case Stands.CONNECTED | Stands.OBSERVING | Stands.NOT_STARTED:
            return unusable


def _not_connected(visit: Visit, workspaces: Sequence[str] | None, places: Sequence[Row]) -> list[dict[str, Any]]:
    """The workspaces of theirs that have no connection; of everywhere nobody knows them all."""
    there = {place.workspace for place in places}
    roles = {each: visit.person.grants.role_in(each) for each in workspaces or () if each not in there}
    return [{"workspace": each, "may_connect": role is Role.ADMIN} for each, role in roles.items()]


ROUTES: Final = (Route("GET", "/integrations", Role.VIEWER, integrations),)
