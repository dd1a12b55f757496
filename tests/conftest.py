"""Real parts for the tests: a PostgreSQL server, a database each, a simulated Constant Contact over real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import tempfile
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.ledger import schema
from reconciler.ledger.database import Ledger
from reconciler.simulator import SideDoor, Simulator
from tests.faults import figures
from tests.installation import Api, Installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from _pytest.terminal import TerminalReporter

_TEMPLATE = "reconciler_test_template"
#: Read once: no test sees the machine's own variables.
_SERVER = os.environ.get("RECONCILER_TEST_DATABASE_URL")
#: In CI: for each worker the port that its conformance proxy passes requests on to, and the proxy's address.
_PROXIES: list[tuple[int, str]] = json.loads(os.environ.get("RECONCILER_TEST_PROXIES", "[]"))
_PAST_THE_PROXY = ("off_contract", "broken_answer")
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_MOST_WORKERS = 4
_MEMORY = "/dev/shm"  # noqa: S108 - the folders in it are private
#: Each worker's server takes less than a tenth of it.
_ROOM_BYTES = 4_000_000_000


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes share the tests: none beside this one where only some files were named, or a real account."""
    if os.environ.get("RECONCILER_CONTRACT_CREDENTIALS") or any(
        not (config.invocation_params.dir / word.partition("::")[0]).is_dir() for word in config.args
    ):
        return 0
    # One more than there are cores: some of them always wait for a server or a clock.
    return len(_PROXIES) or min(_MOST_WORKERS, 1 + (os.cpu_count() or 1))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever talks to a simulator is marked `http`: nobody can forget it."""
    for item in items:
        if "simulate" in getattr(item, "fixturenames", ()):
            item.add_marker("http")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say what all rounds of the fault suite came to."""
    ended = [report for report in terminalreporter.getreports("") if report.when == "teardown"]
    found = [(report.nodeid, dict(report.user_properties).get(figures.PROPERTY)) for report in ended]
    if lines := figures.table((test, counts) for test, counts in found if counts):
        terminalreporter.section("rounds of the fault suite")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the machine's settings or a `.env` file, nor talks to anything beyond this machine."""
    for name in [name for name in os.environ if name.startswith(("RECONCILER_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(socket.socket, "connect", _only_loopback(socket.socket.connect))


@pytest.fixture(scope="session")
def server_url() -> Iterator[Callable[[str], str]]:
    """Gives the address of a database on the tests' server: the embedded one, or the one that is named."""
    if _SERVER:
        yield lambda database: _with_database(_SERVER, database)
        return
    server = EmbeddedPostgres(settings={**THROWAWAY, "max_prepared_transactions": "10"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", _roomy_memory())
        server.start()
    with server:
        yield server.url


@pytest.fixture(scope="session")
def template(server_url: Callable[[str], str]) -> str:
    """A database with the ledger's schema, to be copied for each test."""
    with psycopg.connect(server_url("postgres"), autocommit=True) as db:
        db.execute(f"DROP DATABASE IF EXISTS {_TEMPLATE}")
        db.execute(f"CREATE DATABASE {_TEMPLATE}")
    ledger = Ledger(urls.parse(server_url(_TEMPLATE)))
    schema.apply(ledger)
    ledger.close()
    return _TEMPLATE


@pytest.fixture
def database_url(server_url: Callable[[str], str]) -> Iterator[str]:
    """The address of a fresh, empty database."""
    yield from _database(server_url, "template1")


@pytest.fixture
def ledger_url(server_url: Callable[[str], str], template: str) -> Iterator[str]:
    """The address of a fresh database with the ledger's schema."""
    yield from _database(server_url, template)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """A fresh ledger."""
    ledger = Ledger(urls.parse(ledger_url))
    yield ledger
    ledger.close()


@pytest.fixture
def simulate(request: pytest.FixtureRequest) -> Iterator[Callable[..., Simulator]]:
    """Starts a simulated Constant Contact, one at a time: in CI its API is reached through the conformance proxy.

    The side door and the OAuth address, which the provider's contract doesn't have, are always reached directly.
    """
    is_past = not _PROXIES or any(request.node.get_closest_marker(name) for name in _PAST_THE_PROXY)
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context((Simulator if is_past else _behind_the_proxy)(**options))


@pytest.fixture
def api(simulate: Callable[..., Simulator]) -> Api:
    """A simulated Constant Contact of this test's own."""
    simulator = simulate()
    door = SideDoor(simulator.url)
    tokens = (simulator.access_token, simulator.api_key, simulator.list_id)
    return Api(simulator.api_url, *tokens, door, simulator.auth_url, simulator.refresh_token)


@pytest.fixture
def installation(
    ledger_url: str,
    api: Api,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Installation:
    """The whole program beside a CRM with Sage's own table, not yet connected."""
    return Installation.prepare(ledger_url, api, tmp_path, monkeypatch, capfd)


@pytest.fixture
def lonely(
    ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Installation:
    """The program without any Constant Contact, for commands that must not need one."""
    nowhere = "http://127.0.0.1:1"
    api = Api(f"{nowhere}/v3", "token", "key", "06526938-56dd-11e9-932a-fa163e9ec6a5", SideDoor(nowhere))
    return Installation.prepare(ledger_url, api, tmp_path, monkeypatch, capfd)


def _roomy_memory() -> str | None:
    """A folder in memory: to copy and to drop a database costs ten times as much on a disk. Else None."""
    with contextlib.suppress(OSError):
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
            return _MEMORY
    return None


def _database(server_url: Callable[[str], str], template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url("postgres"), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")  # half the time in memory
        yield server_url(name)
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def _behind_the_proxy(**options: Any) -> Iterator[Simulator]:
    port, proxy = _PROXIES[_WORKER]
    with Simulator(port=port, **options) as simulator:
        simulator.api_url = proxy
        yield simulator


def _with_database(url: str, database: str) -> str:
    found = urls.parse(url)
    return found.dsn.reveal().replace(f"/{found.database}", f"/{database}", 1)


def _only_loopback(connect: Callable[[socket.socket, Any], None]) -> Callable[[socket.socket, Any], None]:
    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise OSError(f"a test wanted to talk to {address[0]}: only this machine is allowed")
        connect(self, address)

    return guarded
