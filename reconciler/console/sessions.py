"""Who is signed in, by their cookie or by the proxy in front."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.console import identity
from reconciler.console.access import Grants, Person
from reconciler.ledger import console
from reconciler.ledger import console_people as people

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from reconciler.console.asked import Asked
    from reconciler.console.desk import Desk
    from reconciler.ledger.database import Row, Transaction

_log: Final = logging.getLogger(__name__)
#: Browsers take a cookie of this name only over a secure connection, for the whole host, and from no other one.
COOKIE: Final = "__Host-sid"
_IDLE_SECONDS: Final = 1800.0
_ABSOLUTE_SECONDS: Final = 43_200.0
#: That a session is used is noted to the minute.
_NOTED_SECONDS: Final = 60.0
_KEPT_SECONDS: Final = 86_400.0
_COOKIE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's session, as one request found it."""

    person: Person
    session_hash: bytes
    #: The synchroniser token of its forms.
    form_token: str
    #: A cookie to set with the answer, where the session was begun by this request.
    new_cookie: str | None = None


def of(desk: Desk, asked: Asked) -> Session | None:
    """The session of a request; None: nobody is signed in. Where a proxy says who somebody is, nothing else does."""
    with desk.ledger.transaction() as tx:
        now = console.now(tx)
        if desk.proxy is not None:
            return _through_proxy(tx, desk, asked, now)
        cookie = asked.cookies.get(COOKIE)
        row = _found(tx, cookie, "link")
        return None if row is None or cookie is None else _known(tx, cookie, _person(row), row, now)


def begin(tx: Transaction, person: Person, random_bytes: Callable[[int], bytes]) -> Session:
    """Begin a session, with a cookie that nobody had before."""
    cookie = base64.urlsafe_b64encode(random_bytes(_COOKIE_BYTES)).decode().rstrip("=")
    people.purge(tx, _KEPT_SECONDS)
    people.begin(tx, _hash(cookie), person.subject, person.method, person.grants.to_json(), person.authenticated_at)
    return Session(person, _hash(cookie), _form_token(cookie), cookie)


def _through_proxy(tx: Transaction, desk: Desk, asked: Asked, now: dt.datetime) -> Session | None:
    """The session of whom the proxy names: another person, or other rights, is another session."""
    word = asked.headers.get(identity.HEADER)
    if word is None or desk.proxy is None:
        return None
    try:
        person = identity.person(desk.proxy, word, now)
    except identity.NotBelieved as error:
        _log.warning("request %s: the proxy's word is not believed: %s", asked.request_id, error)
        return None
    cookie = asked.cookies.get(COOKIE)
    row = _found(tx, cookie, "proxy")
    if (
        row is not None
        and cookie is not None
        and (row.subject, Grants.of(row.grants)) == (person.subject, person.grants)
    ):
        return _known(tx, cookie, person, row, now)
    if asked.wants_json:  # a program asks, which keeps no cookie and sends no form: it needs no session of its own
        return Session(person, b"", "")
    _log.info("request %s: signed in through the proxy", asked.request_id)
    return begin(tx, person, desk.random_bytes)


def _known(tx: Transaction, cookie: str, person: Person, row: Row, now: dt.datetime) -> Session:
    if (now - row.seen_at).total_seconds() > _NOTED_SECONDS:
        people.seen(tx, _hash(cookie), person.authenticated_at)
    return Session(person, _hash(cookie), _form_token(cookie))


def _found(tx: Transaction, cookie: str | None, method: str) -> Row | None:
    if not cookie:
        return None
    row = people.session(tx, _hash(cookie), idle=_IDLE_SECONDS, absolute=_ABSOLUTE_SECONDS)
    return row if row is not None and row.method == method else None


def _person(row: Row) -> Person:
    return Person(row.subject, Grants.of(row.grants), row.authenticated_at, row.method)


def _hash(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()


def _form_token(cookie: str) -> str:
    """Made of the cookie, which no page has: so it needs no place of its own, and belongs to this session alone."""
    return hmac.new(cookie.encode(), b"form", hashlib.sha256).hexdigest()
