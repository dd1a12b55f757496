"""Whether a pooled connection to the ledger is still there, asked of the server only where the line itself can't tell.

A run takes its connection out of the pool some dozens of times: to ask each time was a seventh of all it asked.
"""

from __future__ import annotations

import contextlib
import select
import time
from typing import TYPE_CHECKING, Any, Final

import psycopg
import sqlalchemy as sa
import sqlalchemy.exc

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.pool import ConnectionPoolEntry

#: A line can be lost without a word, but not noticed sooner than this.
_QUIET_SECONDS: Final = 1.0
_USED: Final = "reconciler used"


def watch(engine: sa.Engine, monotonic: Callable[[], float] = time.monotonic) -> None:
    """From now on replace a pooled connection that is gone, before it is used.

    A server that ends a connection writes to it or closes it, which shows here without a question. Who was quiet for
    long is asked.
    """

    def used(_: Any, entry: ConnectionPoolEntry) -> None:
        entry.info[_USED] = monotonic()

    def wanted(driver: psycopg.Connection[Any], entry: ConnectionPoolEntry, _: Any) -> None:
        since = entry.info.get(_USED)
        if since is None or (monotonic() - since < _QUIET_SECONDS and not _has_been_told(driver)):
            return  # it has just been made, or used
        if not _answers(engine, driver):
            raise sqlalchemy.exc.InvalidatePoolError

    sa.event.listen(engine, "checkin", used)
    sa.event.listen(engine, "checkout", wanted)


def _has_been_told(driver: psycopg.Connection[Any]) -> bool:
    """Whether the server has said something that nobody asked for, such as that it ends."""
    if driver.closed:
        return True
    line = select.poll()  # `select.select` knows no file above 1023
    line.register(driver.fileno(), select.POLLIN)
    return bool(line.poll(0))


def _answers(engine: sa.Engine, driver: psycopg.Connection[Any]) -> bool:
    with contextlib.suppress(psycopg.Error):
        return engine.dialect.do_ping(driver)  # type: ignore[arg-type]  # SQLAlchemy's protocol of a driver
    return False
