"""What is noted of a member that an import of ours has brought, when it is seen and when it is verified."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler.domain import Member, Status
from reconciler.ledger import batches, members
from reconciler.ledger.members import Keys
from reconciler.receipts import Verified
from tests.stored import a_batch, a_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.ledger.database import Ledger

ADDRESS, NOW = "rosa@example.com", dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEYS = Keys(str, lambda address: hashlib.sha256(address.encode()).digest())
WHO = str(uuid.UUID(int=7))


@pytest.fixture
def db(ledger: Ledger, ledger_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection with an import under way that adds one contact."""
    with psycopg.connect(ledger_url, autocommit=True) as db:
        number = a_connection(db, "acme")
        a_batch(db, number, "c1", ADDRESS)
        db.execute(
            "INSERT INTO reconciler.contacts (connection_id, contact_id, address, address_hash, eligible, opted_out,"
            " fields, changed_at) VALUES (%s, 'c1', %s, %s, true, false, '{}', reconciler.clock())",
            (number, ADDRESS, KEYS.hash_of(ADDRESS)),
        )
        db.execute(
            "INSERT INTO reconciler.runs (run_id, connection_id, fence, trigger, mode, version, started_at)"
            " OVERRIDING SYSTEM VALUE VALUES (1, %s, 1, 'schedule', 'incremental', '1', reconciler.clock())",
            (number,),
        )
        yield db


def see(ledger: Ledger, *, on_list: bool, by_id: bool = False, moment: dt.datetime = NOW) -> None:
    with ledger.transaction() as tx:
        shown = [Member(WHO, Status.IMPLICIT, on_list, ADDRESS)]
        members.write(tx, 1, shown, KEYS, read_at=moment, by_id=by_id, push_visible_seconds=900)


def verify(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        batches.record(tx, 1, 1, [Verified("c1", WHO, {})])


def noted(db: psycopg.Connection[Any]) -> tuple[dt.datetime | None, dt.datetime | None]:
    found = db.execute("SELECT pushed_at, linked_at FROM reconciler.members").fetchone()
    assert found is not None
    return found[0], found[1]


def test_who_is_only_seen_was_not_written_yet_for_all_we_know(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    see(ledger, on_list=True)
    assert noted(db) == (None, None)


def test_who_leaves_while_the_import_that_brought_them_is_in_doubt_has_left(
    ledger: Ledger, db: psycopg.Connection[Any]
) -> None:
    see(ledger, on_list=True)
    see(ledger, on_list=False, by_id=True, moment=NOW + dt.timedelta(minutes=5))
    assert db.execute("SELECT on_list, left_at IS NOT NULL FROM reconciler.members").fetchone() == (False, True)


def test_who_is_verified_was_written_now_and_is_a_contact_s(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    see(ledger, on_list=True)
    verify(ledger)
    pushed_at, linked_at = noted(db)
    assert pushed_at is not None
    assert linked_at is not None


def test_a_lagging_index_that_misses_who_was_just_verified_proves_nothing(
    ledger: Ledger, db: psycopg.Connection[Any]
) -> None:
    see(ledger, on_list=True)
    verify(ledger)
    see(ledger, on_list=False, by_id=True, moment=NOW + dt.timedelta(minutes=5))
    assert db.execute("SELECT on_list, left_at IS NOT NULL FROM reconciler.members").fetchone() == (True, False)
