"""The budget: every request leaves in its slot and is counted, and a day that is spent is said to be."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from reconciler import slots
from reconciler.constant_contact.budget import Budget
from reconciler.errors import DailyLimitReached, Unreached
from reconciler.slots import Pace, Slot, Spending

PACE = Pace(1 / 2.8, 1000)
NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


@dataclass
class Machine:
    """A machine whose time goes on only by what is done: the ledger, sleeping and connecting take their time."""

    pace: Pace = PACE
    ledger_seconds: float = 0.0
    oversleeps: list[float] = field(default_factory=list)
    connecting: list[float] = field(default_factory=list)
    now: float = 0.0
    spending: Spending = field(default_factory=lambda: Spending(NOON.date(), 0, NOON - dt.timedelta(minutes=1)))
    asked_at: list[float] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    slowed: int = 0
    spent: int = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds + (self.oversleeps.pop(0) if self.oversleeps else 0.0)

    def reserve(self, missed: Slot | None = None, width: float = 0.0) -> Slot | None:
        """As the ledger does it."""
        self.now += self.ledger_seconds / 2
        now = NOON + dt.timedelta(seconds=self.now)
        found = slots.reserve(self.spending, now, self.pace, missed=missed, width=width)
        self.now += self.ledger_seconds / 2
        if found is None:
            return None
        self.spending, slot = found
        return Slot((slot - now).total_seconds(), self.spending.day)

    def slow_down(self) -> None:
        self.slowed += 1

    def spend_day(self) -> None:
        self.spent += 1

    def budget(self) -> Budget:
        return Budget(_Provider(self), self, self.sleep, self.monotonic)

    def ask(self, budget: Budget, operation: str | None = None) -> httpx.Response:
        extensions = {} if operation is None else {"operation": operation}
        return budget.handle_request(httpx.Request("GET", "http://127.0.0.1/v3", extensions=extensions))


class _Stream:
    """A connection without a socket."""

    def get_extra_info(self, _: str) -> Any:
        return None


@dataclass
class _Provider(httpx.BaseTransport):
    """Answers everything, tells of its connection as httpcore does, and remembers when it was asked."""

    machine: Machine

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        trace = request.extensions["trace"]
        if self.machine.connecting:
            self.machine.now += self.machine.connecting.pop(0)
            trace("connection.connect_tcp.complete", {"return_value": _Stream()})
        trace("http11.send_request_headers.started", {})
        self.machine.asked_at.append(self.machine.now)
        return httpx.Response(200, json={}, request=request)


def busiest_second(moments: list[float]) -> int:
    """The most requests that fall into any second, wherever it begins."""
    return max(sum(1 for moment in moments if first <= moment < first + 1) for first in moments)


def test_never_more_than_four_requests_fall_into_one_second() -> None:
    """Constant Contact refuses the fifth (developer documentation: 4 requests a second)."""
    machine = Machine()
    budget = machine.budget()
    for pause in (0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0.1, 0.1, 0.1, 0.1, 0.9, 0, 0, 0, 0, 0):
        machine.now += pause
        machine.ask(budget)

    assert len(machine.asked_at) == 20
    assert busiest_second(machine.asked_at) <= 4
    assert min(b - a for a, b in zip(machine.asked_at, machine.asked_at[1:], strict=False)) > 0.35


def test_who_has_waited_long_enough_is_not_made_to_wait() -> None:
    machine = Machine()
    budget = machine.budget()
    for _ in range(3):
        machine.ask(budget)
        machine.now += 1

    assert machine.slept == []


def test_who_wakes_too_late_takes_another_slot_and_is_counted_once() -> None:
    machine = Machine(oversleeps=[0.0, 3.0])
    budget = machine.budget()
    for _ in range(3):
        machine.ask(budget)

    assert machine.spending.calls == 3
    assert machine.asked_at[2] - machine.asked_at[1] > 3


def test_who_wakes_a_little_late_goes_on() -> None:
    machine = Machine(oversleeps=[0.2])
    budget = machine.budget()
    machine.ask(budget)
    machine.ask(budget)

    assert machine.spending.calls == 2
    assert machine.asked_at[1] == pytest.approx(1 / 2.8 + 0.2)


def test_a_connection_that_took_its_time_to_be_made_costs_the_slot() -> None:
    machine = Machine(connecting=[4.0])
    machine.ask(machine.budget())

    assert machine.spending.next_at >= NOON + dt.timedelta(seconds=4)
    assert machine.spending.calls == 1


@pytest.mark.parametrize("ledger_seconds", [0.1, 0.5, 2.0])
def test_a_ledger_that_is_slow_makes_slots_longer_and_stops_nobody(ledger_seconds: float) -> None:
    machine = Machine(ledger_seconds=ledger_seconds)
    budget = machine.budget()
    for _ in range(20):
        machine.ask(budget)

    assert len(machine.asked_at) == 20
    assert busiest_second(machine.asked_at) <= 4
    assert machine.spending.calls == 20


def test_a_machine_that_can_t_meet_any_slot_says_so_and_sends_nothing() -> None:
    machine = Machine(ledger_seconds=60)
    with pytest.raises(Unreached, match="too busy to keep the API's pace"):
        machine.ask(machine.budget())

    assert machine.asked_at == []
    assert machine.spending.calls == 1


def test_a_day_that_is_spent_is_said_to_be_and_nothing_is_sent() -> None:
    machine = Machine(pace=Pace(1 / 2.8, 2))
    budget = machine.budget()
    machine.ask(budget)
    machine.ask(budget)
    with pytest.raises(DailyLimitReached, match="of this UTC day are spent") as refused:
        machine.ask(budget)

    assert refused.value.advice.startswith("nothing to do")
    assert len(machine.asked_at) == 2
    assert budget.calls.total() == 2


def test_requests_are_counted_by_operation() -> None:
    machine = Machine()
    budget = machine.budget()

    for operation in ("getContacts", "getContacts", "getList", None):
        machine.ask(budget, operation)

    assert budget.calls == {"getContacts": 2, "getList": 1, "unnamed": 1}
