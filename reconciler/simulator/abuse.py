"""Sign-up abuse: an address that is written too often is refused for two days, as if it were no address.

More than five subscribe or profile-update attempts in 24 hours, then 48 hours of "invalid email" (forum thread 417628).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.simulator.answers import invalid
from reconciler.simulator.clock import DAY_SECONDS

if TYPE_CHECKING:
    from reconciler.simulator.switches import Switches

COUNTED_SECONDS: Final = DAY_SECONDS
REFUSED_SECONDS: Final = 2 * DAY_SECONDS


class Abuse:
    """Counts the writes of each address."""

    def __init__(self) -> None:
        self._writes: dict[str, list[float]] = {}
        self._until: dict[str, float] = {}

    def spend(self, address: str, now: float, switches: Switches) -> None:
        """Count a write of this address, or refuse it with 400."""
        if self.refuses(address, now, switches.signup_abuse_most):
            raise invalid("email_address is not a valid email address")

    def refuses(self, address: str, now: float, most: int) -> bool:
        """Count a write of this address, and say whether it is one too many; `most` 0 never is."""
        key = address.lower()
        if not most:
            return False
        if now < self._until.get(key, 0.0):
            return True
        self._writes[key] = [at for at in self._writes.get(key, ()) if now - at < COUNTED_SECONDS] + [now]
        if len(self._writes[key]) <= most:
            return False
        self._until[key], self._writes[key] = now + REFUSED_SECONDS, []
        return True
