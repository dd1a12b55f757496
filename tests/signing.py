"""Signing in to the console in tests: by a one-time address, or by the word of a proxy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import jwt
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.console import links, sessions
from reconciler.console.access import Role
from reconciler.console.identity import HEADER, Proxy
from tests.console import ADDRESS

if TYPE_CHECKING:
    from tests.console import Console, Visitor

#: There is no such connection: who is signed in is told so, and who is not is led to the sign-in.
PAGE: Final = "/connections/nothing/pause"
_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
PROXY: Final = Proxy(
    _KEY.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo).decode(),
    "reconciler",
    "https://crm.example.com/again",
)


def link(console: Console, *workspaces: str) -> str:
    query = links.make(console.desk.ledger, Role.ADMIN, workspaces, "cli:somebody", console.desk.random_bytes)
    return query.removeprefix("link=")


def use(visitor: Visitor, text: str, to: str = "/") -> Any:
    return visitor.client.post("/sign-in", data={"link": text, "to": to}, headers={"Origin": ADDRESS})


def is_in(visitor: Visitor) -> bool:
    """Whether somebody is signed in: they are told what is not there."""
    found = visitor.get(PAGE)
    assert found.status_code == 404 or (found.status_code, found.headers["location"]) == (303, "/sign-in")
    return bool(found.status_code == 404)


def cookie(visitor: Visitor) -> str:
    return str(visitor.client.cookies[sessions.COOKIE])


def with_cookie(console: Console, text: str) -> Visitor:
    """Somebody else's browser with this cookie."""
    visitor = console.visitor()
    visitor.client.cookies.set(sessions.COOKIE, text, domain="sync.example.com")
    return visitor


def word(subject: str = "u-1", workspaces: dict[str, str] | None = None, **claims: object) -> str:
    now = int(time.time())
    said = {"sub": subject, "aud": "reconciler", "iat": now, "exp": now + 300, "auth_time": now, **claims}
    return jwt.encode({**said, "workspaces": workspaces or {"acme": "admin"}}, _KEY, algorithm="EdDSA")


def ask(visitor: Visitor, said: str | None, path: str = PAGE) -> Any:
    return visitor.client.get(path, headers={} if said is None else {HEADER: said})
