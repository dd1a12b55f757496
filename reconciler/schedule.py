"""When to run which connection: APScheduler, and no other logic."""

from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler

if TYPE_CHECKING:
    from collections.abc import Callable


class Schedule:
    """Calls `due` every so often, once at a time; a tick that was missed is made up for by one."""

    def __init__(self, due: Callable[[], None], every_seconds: float) -> None:
        self._scheduler = BlockingScheduler(timezone=dt.UTC, executors={"default": ThreadPoolExecutor(max_workers=1)})
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
        """Tick until `stop_soon` is called; the tick under way goes on to its end."""
        self._scheduler.start()

    def stop_soon(self) -> None:
        """Take no further tick. Returns at once, so that a signal handler may call it."""
        threading.Thread(target=self._scheduler.shutdown, daemon=False).start()
