"""When to run which connection: APScheduler, and no other logic."""

from __future__ import annotations

import datetime as dt
import queue
from typing import TYPE_CHECKING, Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

if TYPE_CHECKING:
    from collections.abc import Callable

_A_WHILE: Final = 1.0


class Schedule:
    """Calls `due` at once and then every so often, one call at a time; ticks that fall into a call are left out."""

    def __init__(self, due: Callable[[], None], every_seconds: float) -> None:
        # Unlike an Event, it may be filled by a signal handler at any moment.
        self._stop: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._scheduler = BackgroundScheduler(timezone=dt.UTC, executors={"default": ThreadPoolExecutor(max_workers=1)})
        # The store is in memory on purpose: two schedulers on one shared store would run everything twice.
        self._scheduler.add_job(
            due,
            "interval",
            seconds=every_seconds,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
            next_run_time=dt.datetime.now(dt.UTC),
        )

    def run(self) -> None:
        """Tick until `stop_soon` is called, also before; the tick under way goes on to its end."""
        self._scheduler.start()
        while not self._is_told():
            pass
        self._scheduler.shutdown(wait=True)

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
