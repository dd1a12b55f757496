"""The limits of one API key: four requests a second, ten thousand a UTC day (developer.constantcontact.com)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from reconciler.simulator.answers import Refused, error_list, error_object
from reconciler.simulator.clock import DAY_SECONDS

if TYPE_CHECKING:
    from reconciler.simulator.switches import Switches


class Limits:
    """Counts the requests that were let through; a refused one costs nothing."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque()
        self._day = 0
        self._today = 0

    @property
    def today(self) -> int:
        """Count the requests of this UTC day."""
        return self._today

    def spend(self, now: float, switches: Switches) -> None:
        """Count a request, or refuse it with 429; there is no Retry-After."""
        self._forget(now)
        if switches.limits and self._today >= switches.per_day:
            raise _refused("quota_exceeded", "Limit Exceeded", switches)
        if switches.limits and len(self._recent) >= switches.per_second:
            raise _refused("throttled", "Too Many Requests", switches)
        self._recent.append(now)
        self._today += 1

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if int(now // DAY_SECONDS) != self._day:
            self._day, self._today = int(now // DAY_SECONDS), 0


def _refused(key: str, message: str, switches: Switches) -> Refused:
    form = error_object if switches.throttle_body == "object" else error_list
    return Refused(form(429, key, message))
