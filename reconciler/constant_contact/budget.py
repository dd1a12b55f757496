"""One place spends: every request passes this transport, and is counted and paced here."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Protocol

import httpx

from reconciler.errors import DailyLimitReached

if TYPE_CHECKING:
    from collections.abc import Callable


class Slots(Protocol):
    """What an API key may still spend."""

    def reserve(self) -> float | None:
        """Reserve the next slot; says how many seconds it is away, or None where the day is spent."""


class Budget(httpx.BaseTransport):
    """Waits for a slot before each request, and counts requests by the provider's operationId."""

    def __init__(self, inner: httpx.BaseTransport, slots: Slots, sleep: Callable[[float], None]) -> None:
        self._inner = inner
        self._slots = slots
        self._sleep = sleep
        self.calls: collections.Counter[str] = collections.Counter()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        seconds = self._slots.reserve()
        if seconds is None:
            raise DailyLimitReached(
                "the API key's calls of this UTC day are spent",
                advice="nothing to do: what is left is pushed after 00:00 UTC",
            )
        if seconds > 0:
            self._sleep(seconds)
        self.calls[str(request.extensions.get("operation", "unnamed"))] += 1
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
