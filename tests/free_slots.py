"""Slots for tests that are not about the budget."""

from __future__ import annotations

import datetime as dt

from reconciler.slots import Slot


class Unlimited:
    """Slots without end, all of them now; remembers what the provider was heard to say."""

    def __init__(self) -> None:
        self.slowed = 0
        self.spent = 0

    def reserve(self, missed: Slot | None = None, width: float = 0.0) -> Slot:  # noqa: ARG002 - there is no need to look
        return Slot(0.0, dt.date(2026, 3, 1))

    def slow_down(self) -> None:
        self.slowed += 1

    def spend_day(self) -> None:
        self.spent += 1
