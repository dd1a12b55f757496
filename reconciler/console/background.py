"""Runs that somebody asked for in the console: they go on while the page is answered."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from reconciler import reconcile
from reconciler.console.keys import UNUSABLE
from reconciler.errors import LedgerError, Mistake, ReconcilerError, VaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.reconcile import Parts
    from reconciler.report import Report
    from reconciler.request import Request

_log: Final = logging.getLogger(__name__)
_AT_ONCE: Final = 4
#: What people are told of an error that names servers or the program's inside; the log line has it whole.
LEDGER_AWAY: Final = "The ledger can't be used now."
OUR_MISTAKE: Final = "Something went wrong here, and it is not your doing."


class Background:
    """A few runs at once. A run's trouble is in its report; what has none is logged and remembered by connection."""

    def __init__(self, parts: Callable[[], Parts], ran: Callable[[Report | str | None], None]) -> None:
        self._parts = parts
        self._ran = ran
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="console-run")
        self._guard = threading.Lock()
        self._busy: dict[str, int] = {}
        self._last_words: dict[str, str] = {}

    def run(self, name: str, request: Request) -> None:
        """Run a connection as soon as one of the few is free."""
        with self._guard:
            self._busy[name] = self._busy.get(name, 0) + 1
            self._last_words.pop(name, None)
        self._pool.submit(self._work, name, request)

    def is_busy(self, name: str) -> bool:
        """Whether a run that was asked for here has yet to begin or to end."""
        with self._guard:
            return self._busy.get(name, 0) > 0

    def last_words(self, name: str) -> str | None:
        """What came of the last run that was asked for here, where it left no report."""
        with self._guard:
            return self._last_words.get(name)

    def close(self) -> None:
        """Begin nothing more, and wait for what goes on; whoever stops the process has asked it to end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, name: str, request: Request) -> None:
        words = None
        try:
            outcome = reconcile.run(self._parts(), name, request)
            self._ran(outcome)
            words = outcome if isinstance(outcome, str) else None
        except ReconcilerError as error:
            words = _words(error)
            _log.error("%s: %s", name, error, extra={"connection": name})
        except Exception as error:  # noqa: BLE001 - a mistake of ours ends this run, and nothing else of the console
            words = OUR_MISTAKE
            _log.error("%s: %s", name, Mistake.of(error), extra={"connection": name})
            _log.debug("where it was made", exc_info=error)
        finally:
            with self._guard:
                self._busy[name] -= 1
                if words is not None:
                    self._last_words[name] = words


def _words(error: ReconcilerError) -> str:
    """An error as people may read it: servers and files are for the log."""
    match error:
        case LedgerError():
            return LEDGER_AWAY
        case VaultError():
            return UNUSABLE
        case _:
            return str(error)
