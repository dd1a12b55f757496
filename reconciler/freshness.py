"""What was read of both sides is renewed before a write where it has grown old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler import decide, pull

if TYPE_CHECKING:
    from reconciler.work import Work


class Freshness:
    """How old a run's readings are. `read_at`: when Constant Contact was last read, by the process's own clock."""

    def __init__(self, work: Work, read_at: float, listed: int) -> None:
        self._work = work
        self._read_at = read_at
        self._listed = listed
        self._confirmed_at: float | None = None

    def of_both(self) -> None:
        """Before an import: whoever is on the list or off it, and what the CRM wants of those in the plan."""
        now = self._work.monotonic()
        is_old = self._is_old(self._read_at, now)
        if is_old:
            self._read_at = now
            pull.before_push(self._work, self._listed)
        if is_old or self._confirmed_at is None:
            decide.confirm(self._work, everything=is_old)
            self._confirmed_at = now

    def of_crm(self) -> None:
        """Before a call about one contact, who is read right before it: what the CRM wants of those in the plan."""
        now = self._work.monotonic()
        if self._confirmed_at is None or self._is_old(self._confirmed_at, now):
            decide.confirm(self._work, everything=False)
            self._confirmed_at = now

    def _is_old(self, then: float, now: float) -> bool:
        return now - then > self._work.connection.limits.reading_age_seconds
