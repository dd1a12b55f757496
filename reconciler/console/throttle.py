"""How often something may fail within a minute, in one process."""

from __future__ import annotations

import collections
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MINUTE: Final = 60.0


class Throttle:
    """Counts failures; once there were too many within a minute, nothing is tried until some of them are older."""

    def __init__(self, most: int, monotonic: Callable[[], float]) -> None:
        self._most = most
        self._monotonic = monotonic
        self._failures: collections.deque[float] = collections.deque()
        self._guard = threading.Lock()

    def is_closed(self) -> bool:
        """Whether nothing may be tried now."""
        with self._guard:
            self._forget()
            return len(self._failures) >= self._most

    def failed(self) -> None:
        with self._guard:
            self._forget()
            self._failures.append(self._monotonic())

    def _forget(self) -> None:
        while self._failures and self._failures[0] <= self._monotonic() - _MINUTE:
            self._failures.popleft()
