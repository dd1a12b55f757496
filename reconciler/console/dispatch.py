"""From a request to an answer: who asks, whether they may, what it is about; then the page's own function."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from reconciler.console import forgery, keys, scope, sessions
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.background import LEDGER_AWAY, OUR_MISTAKE
from reconciler.console.desk import Visit
from reconciler.console.once import Begun
from reconciler.errors import ApiError, LedgerError, Mistake, ReconcilerError, VaultError
from reconciler.ledger import console

if TYPE_CHECKING:
    from reconciler.console.answers import Answer
    from reconciler.console.asked import Asked
    from reconciler.console.desk import Desk
    from reconciler.console.routes import Route
    from reconciler.console.scope import Scope
    from reconciler.console.sessions import Session

_log: Final = logging.getLogger(__name__)
#: For so long after somebody proved who they are they may do what is sensitive.
FRESH_SECONDS: Final = 600.0


def answer(desk: Desk, route: Route, asked: Asked) -> tuple[Answer, Session | None]:
    """Answer a request; says also whose session it was. Never raises."""
    session = None
    try:
        session = sessions.of(desk, asked)
        found = _unknown(asked) if session is None else _answer(desk, route, asked, session)
    except Exception as error:  # noqa: BLE001 - nobody shall have to read a traceback
        found = trouble(asked, error)
    return found, session


def trouble(asked: Asked, error: Exception) -> Page:
    """A page that says what is wrong and what to do; log lines of the same request have the same number."""
    match error:
        case Begun():
            _log.error("request %s: %s", asked.request_id, error)
            told = (LEDGER_AWAY, "What you asked for had begun: look whether it was done before you ask again.")
            return page_of_trouble(asked.request_id, 503, *told)
        case LedgerError():
            _log.error("request %s: %s", asked.request_id, error)
            told = (LEDGER_AWAY, "Nothing was changed. Try again in a minute.")
            return page_of_trouble(asked.request_id, 503, *told)
        case VaultError():
            _log.error("request %s: %s", asked.request_id, error)
            return page_of_trouble(asked.request_id, 503, keys.UNUSABLE, "")
        case ReconcilerError():
            status = 502 if isinstance(error, ApiError) else 400
            return page_of_trouble(asked.request_id, status, str(error), error.advice or "")
        case _:
            _log.error("request %s: %s", asked.request_id, Mistake.of(error))
            _log.debug("where it was made", exc_info=error)
            return page_of_trouble(asked.request_id, 500, OUR_MISTAKE, "")


def page_of_trouble(request_id: str, status: int, told: str, advice: str) -> Page:
    content = {"error": told, "advice": advice, "request_id": request_id}
    return Page("trouble.html", "That did not work", content, status)


def _answer(desk: Desk, route: Route, asked: Asked, session: Session) -> Answer:
    number = asked.request_id
    if asked.has_nul:
        return page_of_trouble(number, 400, "This request has a NUL byte in it.", "Send it as plain text.")
    if route.method == "POST" and (why := forgery.suspicion(asked, desk.address, session.form_token)) is not None:
        _log.warning("request %s: not believed: %s", number, why)
        told = ("This form was not sent from a page of your session.", "Go back, reload the page, and send it again.")
        return page_of_trouble(number, 403, *told)
    ledger = desk.ledger.seen_from(asked.place, number)
    with ledger.transaction() as tx:
        now = console.now(tx)
        found = scope.look_up(tx, session.person.grants, asked.names)
    if found is None:
        return page_of_trouble(
            number, 404, "There is nothing at this address.", "It may be of a workspace that is not yours."
        )
    if found.role is None or found.role < route.least:
        _log.warning("request %s: %s needs the role %s", number, route.path, route.least.word)
        return page_of_trouble(number, 403, f"This needs the role {route.least.word}.", "Ask somebody who has it.")
    if route.is_sensitive and not session.person.is_fresh(now, FRESH_SECONDS):
        return Elsewhere(f"/sign-in?{urlencode({'to': _came_from(asked, found)})}")
    visit = Visit(
        desk=desk,
        ledger=ledger,
        person=session.person,
        form_token=session.form_token,
        session_hash=session.session_hash,
        now=now,
        query=asked.query,
        form=asked.form,
        connection_or_none=found.connection,
        run_id_or_none=found.run_id,
        names=asked.names,
        role=found.role,
    )
    return route.handler(visit)


def _unknown(asked: Asked) -> Answer:
    if asked.wants_json or asked.method != "GET":
        return page_of_trouble(asked.request_id, 401, "Nobody is signed in.", "Sign in again.")
    return Elsewhere("/sign-in")


def _came_from(asked: Asked, found: Scope) -> str:
    """Where to go on after signing in again: a page, and never the action itself."""
    if asked.method == "GET":
        return quote(asked.path) + (f"?{urlencode(asked.query)}" if asked.query else "")
    return "/" if found.connection is None else f"/connections/{quote(found.connection.name, safe='')}"
