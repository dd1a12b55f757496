"""The n-th statement of a run on the ledger goes wrong, or the answer to its n-th COMMIT is lost."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    Trouble = Callable[[Any], None]

#: A cursor that could not be closed on a line that is gone is said by psycopg's; Python does not show it by itself.
CURSOR = "ignore:.*ServerCursorMixin.__del__:pytest.PytestUnraisableExceptionWarning"


@dataclass
class Nth:
    """Counts what the main thread does, and makes trouble at the n-th; at 0 it only counts."""

    at: int
    trouble: Trouble
    count: int = 0
    _counts: threading.Thread = field(default_factory=threading.current_thread)

    def next(self, driver: Any) -> None:
        if threading.current_thread() is self._counts:  # renewals come when they come
            self.count += 1
            if self.count == self.at:
                self.trouble(driver)


def terminated(url: str) -> Trouble:
    """The server ends the connection that is about to be used: by an admin, a failover, or for want of memory."""

    def trouble(driver: Any) -> None:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("SELECT pg_terminate_backend(%s, 5000)", (driver.info.backend_pid,))

    return trouble


def failing(error: type[psycopg.Error]) -> Trouble:
    """The statement fails, and the connection stays."""

    def trouble(driver: Any) -> None:
        driver.rollback()  # as the server has done by itself
        raise error("made up")

    return trouble


@contextlib.contextmanager
def at_statement(at: int, trouble: Trouble) -> Iterator[Nth]:
    """Trouble at the n-th statement that SQLAlchemy sends."""
    nth = Nth(at, trouble)

    def before(tx: sa.Connection, *_: Any) -> None:
        nth.next(tx.connection.driver_connection)

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    try:
        yield nth
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", before)


@contextlib.contextmanager
def at_commit(at: int, patch: pytest.MonkeyPatch, *, is_done: bool) -> Iterator[Nth]:
    """At the n-th COMMIT the connection is lost: after it was done, or before. Who sent it can't tell which."""

    def lost(driver: Any) -> None:
        driver.close()
        raise psycopg.OperationalError("the connection was lost")

    nth, commit = Nth(at, lost), PGDialect_psycopg.do_commit

    def do_commit(dialect: PGDialect_psycopg, connection: Any) -> None:
        if is_done:
            commit(dialect, connection)  # type: ignore[no-untyped-call]  # SQLAlchemy's, without annotations
        nth.next(connection.driver_connection if hasattr(connection, "driver_connection") else connection)
        if not is_done:
            commit(dialect, connection)  # type: ignore[no-untyped-call]  # SQLAlchemy's, without annotations

    with patch.context() as patched:
        patched.setattr(PGDialect_psycopg, "do_commit", do_commit)
        yield nth


def in_trouble(url: str, at: int, way: str, patch: pytest.MonkeyPatch) -> contextlib.AbstractContextManager[Nth]:
    """The n-th statement `fails`, its connection `is_ended`, or a COMMIT `is_done_unheard` or `is_undone`."""
    if way == "fails":
        return at_statement(at, failing(psycopg.errors.DeadlockDetected))
    if way == "is_ended":
        return at_statement(at, terminated(url))
    return at_commit(1 + at // 3, patch, is_done=way == "is_done_unheard")
