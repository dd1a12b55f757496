"""Signing in, proving again who one is, and signing out: the pages for whom nobody knows yet."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

from reconciler.console import forgery, links, sessions
from reconciler.console.answers import Elsewhere, Page
from reconciler.console.routes import OpenRoute, Reply
from reconciler.ledger import console_people as people

if TYPE_CHECKING:
    from reconciler.console.asked import Asked
    from reconciler.console.desk import Desk

_log: Final = logging.getLogger(__name__)
#: A page of this console, with its query: one slash, and then nothing that a browser could take for another host.
_LOCAL: Final = re.compile(
    r"/(?:[A-Za-z0-9._~%!$&'()*+,;=:@-][A-Za-z0-9._~%!$&'()*+,;=:@/-]*)?(?:\?[A-Za-z0-9._~%&=+-]*)?"
)
_TOO_MANY: Final = 429
_FORBIDDEN: Final = 403


def ask(desk: Desk, asked: Asked) -> Reply:
    """Say how to sign in. An address that signs in once is not used up here, but by the button."""
    return Reply(_page(desk, link=asked.query.get("link", ""), to=asked.query.get("to", "/")))


def sign_in(desk: Desk, asked: Asked) -> Reply:
    """Use a one-time address up and begin a session; whatever session there was is over."""
    link, to = asked.form.get("link", ""), local(asked.form.get("to", "/"))
    if desk.proxy is not None or forgery.from_elsewhere(asked, desk.address) is not None:
        return Reply(_page(desk, to=to, error="This form was not sent from this console.", status=_FORBIDDEN))
    if desk.failures.is_closed():
        told = "There were too many attempts: wait a minute."
        return Reply(_page(desk, to=to, error=told, status=_TOO_MANY))
    before = sessions.of(desk, asked)
    with desk.ledger.transaction() as tx:
        person = links.use(tx, link)
        begun = None if person is None else sessions.begin(tx, person, desk.random_bytes)
        if before is not None and begun is not None:
            people.end(tx, before.session_hash)
    if begun is None:
        desk.failures.failed()
        _log.warning("request %s: a sign-in failed", asked.request_id)
        told = "This address was used already, is too old, or was never made: make a new one."
        return Reply(_page(desk, to=to, error=told, status=_FORBIDDEN))
    _log.info("request %s: signed in by a one-time address", asked.request_id)
    return Reply(Elsewhere(to), new_cookie=begun.new_cookie)


def sign_out(desk: Desk, asked: Asked) -> Reply:
    """End the session here, and not only in the browser."""
    session = sessions.of(desk, asked)
    if session is None:
        return Reply(Elsewhere("/sign-in"))
    if forgery.suspicion(asked, desk.address, session.form_token) is not None:
        return Reply(_page(desk, error="This form was not sent from this console.", status=_FORBIDDEN))
    with desk.ledger.transaction() as tx:
        people.end(tx, session.session_hash)
    _log.info("request %s: signed out", asked.request_id)
    return Reply(Elsewhere("/sign-in"), drops_cookie=True)


def local(to: str) -> str:
    """A page of this console to go on at; the first one, where it is anything else."""
    return to if _LOCAL.fullmatch(to) else "/"


def _page(desk: Desk, *, link: str = "", to: str = "/", error: str = "", status: int = 200) -> Page:
    content = {
        "through": "proxy" if desk.proxy is not None else "link",
        "sign_in_url": desk.proxy.sign_in_url if desk.proxy is not None else None,
        "again": to != "/",
    }
    title = "Prove who you are" if to != "/" else "Sign in"
    return Page("sign_in.html", title, content, status, {"link": link, "to": local(to), "error": error})


ROUTES: Final = (
    OpenRoute("GET", "/sign-in", ask),
    OpenRoute("POST", "/sign-in", sign_in),
    OpenRoute("POST", "/sign-out", sign_out),
)
