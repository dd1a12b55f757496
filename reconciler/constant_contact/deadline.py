"""A request's whole time: a peer that sends a byte now and then never runs into the timeout of a single read."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any


class Deadline:
    """Breaks the connection off when a request has taken too long, whatever it is waiting for."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def watch(self, stream: Any) -> None:
        """From now on this connection is meant: httpcore's network stream."""
        self._socket = stream.get_extra_info("socket")

    def set(self, seconds: float | None) -> None:
        """Give the request that begins now so many seconds."""
        self.lift()
        if seconds is not None and self._socket is not None:
            self._timer = threading.Timer(seconds, _break_off, (self._socket,))
            self._timer.daemon = True
            self._timer.start()

    def lift(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _break_off(line: socket.socket) -> None:
    """Wake whoever reads or writes there, with an error. A TLS socket's own `shutdown` is not for two threads."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(line, socket.SHUT_RDWR)
