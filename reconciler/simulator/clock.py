"""The simulator's own time: real time plus an offset that tests may advance."""

from __future__ import annotations

import email.utils
import math
import time
from datetime import UTC, datetime

DAY_SECONDS = 86_400
#: A hundred years: no calendar ends before, whatever a test does.
_MOST_AHEAD = 100 * 365 * DAY_SECONDS


class Clock:
    """Tells the time of the simulated provider, in seconds since 1970."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """Say what time it is for the simulator."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move on, without anybody having to wait; ValueError where that is back, or beyond all use."""
        if not 0 <= seconds <= _MOST_AHEAD - self._offset:  # NaN is neither
            raise ValueError(f"the clock goes on only, and at most {_MOST_AHEAD:,} seconds ahead")
        self._offset += seconds

    def http_date(self) -> str:
        """Say what the Date header says."""
        return email.utils.formatdate(self.now(), usegmt=True)


def stamp(at: float) -> str:
    """Show a time as live answers do: UTC, whole seconds, Z.

    Times of this form sort as text, so they are kept and compared as text.
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def read_time(text: str) -> float:
    """Read an ISO-8601 time or date; without an offset it is UTC. ValueError where it is none."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def stamp_not_before(at: float) -> str:
    """Show the first whole second that isn't earlier than this."""
    return stamp(math.ceil(at))
