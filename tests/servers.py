"""More than one PostgreSQL server: one for a test alone, a standby that follows it, a copy of a database elsewhere.

All listen on Unix sockets of their own only, have their data in memory where there is room, and end with their block.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from reconciler.demo import postgres
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.errors import EmbeddedPostgresError
from tests.conftest import _roomy_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: As the tests' own server; a standby that is stopped for a while still finds here what it missed.
SETTINGS = {**THROWAWAY, "max_prepared_transactions": "10", "wal_keep_size": "1GB"}
PATIENCE_SECONDS = 60.0


class Standby(EmbeddedPostgres):
    """A hot standby on a base backup of a primary. It may be stopped and started, and once be promoted."""

    def __init__(self, directory: Path, primary: EmbeddedPostgres, settings: Mapping[str, str]) -> None:
        super().__init__(directory, settings={**primary._settings, **settings})
        self._primary = primary

    def start(self) -> None:
        """Return when it can be read from. It follows the primary to where that is found now, if it runs."""
        with contextlib.suppress(EmbeddedPostgresError):
            self._settings["primary_conninfo"] = self._primary.url()
        super().start()

    def catch_up(self) -> None:
        """Return when all that the primary has committed until now can be read here."""
        target = _written(self._primary)
        _await(lambda: self._say("SELECT pg_last_wal_replay_lsn() >= CAST(%s AS pg_lsn)", target))

    def receive(self) -> None:
        """Return when all that the primary has committed until now is here, even if it can't be read yet."""
        target = _written(self._primary)
        _await(lambda: self._say("SELECT pg_last_wal_receive_lsn() >= CAST(%s AS pg_lsn)", target))

    def pause(self) -> None:
        """Return when nothing more is replayed."""
        self._say("SELECT pg_wal_replay_pause()")
        _await(lambda: self._say("SELECT pg_get_wal_replay_pause_state() = 'paused'"))

    def resume(self) -> None:
        self._say("SELECT pg_wal_replay_resume()")

    def promote(self) -> None:
        """Return when it takes writes, on a timeline of its own."""
        assert self._say("SELECT pg_promote(true, %s)", int(PATIENCE_SECONDS))

    def _say(self, question: str, *told: object) -> Any:
        return _answer(self.url(), question, *told)


@contextlib.contextmanager
def server(settings: Mapping[str, str] = SETTINGS) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, that may be stopped and started."""
    with _directory() as directory, EmbeddedPostgres(directory, settings=settings) as server:
        yield server


@contextlib.contextmanager
def standby_of(primary: EmbeddedPostgres, settings: Mapping[str, str] | None = None) -> Iterator[Standby]:
    """A running standby of a running primary, with its settings but for those that are named."""
    with _directory() as directory:
        backup = ["--pgdata", str(directory / "data"), "--checkpoint=fast", "--no-sync", "--write-recovery-conf"]
        _run("pg_basebackup", "--dbname", primary.url(), *backup)
        with Standby(directory, primary, settings or {}) as standby:
            yield standby


def dumped(url: str, into_url: str) -> None:
    """Copy a database, logically, into an empty one that is there already, on whatever server."""
    dump = _run("pg_dump", "--dbname", url, "--no-owner", "--no-privileges")
    _run("psql", "--dbname", into_url, "--no-psqlrc", "--quiet", "--single-transaction", "-vON_ERROR_STOP=1", told=dump)


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="servers-", dir=_roomy_memory()) as name:
        yield Path(name)


def _written(server: EmbeddedPostgres) -> str:
    """How far the server's log goes. What is committed asynchronously gets there with a commit that is not."""
    with psycopg.connect(server.url(), options="-c synchronous_commit=local") as db:
        db.execute("SELECT pg_logical_emit_message(true, 'servers', '')")
    return str(_answer(server.url(), "SELECT pg_current_wal_flush_lsn()"))


def _answer(url: str, question: str, *told: object) -> Any:
    with psycopg.connect(url) as db:
        row = db.execute(question.encode(), told).fetchone()
    assert row is not None
    return row[0]


def _await(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "the servers took too long"
        time.sleep(0.02)


def _run(program: str, *arguments: str, told: bytes = b"") -> bytes:
    """Run one of PostgreSQL's programs; these, other than the server, do not mind being run as root."""
    command = [str(postgres._programs() / program), "--no-password", *arguments]
    done = subprocess.run(  # noqa: S603 - a program of the wheel
        command, input=told, capture_output=True, check=False, env=postgres._environment(), timeout=PATIENCE_SECONDS
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout
