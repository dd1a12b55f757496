"""The clock of `serve`: APScheduler, and no other logic."""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from typing import TYPE_CHECKING, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

if TYPE_CHECKING:
    from collections.abc import Callable

_A_WHILE: Final = 1.0
#: So late may a tick be, or a pass of the loop that waits for the end, before something is stuck.
_LATE_SECONDS: Final = 60.0


def _nothing() -> None:
    """Do nothing."""


class Schedule:
    """Calls each of some functions at once and then every so often, each in its own time.

    Of one function there is one call at a time; ticks that fall into a call are left out. `turned` is called about
    once a second, for as long as the first of them is begun when it should be; `last` at the end, when none is called
    any more.
    """

    def __init__(
        self,
        *jobs: Callable[[], None],
        every_seconds: float,
        turned: Callable[[], None] = _nothing,
        last: Callable[[], None] = _nothing,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._due, self._every_seconds = jobs[0], every_seconds
        self._turned, self._last, self._monotonic = turned, last, monotonic
        self._ticked = self._passed = monotonic()
        self._is_ticking = False
        # Unlike an Event, it may be filled by a signal handler at any moment.
        self._stop: queue.SimpleQueue[None] = queue.SimpleQueue()
        threads = ThreadPoolExecutor(max_workers=len(jobs))
        self._scheduler = BackgroundScheduler(timezone=dt.UTC, executors={"default": threads})
        # The store is in memory on purpose: two schedulers on one shared store would run everything twice.
        for job in (self._tick, *jobs[1:]):
            self._scheduler.add_job(
                job,
                "interval",
                seconds=every_seconds,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                next_run_time=dt.datetime.now(dt.UTC),
            )

    def run(self) -> None:
        """Tick until `stop_soon` is called, also before; the calls under way go on to their end."""
        self._scheduler.start()
        while not self._is_told():
            self._pass()
        # In a thread of its own, so that the supervisor hears meanwhile that it goes on.
        ending = threading.Thread(target=self._end, name="ending", daemon=True)
        ending.start()
        while ending.is_alive():
            ending.join(_A_WHILE)
            self._pass()

    def _end(self) -> None:
        self._scheduler.shutdown(wait=True)
        self._last()

    @property
    def is_turning(self) -> bool:
        """Whether ticks are begun when they should be. One under way may take its time: each wait in it has an end."""
        now = self._monotonic()
        is_in_time = self._is_ticking or now - self._ticked < self._every_seconds + _LATE_SECONDS
        return is_in_time and now - self._passed < _LATE_SECONDS

    def _pass(self) -> None:
        self._passed = self._monotonic()
        if self.is_turning:
            self._turned()

    def _tick(self) -> None:
        self._is_ticking = True
        try:
            self._due()
        finally:
            self._is_ticking, self._ticked = False, self._monotonic()

    def _is_told(self) -> bool:
        """Wait a second at most: a signal that the system gives to another thread wakes this one only then."""
        try:
            self._stop.get(timeout=_A_WHILE)
        except queue.Empty:
            return False
        return True

    def stop_soon(self) -> None:
        """Take no further tick. Returns at once, so that a signal handler may call it, and any number of times."""
        self._stop.put(None)
