"""One place spends: every request to the API passes this transport, and is counted and paced here.

Token requests take their slots in `oauth`.

Why no five requests arrive within a second, as Constant Contact refuses the fifth (developer.constantcontact.com: 4
requests a second for an API key). The slots of a key lie a spacing apart, 1/2.8 s by default, whoever reserves them, so
from a slot to the fourth after it are 1.43 s. A request never leaves before its slot, and at most `_LATE` after it: who
wakes later, because the machine, the ledger or a new connection was slow, takes another slot. So five requests leave
within no less than 1.43 - 0.25 = 1.18 s, and their ways there may differ by 0.18 s. Each try of a request is one more
request with a slot of its own; a client has one request under way, so its connections can't pile any up; and time in
which nobody asks is not saved up. What is left is the ledger's clock being set ahead while somebody waits for a slot:
then both old and new slots are used once, and an answer of 429 makes all of them wait twice as long for a minute.
"""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx

from reconciler.constant_contact.deadline import Deadline
from reconciler.errors import DailyLimitReached, Unreached

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.slots import Slot

#: A slot is good for so many seconds after its time.
_LATE: Final = 0.25
#: After so many missed slots in a row the machine is too busy to keep the pace.
_MOST_MISSED: Final = 10
#: A slow machine reserves no longer a while than this.
_WIDEST: Final = 10.0


class Slots(Protocol):
    """What an API key may still spend."""

    def reserve(self, missed: Slot | None = None, width: float = 0.0) -> Slot | None:
        """Reserve the next slot, good for `width` seconds; None where the day is spent.

        `missed` is a slot that was not used: it is not counted twice.
        """

    def slow_down(self) -> None:
        """Constant Contact says that we are too fast."""

    def spend_day(self) -> None:
        """Constant Contact says that the day is spent."""


class Budget(httpx.BaseTransport):
    """Waits for a slot before each request, and counts requests by the provider's operationId."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        slots: Slots,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
        may_leave: Callable[[httpx.Request], None] = lambda _: None,
    ) -> None:
        self._may_leave = may_leave
        self._inner = inner
        self._slots = slots
        self._sleep = sleep
        self._monotonic = monotonic
        self._deadline = Deadline()
        self._slot: Slot | None = None
        self._good_until = 0.0
        #: How long a slot has to be good on this machine, beyond `_LATE`, to be met.
        self._width = 0.0
        self.calls: collections.Counter[str] = collections.Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request in its slot. Raises DailyLimitReached where there is none any more today."""
        self._slot = None
        self._wait()
        self._may_leave(request)
        self.calls[str(request.extensions.get("operation", "unnamed"))] += 1
        request.extensions["trace"] = lambda event, about: self._follow(event, about, request)
        return self._inner.handle_request(request)

    def end_request(self) -> None:
        """The answer to the last request has been read, or none will be."""
        self._deadline.lift()

    def slow_down(self) -> None:
        self._slots.slow_down()

    def spend_day(self) -> None:
        self._slots.spend_day()

    def close(self) -> None:
        self._deadline.lift()
        self._inner.close()

    def _follow(self, event: str, about: dict[str, Any], request: httpx.Request) -> None:
        """What httpcore tells of a request: a connection was made, or its first byte is about to leave."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._deadline.watch(about["return_value"])
        elif event.endswith(".send_request_headers.started"):
            # A slow connection may have taken the slot's time.
            if self._monotonic() > self._good_until:
                self._wait()
                self._may_leave(request)
            self._deadline.set(request.extensions.get("seconds"))

    def _wait(self) -> None:
        """Wait for a slot that is met in time."""
        for missed in range(_MOST_MISSED):
            asked_at = self._monotonic()
            slot = self._slots.reserve(self._slot, self._width)
            if slot is None:
                raise DailyLimitReached
            if slot.seconds > 0:
                self._sleep(slot.seconds)
            # The slot's moment lies between asking and the answer: never early, and late from the first of them.
            late = self._monotonic() - (asked_at + slot.seconds)
            self._slot, self._good_until = slot, asked_at + slot.seconds + _LATE + self._width
            if late <= _LATE + self._width:
                self._width = max(0.0, late - _LATE) * 1.2
                return
            if missed > 0:
                # Not once by chance: here it takes so long. A longer slot keeps all the others waiting.
                self._width = min(2 * late, _WIDEST)
        raise Unreached(
            "this machine or the ledger is too busy to keep the API's pace", advice="this passes; look at their load"
        )
