"""Real parts for the tests: a PostgreSQL server, a database each, a simulated Constant Contact over real HTTP."""

from __future__ import annotations

import json
import os
import socket
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.ledger import schema
from reconciler.ledger.database import Ledger
from reconciler.simulator import SideDoor, Simulator
from tests.installation import Api, Installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_TEMPLATE = "reconciler_test_template"
#: Read once: no test sees the machine's own variables.
_SERVER = os.environ.get("RECONCILER_TEST_DATABASE_URL")
_SIMULATOR = os.environ.get("RECONCILER_TEST_SIMULATOR")
_PROXY = os.environ.get("CONFORMANCE_API_URL", "")


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
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
    with EmbeddedPostgres(settings={**THROWAWAY, "max_prepared_transactions": "10"}) as server:
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
def api() -> Iterator[Api]:
    """A simulated Constant Contact of this test's own, or in the conformance run the one behind the proxy."""
    if _SIMULATOR:
        found = json.loads(_SIMULATOR)
        door = SideDoor(found["url"])
        door.reset()
        tokens = (found["access_token"], found["api_key"], found["list_id"])
        yield Api(_PROXY, *tokens, door, found["auth_url"], found["refresh_token"])
        return
    with Simulator() as simulator:
        door = SideDoor(simulator.url)
        tokens = (simulator.access_token, simulator.api_key, simulator.list_id)
        yield Api(simulator.api_url, *tokens, door, simulator.auth_url, simulator.refresh_token)


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


def _database(server_url: Callable[[str], str], template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server_url("postgres"), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield server_url(name)
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _with_database(url: str, database: str) -> str:
    found = urls.parse(url)
    return found.dsn.reveal().replace(f"/{found.database}", f"/{database}", 1)


def _only_loopback(connect: Callable[[socket.socket, Any], None]) -> Callable[[socket.socket, Any], None]:
    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise OSError(f"a test wanted to talk to {address[0]}: only this machine is allowed")
        connect(self, address)

    return guarded
