"""What a supervisor such as systemd is told: that this process is up, that it goes on, and that it stops.

The protocol is `sd_notify(3)`: a datagram to the socket that NOTIFY_SOCKET names. Where none is named, nobody is told.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log: Final = logging.getLogger(__name__)
_MICROSECONDS: Final = 1_000_000
#: `sd_watchdog_enabled(3)` asks for a sign in half of the time that there is; one of three may be lost here.
_SIGNS_IN_THE_TIME: Final = 3


class Supervisor:
    """Tells who started this process how it goes; a message that nobody takes is logged and fails nothing."""

    def __init__(
        self, environ: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic, pid: int | None = None
    ) -> None:
        """Read who is to be told, and how often, as `sd_notify` and `sd_watchdog_enabled` read it."""
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._pause = _pause(environ, os.getpid() if pid is None else pid)
        self._monotonic = monotonic
        self._next = -math.inf

    def is_up(self) -> None:
        """This process does its work from now on."""
        self._tell("READY=1")

    def goes_on(self) -> None:
        """It still does. May be said as often as one likes: it is told as often as the watchdog needs it."""
        if self._pause is not None and (now := self._monotonic()) >= self._next:
            self._next = now + self._pause
            self._tell("WATCHDOG=1")

    def stops(self) -> None:
        """It begins to end. A signal handler may say so."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if not self._address:
            return
        # An abstract name begins with a NUL byte, which no variable can hold: there it is written as an @.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
                # Who takes no message now gets the next one: this process waits for nobody.
                way.setblocking(False)
                way.sendto(state.encode(), address)
        except OSError as error:
            _log.warning("the supervisor was not told %s: %s", state, error.strerror or type(error).__name__)


def _pause(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between two signs of life; None where no watchdog waits for this very process."""
    given, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", str(pid))
    if not given.isdecimal() or int(given) == 0 or whose != str(pid):
        return None
    return int(given) / _MICROSECONDS / _SIGNS_IN_THE_TIME
