"""The socket of a supervisor such as systemd, for what the program tells it."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def supervising(address: str) -> Iterator[socket.socket]:
    """Listen there until the end of the block."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(address)
        ear.setblocking(False)
        yield ear


def heard(ear: socket.socket) -> list[str]:
    """What was told since the last look."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found.append(ear.recv(100).decode())
    return found
