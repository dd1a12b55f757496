"""The page of one connection: how it stands, what it is connected with, its last runs, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import mapping, probe, status
from reconciler.console import given, integrations, keys
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.errors import ReconcilerError
from reconciler.ledger import runs
from reconciler.page import STATES, capital, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row
    from reconciler.probe import Facts
    from reconciler.status import Status

_RUNS: Final = 10
#: What can be done on a page of its own: the word, the last part of its address, and who may.
_ACTIONS: Final = (
    ("Run now", "run", Role.OPERATOR),
    ("Contacts", "contacts", Role.VIEWER),
    ("Who is refused", "retry", Role.OPERATOR),
    ("Full resync", "resync", Role.ADMIN),
    ("Let people come back", "rejoin", Role.ADMIN),
    ("Settings", "settings", Role.ADMIN),
    ("Reconnect", "reconnect", Role.ADMIN),
    ("Disconnect", "disconnect", Role.ADMIN),
)


def card(visit: Visit) -> Answer:
    return _page(visit, None)


def check_statement(visit: Visit) -> Answer:
    """Try the CRM statement out now, and say what came of it; nothing is stored."""
    connection = visit.connection
    try:
        found = visit.desk.here.look_again(connection, connection.limits)
    except ReconcilerError as error:
        return _page(visit, {"is_right": False, "told": given.words(error)})
    return _page(visit, {"is_right": True, "told": _seen(found, connection)})


def _seen(found: Facts, connection: Connection) -> str:
    """What was seen of a statement that works."""
    rows = f"{found.rows:,} contacts" if found.is_all else f"more than {found.rows:,} contacts"
    told = f"It works: {rows} read in {probe.spent(found.seconds)}."
    new, gone = (
        sorted(set(found.columns) - set(connection.columns)),
        sorted(set(connection.columns) - set(found.columns)),
    )
    if not new and not gone:
        return f"{told} Its columns are those that were connected."
    changes = (f"new: {', '.join(new)}" if new else "", f"gone: {', '.join(gone)}" if gone else "")
    return f"{told} Its columns have changed ({'; '.join(filter(None, changes))}): the next run takes that up."


def _page(visit: Visit, check: dict[str, Any] | None) -> Page:
    connection, here = visit.connection, visit.desk.here
    no_keys = keys.trouble(here)
    with visit.ledger.transaction() as tx:
        vault = None if no_keys else here.vault
        stands = status.look(tx, vault, connection, here.pace(connection)[1])
        last = runs.recent(tx, connection.connection_id, _RUNS)
    content = {
        **integrations.card(visit, connection, stands.health),
        "badge": no_keys or stands.sentence,
        "headline": stands.health.headline,
        "details": stands.health.details,
        "late": stands.health.late,
        "waiting": stands.health.waiting,
        "left_today": stands.left_today,
        "credentials": status.tails(here.vault, connection),
        "standing": _standing(stands),
        "runs": [_run(row) for row in last],
        "statement": _statement(connection),
        "check": check,
        "actions": _actions(visit),
    }
    return Page("card.html", connection.name, content)


def _standing(stands: Status) -> dict[str, Any] | None:
    """How both sides stood when the last run ended; None: there was none yet."""
    report = stands.last.report if stands.last is not None else None
    return report and {**report["standing"], "at": report["finished_at"], "run_id": report["run_id"]}


def _run(row: Row) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "started_at": row.started_at.isoformat(),
        "trigger": row.trigger,
        "state": row.state,
        "told": _told(row),
    }


def _told(row: Row) -> str:
    if row.report is not None:
        return sentence(row.report)
    return "Goes on now." if row.state is None else f"{capital(STATES[row.state])}."


def _statement(connection: Connection) -> dict[str, Any]:
    columns = [{"name": name, "becomes": mapping.meaning(name)} for name in connection.columns if _is_told(name)]
    return {
        "text": connection.statement,
        "fingerprint": mapping.short(mapping.statement_digest(connection.statement)),
        "columns": columns,
    }


def _is_told(name: str) -> bool:
    """Columns that only help to find what has changed become nothing at Constant Contact."""
    return name not in mapping.OF_THE_WINDOW


def _actions(visit: Visit) -> Sequence[dict[str, str]]:
    name, is_paused = visit.connection.name, visit.connection.paused_at is not None
    turn = ("Resume", "resume", Role.OPERATOR) if is_paused else ("Pause", "pause", Role.OPERATOR)
    every = (_ACTIONS[0], turn, *_ACTIONS[1:])
    return [{"words": words, "to": address(name, part)} for words, part, least in every if visit.role >= least]


ROUTES: Final = (
    Route("GET", "/connections/{name}", Role.VIEWER, card),
    Route("POST", "/connections/{name}/statement", Role.OPERATOR, check_statement),
)
