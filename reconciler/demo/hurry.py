"""Time in the demo: where the program waits, every clock goes ahead faster than this machine's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

#: A lease is renewed by the machine's clock and lapses by the ledger's: six times as fast would be too much.
FASTER: Final = 4


class Hurry:
    """Waits that take a part of their time; the rest of it `set_ahead` puts all clocks ahead.

    So the pace that Constant Contact allows is kept by its own clock, and nobody has to sit through it.
    """

    def __init__(self, set_ahead: Callable[[float], None]) -> None:
        self._set_ahead = set_ahead
        self._ahead = 0.0

    def sleep(self, seconds: float) -> None:
        """Wait, in place of `time.sleep`."""
        waited = seconds / FASTER
        time.sleep(waited)
        self._set_ahead(seconds - waited)
        self._ahead += seconds - waited

    def monotonic(self) -> float:
        """Tell the time that has gone by, in place of `time.monotonic`."""
        return time.monotonic() + self._ahead
