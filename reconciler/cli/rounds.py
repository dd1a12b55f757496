"""The rounds of `serve`: it looks every few seconds who is due, and says meanwhile how it goes."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from reconciler.cli.outcomes import what_stands_in_the_way
from reconciler.errors import Mistake, ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.watched import Watched
    from reconciler.places import Places
    from reconciler.reconcile import Parts
    from reconciler.report import Report
    from reconciler.turns import Due

_log: Final = logging.getLogger(__name__)
#: How often it is looked who is due; and where ticks are asked for more often, so many times within an interval.
_LOOK_SECONDS: Final = 2.0
_LOOKS: Final = 5
#: A monitor is told at the first quiet moment after an interval, and without one so many seconds later.
_BUSY_SECONDS: Final = 60.0


def look_seconds(every_seconds: float) -> float:
    return min(_LOOK_SECONDS, every_seconds / _LOOKS)


class Rounds:
    """Looks after all connections. `look` and `tell` are called again and again, each in a thread of its own."""

    def __init__(self, watch: Watched, every_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._watch = watch
        self._every = every_seconds
        self._monotonic = monotonic
        self._promised_at = self._told_at = monotonic() - every_seconds
        self._is_first = True
        #: Whether the last look found the ledger; None: there was none yet.
        self._is_well: bool | None = None
        self._has_news = threading.Event()

    def look(self, places: Places) -> None:
        """Give out the places to those that are due; while the ledger is out of reach nobody is."""
        looked_at = self._monotonic()
        try:
            places.offer(self._due(looked_at), looked_at)
        except ReconcilerError as error:
            # Once while it lasts: who looks every few seconds would fill the log.
            (_log.debug if self._is_well is False else _log.error)("no tick: %s", error)
            self._is_well = False
            return
        self._is_well = True

    def _due(self, looked_at: float) -> list[Due]:
        from reconciler.ledger import ages
        from reconciler.ledger.due import due

        with self._watch.ledger.transaction() as tx:
            if looked_at - self._promised_at >= self._every:
                ages.promise(tx, self._every)
                self._promised_at = looked_at
            # Whoever starts it wants to see it go: the first ticks are at once.
            found = due(tx, 0.0 if self._is_first else self._every)
        self._is_first = False
        return found

    def tell(self, places: Places) -> None:
        """Tell a monitor once an interval how it goes, and people of news as soon as there is some."""
        since = self._monotonic() - self._told_at - self._every
        is_quiet = self._is_well is not None and places.is_idle
        if since >= 0 and (is_quiet or since >= _BUSY_SECONDS):
            self._told_at = self._monotonic()
            self._has_news.clear()
            self._watch.ended(is_well=self._is_well is not False)
        elif self._has_news.is_set():
            self._has_news.clear()
            self._watch.tell()

    def end(self) -> None:
        """Tell what the last runs left to tell."""
        if self._has_news.is_set():
            self._watch.ended(is_well=self._is_well is not False)

    def tick(self, parts: Parts, name: str) -> Report | str | None:
        """One tick of one connection, as `reconcile.run` says it: its trouble is told, and never stops the others."""
        try:
            return self._run(parts, name)
        except ReconcilerError as error:
            _log.error("%s: %s", name, error, extra={"connection": name})
        except Exception as error:  # noqa: BLE001 - a mistake of ours ends this tick, and no other connection's
            _log.error("%s: %s", name, Mistake.of(error), extra={"connection": name})
            _log.debug("where it was made", exc_info=error)
        return None

    def _run(self, parts: Parts, name: str) -> Report | str | None:
        from reconciler.reconcile import run as run_once
        from reconciler.request import Request

        outcome = run_once(parts, name, Request("schedule", is_tick=True))
        self._watch.ran(outcome)
        if outcome is None or isinstance(outcome, str):
            return outcome
        self._has_news.set()
        if outcome.state.value == "held":
            _log.warning("%s", what_stands_in_the_way(parts.ledger, name), extra={"connection": name})
        return outcome
