"""Who is refused, and trying again; who is off the list, and letting them come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler import rejects_page, retrying
from reconciler import rejoin as rejoining
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.console.answers import Page
from reconciler.console.once import once
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.ledger import rejects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit

#: So many of those who are refused a page shows.
_SHOWN: Final = 200


def ask_retry(visit: Visit) -> Answer:
    return _retry_page(visit)


def retry(visit: Visit) -> Answer:
    ids, name = _lines(visit.form.get("contact_ids", "")), visit.connection.name

    def act() -> str:
        retrying.retry(visit.ledger, visit.connection, ids, visit.actor)
        return address(name)

    return _with_form(lambda: once(visit, address(name), act), lambda error: _retry_page(visit, error))


def ask_rejoin(visit: Visit) -> Answer:
    return _rejoin_page(visit)


def rejoin(visit: Visit) -> Answer:
    ids, basis, name = _lines(visit.form.get("contact_ids", "")), visit.form.get("basis", ""), visit.connection.name

    def act() -> str:
        rejoining.rejoin(visit.ledger, visit.connection, ids, basis, visit.actor)
        return address(name)

    return _with_form(lambda: once(visit, address(name), act), lambda error: _rejoin_page(visit, error))


def _with_form(act: Callable[[], Answer], again: Callable[[UsageError], Answer]) -> Answer:
    """What was typed is shown again with what is wrong with it."""
    try:
        return act()
    except UsageError as error:
        return again(error)


def _retry_page(visit: Visit, error: UsageError | None = None) -> Page:
    with visit.ledger.transaction() as tx:
        found = rejects.shown(tx, visit.connection.connection_id)
    content: dict[str, Any] = {
        "connection": visit.connection.name,
        "refused": [rejects_page.shown(row, unmasked=False) for row in found[:_SHOWN]],
        "in_all": len(found),
    }
    return Page("retry.html", "Who is refused", content, _status(error), _form(visit, error))


def _rejoin_page(visit: Visit, error: UsageError | None = None) -> Page:
    content = {"connection": visit.connection.name}
    return Page("rejoin.html", "Let people come back", content, _status(error), _form(visit, error))


def _form(visit: Visit, error: UsageError | None) -> dict[str, str]:
    told = "" if error is None else f"{error}{f' ({error.advice})' if error.advice else ''}"
    return {"error": told, **{name: visit.form.get(name, "") for name in ("contact_ids", "basis")}}


def _status(error: UsageError | None) -> int:
    return 200 if error is None else 400


def _lines(text: str) -> Sequence[str]:
    """Contact ids, one on each line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


ROUTES: Final = (
    Route("GET", "/connections/{name}/retry", Role.OPERATOR, ask_retry),
    Route("POST", "/connections/{name}/retry", Role.OPERATOR, retry),
    Route("GET", "/connections/{name}/rejoin", Role.ADMIN, ask_rejoin, is_sensitive=True),
    Route("POST", "/connections/{name}/rejoin", Role.ADMIN, rejoin, is_sensitive=True),
)
