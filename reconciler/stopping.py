"""Stopping in good order: a signal is a wish, which the run sees where it can leave off."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any, Final

from reconciler.errors import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

#: Ctrl-C, and what `kill`, Docker, systemd and Kubernetes send first.
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Whether this process is to stop. A request under way is finished, and its outcome written down."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._begun = threading.Event()

    def ask(self) -> None:
        """Wish to stop. Returns at once."""
        self._begun.set()
        self._asked.set()

    def ask_in(self, seconds: float) -> None:
        """Begin nothing new from now on, and wish to stop what is under way after a while. Returns at once."""
        if not self._begun.is_set():
            self._begun.set()
            later = threading.Timer(seconds, self._asked.set)
            later.daemon = True
            later.start()

    @property
    def begins_nothing(self) -> bool:
        return self._begun.is_set()

    def check(self) -> None:
        """Raise Stopped where somebody has asked: nothing is under way here."""
        if self._asked.is_set():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Sleep, and no longer than until somebody asks. Raises Stopped."""
        self._asked.wait(seconds)
        self.check()


@contextlib.contextmanager
def on_signals(ask: Callable[[], None]) -> Iterator[None]:
    """Ask at each signal, in place of what it does by default; a second Ctrl-C does that."""
    before: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}

    def hear(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            signal.signal(number, before[number])
        ask()

    for number in _SIGNALS:
        signal.signal(number, hear)
    try:
        yield
    finally:
        for heard, handler in before.items():
            signal.signal(heard, handler)
