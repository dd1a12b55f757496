"""Fault 48: PgBouncer in transaction mode before the ledger and the CRM. The real one, where the machine has it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from reconciler import database_url as urls
from reconciler.errors import LeaseLost
from reconciler.ledger import leases
from reconciler.ledger.database import Ledger
from tests import stored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="NOT TESTED: there is no pgbouncer here")

#: Few connections to the server, so that transactions of several clients take turns on each.
SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
unix_socket_mode = 0777
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/log
"""
WORKERS = 6


@contextlib.contextmanager
def pooled(url: str) -> Iterator[str]:
    """The address of a pooler before a server, for as long as the block runs."""
    there = conninfo_to_dict(url)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pgbouncer.ini"
        place = {"host": there["host"], "port": there.get("port", 5432), "user": there["user"], "folder": folder}
        file.write_text(SETTINGS.format(**place))
        # It refuses to be root.
        command = [*(["unshare", "--user"] if os.geteuid() == 0 else []), "pgbouncer", "-q", str(file)]
        with subprocess.Popen(command) as pooler:  # noqa: S603 - our own words
            here = f"postgresql://{there['user']}@/{there['dbname']}?host={folder}&port=6432"
            try:
                _await(here)
                yield here
            finally:
                pooler.terminate()


def _await(url: str) -> None:
    until = time.monotonic() + 30
    while True:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=5):
            return
        assert time.monotonic() < until
        time.sleep(0.05)


def test_one_of_many_workers_has_the_lease_and_its_fence_shuts_out_the_others(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as db:
        acme = stored.a_connection(db, "acme")
    holders, most, guard = 0, 0, threading.Lock()

    def work(url: str) -> None:
        nonlocal holders, most
        ledger = Ledger(urls.parse(url))
        for _ in range(20):
            with leases.lease(ledger, acme, "somebody", seconds=30, renew=0.01) as lease:
                if lease is None:
                    continue
                with guard:
                    holders += 1
                    most = max(most, holders)
                time.sleep(0.02)
                with ledger.transaction(lease.held):
                    pass
                with guard:
                    holders -= 1
        ledger.close()

    with pooled(ledger_url) as url:
        workers = [threading.Thread(target=work, args=(url,)) for _ in range(WORKERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    assert most == 1


def test_who_was_fenced_off_writes_nothing_through_it(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as db:
        acme = stored.a_connection(db, "acme")
    with pooled(ledger_url) as url:
        ledger = Ledger(urls.parse(url))
        with leases.lease(ledger, acme, "somebody", seconds=30, renew=1000) as lease:
            assert lease is not None
            with ledger.transaction() as tx:
                assert leases.fence_off(tx, acme)
            with pytest.raises(LeaseLost), ledger.transaction(lease.held):
                pytest.fail("a transaction went on")
        ledger.close()


@pytest.mark.http
def test_runs_go_through_it_on_either_side(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    with pooled(installation.url) as url:
        monkeypatch.setenv("RECONCILER_DATABASE_URL", url)
        installation.add("ada@example.com", first_name="Ada")
        assert installation.connect().code == 0
        assert _told(installation) == ("completed", 1, 0)
        installation.add("bob@example.com")
        installation.sql("UPDATE contacts SET first_name = 'Augusta' WHERE email = 'ada@example.com'")

        assert _told(installation) == ("completed", 1, 1)

        assert _told(installation) == ("nothing_to_do", 0, 0)
        assert installation.run("acme", "--full")["counts"]["unchanged"] == 2
    settings = installation.sql("SELECT DISTINCT setting FROM pg_settings WHERE name = 'statement_timeout'")
    assert settings == [("0",)]


def _told(installation: Installation) -> tuple[Any, ...]:
    report = installation.run()
    return (report["state"], report["counts"]["added"], report["counts"]["updated"])
