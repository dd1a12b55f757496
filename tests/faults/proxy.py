"""A TCP proxy between the program and what it talks to: it cuts, tears, half-closes or delays where it is told."""

from __future__ import annotations

import contextlib
import enum
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 65_536
#: Closing with this says RST: what was still on its way is gone.
_AT_ONCE = struct.pack("ii", 1, 0)


class Way(enum.Enum):
    """From the program, or to it."""

    THERE = "there"
    BACK = "back"


class Trouble(enum.Enum):
    """What a connection can meet."""

    #: The connection is reset, and what was just sent is not handed on.
    CUT = "cut"
    #: Half of it is handed on, then the connection is reset.
    TORN = "torn"
    #: It is handed on, and nothing more comes from this side: an end of file, while the other side may go on.
    HALF_CLOSED = "half_closed"
    #: It is handed on late.
    LATE = "late"


def _connected(address: tuple[str, int] | str) -> socket.socket:
    if isinstance(address, tuple):
        return socket.create_connection(address)
    connected = socket.socket(socket.AF_UNIX)
    connected.connect(address)
    return connected


@dataclass
class Proxy:
    """Passes on whatever comes to `port`; there is trouble at the n-th piece of one way, counted over all connections.

    A piece is what one `recv` gives: a request or a statement, mostly. At 0 there is no trouble.
    """

    #: Host and port, or the path of a Unix socket.
    upstream: tuple[str, int] | str
    trouble: Trouble = Trouble.CUT
    way: Way = Way.THERE
    at: int = 0
    late_seconds: float = 0.5
    counts: dict[Way, int] = field(default_factory=lambda: dict.fromkeys(Way, 0))
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _open: set[socket.socket] = field(default_factory=set)

    @contextlib.contextmanager
    def listening(self, host: str = "127.0.0.1") -> Iterator[Self]:
        with socket.create_server((host, 0)) as listener:
            self.port = int(listener.getsockname()[1])
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            try:
                yield self
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                for each in tuple(self._open):
                    self._reset(each)

    def expect(self, trouble: Trouble, way: Way, at: int) -> None:
        """Begin to count anew, and make this trouble."""
        with self._lock:
            self.trouble, self.way, self.at, self.counts = trouble, way, at, dict.fromkeys(Way, 0)

    @property
    def is_met(self) -> bool:
        return 0 < self.at <= self.counts[self.way]

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = _connected(self.upstream)
                self._open |= {client, server}
                for way, source, target in ((Way.THERE, client, server), (Way.BACK, server, client)):
                    threading.Thread(target=self._pump, args=(way, source, target), daemon=True).start()

    def _pump(self, way: Way, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(_CHUNK):
                if self._is_due(way):
                    self._meet(piece, source, target)
                else:
                    target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def _is_due(self, way: Way) -> bool:
        with self._lock:
            self.counts[way] += 1
            return way is self.way and self.counts[way] == self.at

    def _meet(self, piece: bytes, source: socket.socket, target: socket.socket) -> None:
        match self.trouble:
            case Trouble.LATE:
                time.sleep(self.late_seconds)
                target.sendall(piece)
            case Trouble.HALF_CLOSED:
                target.sendall(piece)
                target.shutdown(socket.SHUT_WR)
            case Trouble.TORN:
                target.sendall(piece[: len(piece) // 2])
                self._reset(source, target)
            case Trouble.CUT:
                self._reset(source, target)

    def _reset(self, *ends: socket.socket) -> None:
        for end in ends:
            self._open.discard(end)
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                end.shutdown(socket.SHUT_RDWR)  # wakes who reads from it in the other thread
            end.close()
