"""A gate before the simulated Constant Contact: a real server that hands requests on, or does what it is told."""

from __future__ import annotations

import contextlib
import http.client
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    Answer = Callable[["Handler"], None]


@dataclass
class Gate:
    """Where the program finds the API; `upstream` is the simulator's address, None where there is none behind it."""

    upstream: str | None = None
    #: Every request that came in: method and path.
    seen: list[tuple[str, str]] = field(default_factory=list)
    #: What the requests carried as their token.
    tokens: set[str] = field(default_factory=set)
    #: After so many requests nobody listens any more.
    stops_after: int | None = None
    _instead: list[list[Any]] = field(default_factory=list)

    def instead(self, part: str, answer: Answer, times: int = 1_000) -> None:
        """Answer requests whose method and path have this in them so, instead of handing them on."""
        self._instead.append([part, answer, times])

    @contextlib.contextmanager
    def open(self, context: ssl.SSLContext | None = None) -> Iterator[Self]:
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.gate = self
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stop_listening()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v3"

    def stop_listening(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer_to(self, method: str, path: str) -> Answer | None:
        for waiting in self._instead:
            if waiting[0] in f"{method} {path}" and waiting[2] > 0:
                waiting[2] -= 1
                answer: Answer = waiting[1]
                return answer
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    gate: Gate

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hangs up; tests are about that."""


class Handler(BaseHTTPRequestHandler):
    """One request a connection."""

    server: _Server

    def do_GET(self) -> None:
        gate = self.server.gate
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        gate.seen.append((self.command, self.path))
        gate.tokens.add(self.headers.get("authorization", ""))
        if gate.stops_after is not None and len(gate.seen) >= gate.stops_after:
            gate.stop_listening()
        self.body = body
        if (answer := gate.answer_to(self.command, self.path)) is not None:
            answer(self)
            return
        self.hand_on()

    do_POST = do_PUT = do_GET  # noqa: N815 - names of the parent

    def say(self, status: int, body: bytes = b"", kind: str = "application/json", **headers: str) -> None:
        """Answer at once."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def hand_on(self) -> None:
        """Let the simulator answer."""
        self.say(*self.delivered())

    def delivered(self) -> tuple[int, bytes, str]:
        """Let the simulator do it; gives its answer, which goes nowhere yet: status, body and kind."""
        upstream = urlsplit(self.server.gate.upstream or "")
        line = http.client.HTTPConnection(upstream.hostname or "", upstream.port)
        with contextlib.closing(line):
            line.request(self.command, self.path, self.body or None, dict(self.headers.items()))
            answer = line.getresponse()
            return answer.status, answer.read(), answer.headers["Content-Type"]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Keep quiet: `seen` has it."""
