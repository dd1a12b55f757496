"""Around every request: its number, the host it was sent to, and the headers of its answer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from reconciler.errors import Mistake
from reconciler.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reconciler.console.desk import Desk

_log: Final = logging.getLogger(__name__)
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_USUAL_PORTS: Final = {"https": 443, "http": 80}
_FAILED: Final = 500
_ALWAYS: Final[Mapping[str, str]] = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    # Without any, a form would not say where it comes from.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
#: What browsers may load and send: all from here. Where a page leads elsewhere it does so by a link, because Chromium
#: holds each redirect of a form against `form-action`.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)


class Guarded:
    """Refuses what was sent to another host than the console's, and says to browsers what a page of it may do."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk
        self._hosts = hosts(desk.address)
        self._headers = {**_ALWAYS, "Content-Security-Policy": POLICY}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request_id = self._desk.random_bytes(8).hex()
        scope["state"] = {"request_id": request_id}
        answered: dict[str, Any] = {}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered["status"] = message["status"]
                self._complete(MutableHeaders(scope=message), scope["path"], request_id)
            await send(message)

        try:
            await self._chosen(scope)(scope, receive, sending)
        except ClientDisconnect:
            _log.debug("request %s: whoever sent it went away", request_id)
        except Exception as error:  # noqa: BLE001 - nobody shall have to read a traceback
            _log.error("request %s: %s", request_id, Mistake.of(error))
            _log.debug("where it was made", exc_info=error)
            if not answered:
                await PlainTextResponse(f"Something went wrong: {request_id}", _FAILED)(scope, receive, sending)
        level = logging.DEBUG if scope["method"] in ("GET", "HEAD") else logging.INFO
        told = (request_id, scope["method"], _loggable(scope["path"]), answered.get("status"))
        _log.log(level, "request %s: %s %s -> %s", *told)

    def _chosen(self, scope: Scope) -> ASGIApp:
        """The application; or, for a host that is not the console's, a refusal."""
        sent_to = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        if len(sent_to) == 1 and sent_to[0] in self._hosts:
            return self._app
        return PlainTextResponse("This is not the address of the console.", 421)

    def _complete(self, headers: MutableHeaders, path: str, request_id: str) -> None:
        for name, value in self._headers.items():
            headers[name] = value
        headers["X-Request-Id"] = request_id
        headers["Cache-Control"] = "private, max-age=300" if path.startswith("/static/") else "no-store"


def _loggable(path: str) -> str:
    """A path as it may stand in a log line: on one line, and without what looks like a token or an address."""
    return redacted("".join(each if each.isprintable() else "?" for each in path))


def hosts(address: str) -> frozenset[str]:
    """What a request may name as its host, for a console at this address."""
    parts = urlsplit(address)
    usual = _USUAL_PORTS.get(parts.scheme)
    port = parts.port or usual
    name = parts.netloc.lower().removesuffix(f":{parts.port}")
    names = _LOOPBACK if name in _LOOPBACK else (name,)
    # Browsers leave the usual port out, and some proxies put it in.
    return frozenset(
        f"{each}{told}" for each in names for told in ({f":{port}", ""} if port == usual else {f":{port}"})
    )
