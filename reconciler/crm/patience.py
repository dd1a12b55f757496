"""A CRM that has stopped answering is given up: of a server that stands still its own timeouts end nothing."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: How often it is looked how long an answer has been waited for, in seconds.
_A_MOMENT: Final = 0.5


class Line(psycopg.Connection[Any]):
    """A connection that knows since when it waits for an answer, and why it was cut."""

    _asked_at: float | None = None
    _why: Callable[[], Exception] | None = None

    def wait(self, *given: Any, **named: Any) -> Any:
        """Wait as psycopg does; where the line was cut meanwhile, raise why."""
        self._asked_at = time.monotonic()
        try:
            return super().wait(*given, **named)
        except psycopg.OperationalError:
            if self._why is None:
                raise
            raise self._why() from None
        finally:
            self._asked_at = None

    @contextlib.contextmanager
    def with_patience(self, seconds: float, check: Callable[[], None]) -> Iterator[None]:
        """Within the block cut the line where one answer takes longer, or where `check` raises while one is due."""
        done = threading.Event()

        def watch() -> None:
            while not done.wait(_A_MOMENT):
                if self._is_given_up(seconds, check):
                    return

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _is_given_up(self, seconds: float, check: Callable[[], None]) -> bool:
        if (asked_at := self._asked_at) is None:
            return False
        try:
            check()
        except Exception as error:  # noqa: BLE001 - whatever it is, the waiting thread raises it
            found = error
            self._cut(lambda: found)
            return True
        if time.monotonic() - asked_at <= seconds:
            return False
        self._cut(lambda: psycopg.OperationalError(f"no answer has come for {seconds:g} s"))
        return True

    def _cut(self, why: Callable[[], Exception]) -> None:
        self._why = why
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.fileno())) as way:
            way.shutdown(socket.SHUT_RDWR)
