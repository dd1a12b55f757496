"""A process that stops within a transaction, or whose host is gone, keeps nobody waiting for long."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler import slots
from reconciler.crm import Crm
from reconciler.database_url import parse
from reconciler.errors import LedgerError
from reconciler.ledger import leases, usage
from reconciler.ledger.database import Ledger, run
from reconciler.limits import Limits
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = b"a key"
HOLD_SECONDS = 0.3


@pytest.fixture
def other(ledger_url: str) -> Iterator[Ledger]:
    """Another process, which would rather fail than wait."""
    with contextlib.closing(Ledger(parse(f"{ledger_url}&options=-c%20lock_timeout%3D5s"))) as ledger:
        yield ledger


def test_who_stops_while_it_reserves_a_slot_loses_the_budget_of_its_key(
    ledger: Ledger, other: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "_HOLD_SECONDS", HOLD_SECONDS)
    mine, its = (usage.Usage(each, KEY, 100.0, 100) for each in (ledger, other))
    reserve, meanwhile = slots.reserve, list[slots.Slot | None]()

    def stops(*told: object, **named: object) -> object:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile[0] = its.reserve()
        return reserve(*told, **named)  # type: ignore[arg-type]  # as it was called

    monkeypatch.setattr(slots, "reserve", stops)

    with pytest.raises(LedgerError):
        mine.reserve()
    assert meanwhile[0] is not None


def test_who_stops_while_it_makes_a_lease_s_row_loses_it(ledger: Ledger, other: Ledger, ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as db:
        number = a_connection(db, "acme")

    taken: list[leases.Lease | None] = []

    with contextlib.suppress(LedgerError), ledger.transaction() as tx:
        run(tx, "lease_prepare", connection_id=number, hold_seconds=HOLD_SECONDS)
        with leases.lease(other, number, "another", seconds=60, renew=60) as lease:
            taken.append(lease)

    assert taken[0] is not None


def test_whoever_comes_next_on_the_same_database_connection_may_take_its_time(ledger: Ledger) -> None:
    usage.Usage(ledger, KEY, 100.0, 100).reserve()

    with ledger.transaction() as tx:
        assert tx.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one() == "0"


@pytest.mark.parametrize(("theirs", "ours"), [("0", "1830s"), ("45s", "45s")])
def test_a_snapshot_of_the_crm_ends_by_itself_after_the_longest_reading_or_when_its_server_says(
    ledger_url: str, theirs: str, ours: str
) -> None:
    crm = Crm(
        parse(f"{ledger_url}&options=-c%20idle_in_transaction_session_timeout%3D{theirs}"), Limits(), time.monotonic
    )

    with crm.snapshot() as snapshot:
        assert snapshot._fetched("SHOW idle_in_transaction_session_timeout", []) == [(ours,)]
