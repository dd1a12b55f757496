"""A CRM whose server stands still: the run ends all the same, and so does a process that is told to stop."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import database_url
from reconciler.crm import Crm
from reconciler.errors import CrmUnreachable, Stopped
from reconciler.limits import Limits
from reconciler.stopping import Stop
from tests.faults.proxy import Proxy, Trouble, Way

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.database_url import DatabaseUrl

_QUICK = Limits(crm_statement_seconds=0.2)
_STATEMENT = "SELECT 'a' AS contact_id, 'ada@example.com' AS email"


@pytest.fixture
def line(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr("reconciler.crm.database._BEYOND_SECONDS", 0.3)
    monkeypatch.setattr("reconciler.crm.patience._A_MOMENT", 0.05)
    at = database_url.parse(ledger_url)
    upstream = f"{at.host}/.s.PGSQL.{at.port}" if at.host.startswith("/") else (at.host, at.port)
    with Proxy(upstream, late_seconds=60).listening() as line:
        yield line


def through(line: Proxy, ledger_url: str) -> DatabaseUrl:
    at = database_url.parse(ledger_url)
    return database_url.parse(f"postgresql://{at.user}@127.0.0.1:{line.port}/{at.database}")


def read(crm: Crm, line: Proxy) -> list[tuple[Any, ...]]:
    """Read a row, whose answer is late."""
    with crm.snapshot() as snapshot:
        line.expect(Trouble.LATE, Way.BACK, 1)
        return list(snapshot.rows(_STATEMENT, ["contact_id", "email"]))


def test_a_server_that_stands_still_is_out_of_reach_after_a_while(line: Proxy, ledger_url: str) -> None:
    crm, began = Crm(through(line, ledger_url), _QUICK, time.monotonic), time.monotonic()

    with pytest.raises(CrmUnreachable, match=r"no answer has come for 0\.5 s"):
        read(crm, line)

    assert line.is_met
    assert time.monotonic() - began < 10


def test_who_waits_for_such_a_server_stops_when_told_to(line: Proxy, ledger_url: str) -> None:
    stop = Stop()
    crm = Crm(through(line, ledger_url), Limits(), time.monotonic, stop.check)

    threading.Timer(0.2, stop.ask).start()
    with pytest.raises(Stopped):
        read(crm, line)


def test_a_statement_that_answers_in_time_is_left_alone(line: Proxy, ledger_url: str) -> None:
    line.late_seconds = 0.25

    rows = read(Crm(through(line, ledger_url), Limits(crm_statement_seconds=5), time.monotonic), line)

    assert rows == [("a", "ada@example.com")]
