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


def see(ledger: Ledger, *, on_list: bool, address: str = ADDRESS) -> None:
    with ledger.transaction() as tx:
        shown = [Member(WHO, Status.IMPLICIT, on_list, address)]
        members.write(tx, 1, shown, KEYS, read_at=NOW, push_visible_seconds=900)


def verify(ledger: Ledger) -> None:
    with ledger.transaction() as tx:
        batches.record(tx, 1, 1, [Verified("c1", WHO, {})])


def noted(db: psycopg.Connection[Any]) -> tuple[dt.datetime | None, dt.datetime | None]:
    found = db.execute("SELECT pushed_at, linked_at FROM reconciler.members").fetchone()
    assert found is not None
    return found[0], found[1]


def test_who_is_seen_on_the_list_was_written_now_and_is_a_contact_s(
    ledger: Ledger, db: psycopg.Connection[Any]
) -> None:
    see(ledger, on_list=True)
    pushed_at, linked_at = noted(db)
    assert pushed_at is not None
    assert linked_at is not None


def test_verified_soon_after_nothing_is_written_once_more(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    see(ledger, on_list=True)
    seen = noted(db)
    verify(ledger)
    assert noted(db) == seen


def test_verified_long_after_it_is_the_verification_that_counts(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    see(ledger, on_list=True)
    db.execute("UPDATE reconciler.members SET pushed_at = pushed_at - interval '10 minutes'")
    before, _ = noted(db)
    verify(ledger)
    pushed_at, _ = noted(db)
    assert before is not None
    assert pushed_at is not None
    assert pushed_at > before + dt.timedelta(minutes=9)


def test_a_lagging_index_that_shows_them_off_the_list_begins_no_time(
    ledger: Ledger, db: psycopg.Connection[Any]
) -> None:
    see(ledger, on_list=False)
    assert noted(db)[0] is None


def test_who_has_another_address_is_not_brought(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    see(ledger, on_list=True, address="other@example.com")
    assert noted(db) == (None, None)
