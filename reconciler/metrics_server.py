"""`/metrics`, `/healthz` and `/livez` of a process that goes on: for Prometheus, and for who looks after containers."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reconciler.health import Health

_LOOPBACK: Final = "127.0.0.1"
_HIGHEST_PORT: Final = 65_535
#: Who asks and then says nothing more is not waited for.
_PATIENCE_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Pages:
    """What is served. `look` says how every connection stands; it raises where this process can't do its work.

    `is_turning` says whether its loop goes round. That alone decides `/livez`: a new process helps no ledger.
    """

    metrics: Callable[[], str]
    content_type: str
    look: Callable[[], Sequence[Health]]
    is_turning: Callable[[], bool]

    def answer(self, path: str) -> tuple[int, str, str]:
        """The status, type and text of an answer."""
        match path:
            case "/metrics":
                return 200, self.content_type, self.metrics()
            case "/healthz":
                return self._health(is_strict=False)
            case "/healthz?strict":
                return self._health(is_strict=True)
            case "/livez":
                is_alive = self.is_turning()
                return (200, "text/plain", "ok\n") if is_alive else (503, "text/plain", "The schedule stands still.\n")
            case _:
                return 404, "text/plain", "There are /metrics, /healthz, /healthz?strict and /livez.\n"

    def _health(self, *, is_strict: bool) -> tuple[int, str, str]:
        try:
            found = self.look()
        except ReconcilerError:
            return 503, "text/plain", "The ledger can't be used.\n"
        late = sum(1 for one in found if one.late) if is_strict else 0
        told = f"{late} of {len(found)} connections are late.\n" if late else "ok\n"
        return 503 if late else 200, "text/plain", told


def place(text: str) -> tuple[str, int]:
    """Where to listen: HOST:PORT, or a port alone, which is on the loopback range. Raises UsageError."""
    host, _, port = text.rpartition(":")
    is_right = port.isdecimal() and int(port) <= _HIGHEST_PORT and (host != "" or ":" not in text)
    if not is_right:
        raise UsageError(
            f"{text!r} is no place to listen at", advice="say a port, or HOST:PORT, such as 127.0.0.1:9464"
        )
    return host.removeprefix("[").removesuffix("]") or _LOOPBACK, int(port)


@contextlib.contextmanager
def serving(pages: Pages, where: tuple[str, int]) -> Iterator[int]:
    """Serve while the block goes on; says the port. Raises UsageError where nobody can listen there."""
    try:
        server = _server(where)(where, _handler(pages))
    except OSError as error:
        told = f"metrics can't be served at {where[0]}:{where[1]}: {error.strerror}"
        raise UsageError(told, advice="say another place with --metrics") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def _server(where: tuple[str, int]) -> type[ThreadingHTTPServer]:
    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        address_family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET

        def server_bind(self) -> None:
            # HTTPServer asks the DNS for this machine's name besides, which may take long.
            socketserver.TCPServer.server_bind(self)

    return Server


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE_SECONDS
        server_version = "reconciler"
        sys_version = ""

        def do_GET(self) -> None:
            status, kind, text = pages.answer(self.path)
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep quiet: who looks every few seconds is nothing to tell."""

    return Handler
