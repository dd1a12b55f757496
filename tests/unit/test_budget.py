"""The budget: every request waits for its slot and is counted, and a day that is spent is said to be."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import freezegun
import httpx
import pytest

from reconciler.constant_contact.budget import Budget
from reconciler.errors import DailyLimitReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from freezegun.api import FrozenDateTimeFactory, StepTickTimeFactory, TickingDateTimeFactory

    Clock = FrozenDateTimeFactory | StepTickTimeFactory | TickingDateTimeFactory

PACE_PER_SECOND = 2.8


@dataclass
class EvenSlots:
    """Slots of one API key as the ledger gives them: evenly spaced, never in the past, so many a day."""

    per_day: int = 1000
    given: int = 0
    _next_at: float = 0.0

    def reserve(self) -> float | None:
        if self.given >= self.per_day:
            return None
        self.given += 1
        self._next_at = max(self._next_at + 1 / PACE_PER_SECOND, time.time())
        return self._next_at - time.time()


@dataclass
class Provider(httpx.BaseTransport):
    """Answers everything, and remembers when it was asked."""

    asked_at: list[float] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked_at.append(time.time())
        return httpx.Response(200, json={}, request=request)


def ask(budget: Budget, operation: str | None = None) -> httpx.Response:
    extensions = {} if operation is None else {"operation": operation}
    return budget.handle_request(httpx.Request("GET", "http://127.0.0.1/v3", extensions=extensions))


def ticking(clock: Clock) -> Callable[[float], None]:
    """A sleep that lets the frozen time go on instead of waiting."""

    def sleep(seconds: float) -> None:
        clock.tick(seconds)

    return sleep


def busiest_second(moments: list[float]) -> int:
    """The most requests that fall into any second, wherever it begins."""
    return max(sum(1 for moment in moments if first <= moment < first + 1) for first in moments)


def test_never_more_than_four_requests_fall_into_one_second() -> None:
    """Constant Contact refuses the fifth (developer documentation: 4 requests a second)."""
    provider = Provider()
    with freezegun.freeze_time("2026-03-01 12:00:00") as clock:
        budget = Budget(provider, EvenSlots(), sleep=ticking(clock))
        for pause in (0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.9, 0, 0, 0, 0, 0):
            clock.tick(pause)
            ask(budget)

    assert len(provider.asked_at) == 20
    assert busiest_second(provider.asked_at) <= 4
    assert min(b - a for a, b in zip(provider.asked_at, provider.asked_at[1:], strict=False)) > 0.35


def test_who_has_waited_long_enough_is_not_made_to_wait() -> None:
    waits: list[float] = []
    with freezegun.freeze_time("2026-03-01 12:00:00") as clock:
        budget = Budget(Provider(), EvenSlots(), sleep=waits.append)
        for _ in range(3):
            ask(budget)
            clock.tick(1)

    assert waits == []


def test_a_day_that_is_spent_is_said_to_be_and_nothing_is_sent() -> None:
    provider = Provider()
    with freezegun.freeze_time("2026-03-01 12:00:00") as clock:
        budget = Budget(provider, EvenSlots(per_day=2), sleep=ticking(clock))
        ask(budget)
        ask(budget)
        with pytest.raises(DailyLimitReached, match="of this UTC day are spent") as refused:
            ask(budget)

    assert refused.value.advice.startswith("nothing to do")
    assert len(provider.asked_at) == 2
    assert budget.calls.total() == 2


def test_requests_are_counted_by_operation() -> None:
    budget = Budget(Provider(), EvenSlots(), sleep=lambda _: None)

    for operation in ("getContacts", "getContacts", "getList", None):
        ask(budget, operation)

    assert budget.calls == {"getContacts": 2, "getList": 1, "unnamed": 1}
