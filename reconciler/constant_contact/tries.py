"""How often is asked again: a few times a request, and so many times a run; then the trouble ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.errors import OutcomeUnknown, Throttled, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.errors import ApiUnavailable

#: Of one request.
TRIES: Final = 4
THROTTLED_TRIES: Final = 8
#: Of a whole run, its first tries not counted: what is broken is not asked four times for each page.
MOST_AGAIN: Final = 20
_FIRST_PAUSE: Final = 1.0


class Tries:
    """What one client may still try again."""

    def __init__(self, sleep: Callable[[float], None], random: Callable[[], float]) -> None:
        self._sleep = sleep
        self._random = random
        self._left = MOST_AGAIN

    def pause(self, error: ApiUnavailable, tried: int) -> None:
        """Wait before a request is tried again that was tried so often; raises its trouble where it is not.

        Being throttled is not counted for the run: each time the pace is halved, which is what ends it.
        """
        is_throttled = isinstance(error, Throttled)
        if isinstance(error, OutcomeUnknown | TooLarge) or tried >= (THROTTLED_TRIES if is_throttled else TRIES):
            raise error
        if not is_throttled:
            self._count(error)
        self._sleep(error.patience or _FIRST_PAUSE + self._random() * _FIRST_PAUSE * 2 ** (tried - 1))

    def _count(self, error: ApiUnavailable) -> None:
        if self._left == 0:
            raise type(error)(f"{error}; {MOST_AGAIN} requests of this run were tried again", advice=error.advice)
        self._left -= 1
