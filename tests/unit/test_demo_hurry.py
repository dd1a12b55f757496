"""Time in the demo: nobody has to sit through its waits, and no clock knows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.demo.hurry import FASTER, Hurry

if TYPE_CHECKING:
    import pytest


def test_a_wait_takes_a_part_of_its_time_and_every_clock_goes_on_by_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    ahead: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + sum(slept))
    hurry = Hurry(ahead.append)

    hurry.sleep(8.0)

    assert slept == [8.0 / FASTER]
    assert slept[0] + ahead[0] == 8.0
    assert hurry.monotonic() == 108.0
