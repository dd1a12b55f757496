"""Who is signed in, by their cookie or by the proxy in front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reconciler.console.access import Person
    from reconciler.console.asked import Asked
    from reconciler.console.desk import Desk

#: Browsers take a cookie of this name only over a secure connection, for the whole host, and from no other one.
COOKIE: Final = "__Host-sid"


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
    """The session of a request; None: nobody is signed in."""
    raise NotImplementedError
