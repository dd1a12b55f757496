"""`serve` as it is started on a server: a process of its own, ended by a signal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler.demo import people
from tests.installation import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http

_PATIENCE_SECONDS: Final = 60.0
_OVERLAPPING: Final = """
    SELECT one.run_id, other.run_id FROM reconciler.runs AS one JOIN reconciler.runs AS other
    ON one.connection_id = other.connection_id AND one.run_id < other.run_id
    AND one.started_at < other.finished_at AND other.started_at < one.finished_at"""


@dataclass(frozen=True)
class Serving:
    """A `serve` that goes on."""

    process: subprocess.Popen[bytes]
    output: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as a supervisor does; gives its exit code."""
        self.process.send_signal(number)
        try:
            return self.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            # Where it stands, thread by thread.
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(_PATIENCE_SECONDS)
            raise AssertionError(self.said()) from None

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")


@contextlib.contextmanager
def serving(installation: Installation, name: str = "serve", *options: str) -> Iterator[Serving]:
    """Start `serve` with the test's own surroundings; it never outlives the block."""
    output = installation.folder / f"{name}.txt"
    program = Path(sys.executable).with_name("reconciler")
    # Compiled once for all tests of this session, also where nothing may be written beside the sources.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    surroundings["PYTHONFAULTHANDLER"] = "1"
    surroundings["PYTHONPYCACHEPREFIX"] = str(installation.folder.parent / "compiled")
    with output.open("wb") as told:
        process = subprocess.Popen(  # noqa: S603 - the program that is tested
            [program, "serve", "--every", "1s", *options],
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
            env=surroundings,
        )
    try:
        yield Serving(process, output)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def locked_contacts(installation: Installation) -> Iterator[None]:
    """Whoever reads the CRM's contacts waits for the end of the block."""
    with psycopg.connect(installation.url) as db:
        db.execute("LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE")
        yield


@contextlib.contextmanager
def out_of_reach(url: str) -> Iterator[None]:
    """Nobody gets into this database until the end of the block, and who was in it is out."""
    name = urls.parse(url).database
    elsewhere = url.replace(f"/{name}", "/postgres", 1)
    with psycopg.connect(elsewhere, autocommit=True) as db:
        db.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            yield
        finally:
            db.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def wait_for(is_so: Callable[[], object], serve: Serving | None = None) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, serve and serve.said()
        assert serve is None or serve.process.poll() is None, serve.said()
        time.sleep(0.05)


def column(installation: Installation, name: str, connection: str = "acme") -> Any:
    return installation.sql(f"SELECT {name} FROM reconciler.connections WHERE name = %s", connection)[0][0]


def runs(installation: Installation) -> int:
    return int(installation.sql("SELECT count(*) FROM reconciler.runs")[0][0])


def running(installation: Installation) -> int:
    return int(installation.sql("SELECT count(*) FROM reconciler.runs WHERE finished_at IS NULL")[0][0])


def connect_another(installation: Installation, name: str, *options: str) -> None:
    """Connect a second workspace with a list of its own."""
    other = str(installation.api.door.list(action="create", name=name)["list_id"])
    said = installation.say("connect", name, *installation.credentials(), "--list-id", other, *options)
    assert said.code == 0, said.err
    assert installation.say("set", name, *QUICK).code == 0


def assert_its_own_interval_makes_its_ticks_rarer(installation: Installation, serve: Serving) -> None:
    assert installation.say("set", "acme", "interval_seconds=3600").code == 0
    time.sleep(0.5)  # a tick that had begun before is over
    before = column(installation, "last_tick_at")
    installation.add("cyd@example.com")
    time.sleep(1.2)
    assert column(installation, "last_tick_at") == before
    installation.later(minutes=61)
    wait_for(lambda: "cyd@example.com" in installation.api.members(), serve)


def test_a_new_contact_reaches_the_list_when_its_connection_is_due_and_an_idle_tick_leaves_no_trace(
    installation: Installation,
) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    before, calls = runs(installation), installation.api.calls()

    with serving(installation) as serve:
        wait_for(lambda: column(installation, "quiet_ticks") >= 1, serve)
        assert (runs(installation), installation.api.calls()) == (before, calls)
        installation.add("bob@example.com")
        wait_for(lambda: "bob@example.com" in installation.api.members(), serve)
        wait_for(lambda: column(installation, "quiet_ticks") >= 1, serve)
        assert runs(installation) == before + 1
        assert_its_own_interval_makes_its_ticks_rarer(installation, serve)
        assert serve.stop(signal.SIGINT) == 0

    assert "Traceback" not in serve.said()


def test_a_stop_waits_for_the_tick_under_way_and_then_ends_well(installation: Installation) -> None:
    installation.connect()
    installation.run()
    installation.add("ada@example.com")

    with serving(installation) as serve:
        with locked_contacts(installation):
            wait_for(lambda: running(installation) == 1, serve)
            for _ in range(2):  # who is impatient says it twice
                serve.process.send_signal(signal.SIGTERM)
                with pytest.raises(subprocess.TimeoutExpired):
                    serve.process.wait(0.5)
        assert serve.process.wait(_PATIENCE_SECONDS) == 0

    assert set(installation.api.members()) == {"ada@example.com"}
    assert installation.sql("SELECT state FROM reconciler.runs ORDER BY run_id DESC LIMIT 1") == [("completed",)]
    assert installation.sql("SELECT count(*) FROM reconciler.leases WHERE until > reconciler.clock()") == [(0,)]
    assert "Traceback" not in serve.said()
    assert "maximum number" not in serve.said()  # ticks that fall into a long one are nothing to tell


def test_trouble_with_one_crm_or_for_a_while_with_the_ledger_stops_nothing_else(
    installation: Installation, database_url: str
) -> None:
    with psycopg.connect(database_url) as db:
        people.create_tables(db)
    (installation.folder / "crm.url").write_text(database_url, encoding="utf-8")
    connect_another(installation, "aaa", "--crm-url-file", "crm.url")
    installation.connect()
    installation.add("ada@example.com")

    with out_of_reach(database_url), serving(installation) as serve:
        wait_for(lambda: "ada@example.com" in installation.api.members(), serve)
        with out_of_reach(installation.url):
            wait_for(lambda: "can't be used" in serve.said(), serve)
        installation.later(minutes=10)  # a lease that could not be given back lapses
        installation.add("bob@example.com")
        wait_for(lambda: "bob@example.com" in installation.api.members(), serve)
        assert serve.stop() == 0

    states = installation.sql(
        "SELECT DISTINCT c.name, r.state FROM reconciler.runs AS r"
        " JOIN reconciler.connections AS c ON c.connection_id = r.connection_id"
        " WHERE r.trigger = 'schedule' AND r.finished_at IS NOT NULL"
    )
    assert {("aaa", "failed"), ("acme", "completed")} <= set(states)
    assert "Traceback" not in serve.said()


def test_two_of_them_never_run_one_connection_at_the_same_time(installation: Installation) -> None:
    installation.connect()
    installation.run()
    added = [f"person{number}@example.com" for number in range(3)]

    with serving(installation, "one") as one, serving(installation, "two") as two:
        with locked_contacts(installation):
            wait_for(lambda: running(installation) == 1, one)
            wait_for(lambda: "Serving" in one.said() and "Serving" in two.said())
            time.sleep(1.2)  # both have ticked by now
            assert running(installation) == 1
        for email in added:
            installation.add(email)
            time.sleep(0.3)
        wait_for(lambda: set(added) <= set(installation.api.members()))
        assert (one.stop(), two.stop()) == (0, 0)

    assert installation.sql(_OVERLAPPING) == []
    assert sorted(installation.api.imported()) == added
    assert "Traceback" not in one.said() + two.said()
