"""A web server on the loopback range that takes whatever it is sent, for what the program tells others."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Listening:
    """What was heard: each request's path and body, in order. `status` is what the next ones are answered with."""

    address: str = ""
    heard: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.heard]

    @property
    def bodies(self) -> list[str]:
        return [body for _, body in self.heard if body]


@contextlib.contextmanager
def listening() -> Iterator[Listening]:
    """Listen until the end of the block."""
    ear = Listening()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            ear.heard.append((self.path, body))
            self.send_response(ear.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the server asks for a method of this name

        def log_message(self, *_: Any) -> None:
            """Keep quiet: `heard` has it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    ear.address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield ear
    finally:
        server.shutdown()
        server.server_close()
