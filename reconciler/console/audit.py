"""Who did what: a page of the audit, of the workspaces in which whoever asks is an admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from reconciler.console.access import Role
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.ledger import console_audit
from reconciler.redaction import masked_addresses

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row

_A_PAGE: Final = 100
_DIGITS: Final = 18
#: How the program works inside, in words for people.
_WORDS: Final = {"window": "way of reading", "mirror_fresh_seconds": "reading_fresh_seconds"}


def audit(visit: Visit) -> Answer:
    """A page of actions, newest first."""
    workspaces, connection = visit.person.grants.workspaces(Role.ADMIN), visit.query.get("connection", "").strip()
    before = _number(visit.query.get("before", ""))
    with visit.ledger.transaction() as tx:
        found = console_audit.page(tx, workspaces, connection, before=before, most=_A_PAGE + 1)
    shown = found[:_A_PAGE]
    has_more = len(found) > len(shown)
    content = {
        "connection": connection,
        "actions": [_action(row) for row in shown],
        "next": _to(connection, shown[-1].audit_id) if has_more else None,
    }
    form = {"json": _to(connection, before, path="/audit.json")}
    return Page("audit.html", "Audit", content, form=form)


def _action(row: Row) -> dict[str, Any]:
    return {
        "at": row.at.isoformat(),
        "actor": row.actor,
        "action": row.action,
        "connection": row.connection,
        "place": row.place,
        "details": _masked(row.details),
    }


def _masked(value: Any) -> Any:
    """Details without an address in full, whatever their form."""
    match value:
        case dict():
            return {masked_addresses(_WORDS.get(str(name), str(name))): _masked(each) for name, each in value.items()}
        case list():
            return [_masked(each) for each in value]
        case str():
            return masked_addresses(value)
        case _:
            return value


def _to(connection: str, before: int, path: str = "/audit") -> str:
    asked = {"connection": connection} if connection else {}
    return f"{path}?{urlencode({**asked, 'before': before})}"


def _number(text: str) -> int:
    """The number of a row; behind the newest where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else console_audit.NEWEST


ROUTES: Final = (Route("GET", "/audit", Role.ADMIN, audit),)
