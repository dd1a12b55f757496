"""So many runs at once: a place that is free is given out at once, one that is kept keeps no other."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.places import Places
from reconciler.turns import Bounds, Due

if TYPE_CHECKING:
    from collections.abc import Callable

_PATIENCE_SECONDS = 10.0


@dataclass
class Work:
    """Turns that end at once, but for those of a connection that is stuck."""

    stuck: threading.Event = field(default_factory=threading.Event)
    had: list[str] = field(default_factory=list)
    most: int = 0
    running: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, one: Due) -> None:
        with self.guard:
            self.running += 1
            self.most = max(self.most, self.running)
        if one.name.startswith("stuck"):
            self.stuck.wait(_PATIENCE_SECONDS)
        else:
            time.sleep(0.002)
        with self.guard:
            self.running -= 1
            self.had.append(one.name)


def crowd(*names: str, key: str | None = None) -> list[Due]:
    return [Due(number, name, (key or name).encode(), interval=60.0) for number, name in enumerate(names, 1)]


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.002)


def test_a_hundred_have_their_turns_on_three_places_without_another_look() -> None:
    work = Work()
    places = Places(Bounds(at_once=3), work)
    everybody = crowd(*(f"c{number}" for number in range(100)))

    places.offer(everybody, time.monotonic())
    wait_for(lambda: places.is_idle)
    places.close()

    assert sorted(work.had) == sorted(one.name for one in everybody)
    assert work.most == 3


def test_one_that_is_stuck_keeps_its_own_place_only() -> None:
    work = Work()
    places = Places(Bounds(at_once=2, per_key=2), work)

    places.offer(crowd("stuck", *(f"c{number}" for number in range(20)), key="one key"), time.monotonic())
    wait_for(lambda: len(work.had) == 20)

    assert "stuck" not in work.had
    assert not places.is_idle
    work.stuck.set()
    places.close()
    assert len(work.had) == 21


def test_who_runs_or_has_just_run_has_no_second_turn_for_the_same_tick() -> None:
    work = Work()
    places = Places(Bounds(at_once=2), work)
    looked_at = time.monotonic()

    for _ in range(3):
        places.offer(crowd("c", "stuck"), looked_at)
        wait_for(lambda: work.had == ["c"])
    work.stuck.set()
    wait_for(lambda: places.is_idle)
    places.offer(crowd("c", "stuck"), time.monotonic())
    places.close()

    assert sorted(work.had) == ["c", "stuck"]


def test_once_nothing_is_to_begin_those_that_wait_are_sent_away_and_those_that_run_are_waited_for() -> None:
    work, stop = Work(), threading.Event()
    places = Places(Bounds(at_once=1), work, begins_nothing=stop.is_set)

    places.offer(crowd("stuck", "next"), time.monotonic())
    wait_for(lambda: work.running == 1)
    stop.set()
    threading.Timer(0.05, work.stuck.set).start()
    places.close()
    places.offer(crowd("late"), time.monotonic())

    assert work.had == ["stuck"]
    assert places.is_idle
