"""Places for so many runs at once: who is due gets one when it is free, and a slow run keeps no more than its own."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reconciler import turns
from reconciler.turns import Past, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.turns import Bounds, Due


class Places:
    """Gives each connection its turn in a thread of its own. All methods may be called from any thread."""

    def __init__(
        self,
        bounds: Bounds,
        work: Callable[[Due], object],
        *,
        begins_nothing: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`work` is one turn, and raises nothing; with `begins_nothing` those that wait are sent away."""
        self._bounds = bounds
        self._do = work
        self._begins_nothing = begins_nothing
        self._monotonic = monotonic
        self._pool = ThreadPoolExecutor(bounds.at_once, thread_name_prefix="run")
        self._guard = threading.Lock()
        self._queue = Queue()
        self._running: dict[int, Due] = {}
        self._past: dict[int, Past] = {}

    def offer(self, found: Sequence[Due], looked_at: float) -> None:
        """Let these wait for a place instead of those that wait; they were found due at that moment of our clock.

        Who is running, or has just had the turn that it is due for, is left out.
        """
        with self._guard:
            wait = [one for one in found if one.connection_id not in self._running]
            new = [one for one in wait if turns.is_new(one, self._past.get(one.connection_id), looked_at)]
            self._queue = Queue(new, self._queue.history)
            self._fill()

    @property
    def is_idle(self) -> bool:
        """Whether nobody runs and nobody waits."""
        with self._guard:
            return not self._running and not self._queue

    def close(self) -> None:
        """Begin nothing more, and wait for what goes on."""
        with self._guard:
            self._queue = Queue()
        self._pool.shutdown(wait=True)

    def _fill(self) -> None:
        if self._begins_nothing():
            self._queue = Queue()
        for one in self._queue.take(self._running.values(), self._bounds):
            self._running[one.connection_id] = one
            self._pool.submit(self._turn, one)

    def _turn(self, one: Due) -> None:
        try:
            self._do(one)
        finally:
            with self._guard:
                del self._running[one.connection_id]
                self._past[one.connection_id] = Past(one.last_tick_at, self._monotonic())
                self._fill()
