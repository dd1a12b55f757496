"""Whether the loop of `serve` goes round: what its watchdog and `/livez` are told."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from reconciler.schedule import Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Time:
    """A clock that the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@contextlib.contextmanager
def running(schedule: Schedule) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=schedule.run)
    thread.start()
    try:
        yield thread
    finally:
        schedule.stop_soon()
        thread.join(20)


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_turns_while_ticks_are_in_time_and_no_longer_when_none_is_begun() -> None:
    clock, ticks, turns = Time(), [], []
    ticking, turning = (lambda: ticks.append(1)), (lambda: turns.append(1))
    schedule = Schedule(ticking, every_seconds=3600, turned=turning, monotonic=clock)

    with running(schedule):
        wait_for(lambda: bool(ticks and turns))
        clock.now += 3600 + 59
        wait_for(lambda: schedule.is_turning)  # once its loop has come round
        clock.now += 2
        time.sleep(1.1)
        before = len(turns)
        time.sleep(1.1)

        assert (schedule.is_turning, len(turns)) == (False, before)


def test_a_loop_that_does_not_come_round_turns_no_more() -> None:
    clock = Time()
    schedule = Schedule(lambda: None, every_seconds=3600, monotonic=clock)
    assert schedule.is_turning

    clock.now += 61

    assert not schedule.is_turning


def test_a_tick_that_takes_long_is_no_standstill_also_while_a_stop_waits_for_it() -> None:
    clock, turns = Time(), []
    begun, may_end = threading.Event(), threading.Event()

    def tick() -> None:
        begun.set()
        may_end.wait(20)

    schedule = Schedule(tick, every_seconds=1, turned=lambda: turns.append(clock.now), monotonic=clock)
    with running(schedule) as thread:
        assert begun.wait(20)
        clock.now += 7200
        wait_for(lambda: bool(turns) and turns[-1] == clock.now)
        schedule.stop_soon()
        clock.now += 60
        wait_for(lambda: turns[-1] == clock.now)
        assert thread.is_alive()
        may_end.set()

    assert not thread.is_alive()
