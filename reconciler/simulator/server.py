"""The provider behind a real HTTP server: HTTP/1.1 with connections kept open."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import struct
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from reconciler.simulator import control
from reconciler.simulator.answers import Answer, Request

if TYPE_CHECKING:
    from reconciler.simulator.provider import Provider

_POLL_SECONDS: Final = 0.02  # how long stopping may take


class Server(ThreadingHTTPServer):
    """Listens, with a daemon thread for each connection; closing it closes them too."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int) -> None:
        self.provider: Provider | None = None
        self._open: set[socket.socket] = set()
        self._reset: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Bind, without asking a name server for the host's name as the parent does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        """Remember the connection until it ends."""
        with self._guard:
            self._open.add(cast("socket.socket", request))
        super().process_request(request, cast("tuple[str, int]", client_address))

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        """Forget a connection that ends."""
        with self._guard:
            self._open.discard(cast("socket.socket", request))
            broken = request in self._reset
            self._reset.discard(cast("socket.socket", request))
        if broken:  # no polite farewell before it
            self.close_request(request)
            return
        super().shutdown_request(request)

    def reset(self, connection: socket.socket) -> None:
        """End a connection with a reset, however much of the request is still under way."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with self._guard:
            self._reset.add(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up; tests do so on purpose."""

    def run(self) -> None:
        """Serve until `close`."""
        self.serve_forever(_POLL_SECONDS)

    def close(self) -> None:
        """Stop listening, and hang up on whoever is still connected."""
        self.shutdown()
        self.server_close()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "SimulatedConstantContact"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def do_GET(self) -> None:
        """Answer any method: which there are is for the routes to say."""
        provider = cast("Server", self.server).provider
        if provider is None:  # not before it has been started
            self.close_connection = True
            return
        if provider.breaks_off(self.command, urlsplit(self.path).path):
            cast("Server", self.server).reset(self.connection)
            self.close_connection = True
            return
        request = self._request()
        inside = request.path == control.PREFIX or request.path.startswith(control.PREFIX + "/")
        self._send(control.answer(provider, request) if inside else provider.answer(request))

    do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - names of the parent

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, parts.path, parts.query, headers, self._body())

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return bytes(body)

    def _send(self, answer: Answer) -> None:
        if not answer.delivered:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" else answer.body
        if answer.drip_seconds:
            self._drip(body, answer.drip_seconds)
            return
        self.wfile.write(body if answer.complete else body[: len(body) // 2])
        self.close_connection = self.close_connection or not answer.complete

    def _drip(self, body: bytes, seconds: float) -> None:
        """Send byte by byte, until the client has had enough."""
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            time.sleep(seconds)

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the simulator's time in the Date header."""
        provider = cast("Server", self.server).provider
        return provider.clock.http_date() if provider else super().date_time_string(timestamp)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Keep quiet: the history has it."""
