"""A migration locks nobody out: it waits for no table for long, and builds indexes while everybody goes on writing."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler import statements
from reconciler.errors import LedgerError, SchemaError
from reconciler.ledger import schema
from reconciler.ledger.database import Ledger
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COLUMN = "ALTER TABLE reconciler.contacts ADD COLUMN later text"
INDEX = "CREATE INDEX CONCURRENTLY contacts_later ON reconciler.contacts (connection_id, changed_at)"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('reconciler.contacts_later')"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return shutil.copytree(statements.folder() / "schema", tmp_path / "schema")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_LOCK_SECONDS", 0.2)


def in_a_run(url: str, statement: str = "SELECT FROM reconciler.contacts") -> psycopg.Connection:
    """A transaction that stays open, as one does that reads for long."""
    db = psycopg.connect(url)
    db.execute(statement.encode())
    return db


def test_a_migration_whose_table_is_in_use_keeps_out_of_the_way_and_tries_again(
    ledger: Ledger, ledger_url: str, copied: Path
) -> None:
    (copied / "0099_later.sql").write_text(COLUMN, encoding="utf-8")
    pauses = list[float]()
    with contextlib.closing(in_a_run(ledger_url)) as long:

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            with psycopg.connect(ledger_url) as other:  # others read and write the table meanwhile
                other.execute("SET lock_timeout = '1ms'; DELETE FROM reconciler.contacts")
            if len(pauses) == 2:
                long.rollback()

        assert schema.apply(ledger, copied, sleep=pause) == ["0099_later"]

    assert pauses == [1, 2]


def test_a_table_that_is_never_free_is_said_and_what_came_before_stays(
    ledger: Ledger, ledger_url: str, copied: Path
) -> None:
    (copied / "0098_first.sql").write_text("CREATE TABLE reconciler.first ()", encoding="utf-8")
    (copied / "0099_later.sql").write_text(COLUMN, encoding="utf-8")
    with contextlib.closing(in_a_run(ledger_url)), pytest.raises(SchemaError, match="others hold one") as refused:
        schema.apply(ledger, copied, sleep=lambda _: None)

    assert "again in a quieter moment" in refused.value.advice
    assert schema.apply(ledger, copied) == ["0099_later"]


def test_who_comes_while_it_waits_is_kept_no_longer_than_it_waits(
    ledger: Ledger, ledger_url: str, copied: Path
) -> None:
    (copied / "0099_later.sql").write_text(COLUMN, encoding="utf-8")
    with contextlib.closing(in_a_run(ledger_url)) as long:
        applying = threading.Thread(target=schema.apply, args=(ledger, copied), daemon=True)
        applying.start()
        longest, until = 0.0, time.monotonic() + 0.8
        while time.monotonic() < until:
            began = time.monotonic()
            with psycopg.connect(ledger_url) as other:
                other.execute("SELECT FROM reconciler.contacts")
            longest = max(longest, time.monotonic() - began)
        long.rollback()
        applying.join(10)

    assert 0.02 < longest < 0.5


def test_an_index_is_built_while_others_write_and_recorded_once(ledger: Ledger, ledger_url: str, copied: Path) -> None:
    (copied / "0099_index.sql").write_text(f"-- Found by age.\n{INDEX};", encoding="utf-8")
    writing = "DELETE FROM reconciler.contacts"
    with contextlib.closing(in_a_run(ledger_url, writing)) as long:
        applying = threading.Thread(target=schema.apply, args=(ledger, copied), daemon=True)
        applying.start()
        waits_for(ledger_url, "query LIKE '%%CONCURRENTLY%%' AND wait_event_type = 'Lock'")
        with psycopg.connect(ledger_url) as other:
            other.execute("SET lock_timeout = '1ms'; DELETE FROM reconciler.contacts")
        long.rollback()
        applying.join(10)

    with psycopg.connect(ledger_url) as db:
        assert db.execute(VALID).fetchall() == [(True,)]
    assert schema.apply(ledger, copied) == []


def test_an_index_that_was_left_half_built_is_built_anew(ledger: Ledger, ledger_url: str, copied: Path) -> None:
    (copied / "0099_index.sql").write_text(f"{INDEX};", encoding="utf-8")
    with contextlib.closing(in_a_run(ledger_url, "DELETE FROM reconciler.contacts")) as long:
        failed = list[LedgerError]()
        applying = threading.Thread(target=failing, args=(ledger, copied, failed.append), daemon=True)
        applying.start()
        waits_for(ledger_url, "query LIKE '%%CONCURRENTLY%%' AND wait_event_type = 'Lock'", "pg_cancel_backend(pid)")
        applying.join(10)
        long.rollback()

    assert "canceling statement" in str(failed[0])
    with psycopg.connect(ledger_url) as db:
        assert db.execute(VALID).fetchall() == [(False,)]
    assert schema.apply(ledger, copied) == ["0099_index"]
    with psycopg.connect(ledger_url) as db:
        assert db.execute(VALID).fetchall() == [(True,)]


def test_a_new_ledger_has_such_an_index_too(database_url: str, copied: Path) -> None:
    (copied / "0099_index.sql").write_text(f"{INDEX};", encoding="utf-8")
    with contextlib.closing(Ledger(urls.parse(database_url))) as ledger:
        assert schema.apply(ledger, copied)[-1] == "0099_index"

    with psycopg.connect(database_url) as db:
        assert db.execute(VALID).fetchall() == [(True,)]


def test_a_role_that_wrote_contacts_before_writes_them_still_when_they_are_noted(
    database_url: str, tmp_path: Path, copied: Path
) -> None:
    """An older program goes on between `schema apply` and the rights on what is new."""
    before = tmp_path / "before"
    shutil.copytree(copied, before, ignore=lambda _, names: [name for name in names if name >= "0021"])
    role = f"program_{uuid.uuid4().hex}"
    with contextlib.closing(Ledger(urls.parse(database_url))) as ledger, psycopg.connect(database_url) as db:
        assert schema.apply(ledger, before)[-1].startswith("0020")
        a_connection(db, "acme")
        db.execute(f"CREATE ROLE {role}".encode())
        db.execute(f"GRANT USAGE ON SCHEMA reconciler TO {role}".encode())
        db.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA reconciler TO {role}".encode())
        db.commit()
        assert schema.apply(ledger, copied)[0].startswith("0021")

        db.execute(f"SET ROLE {role}".encode())
        db.execute(
            "INSERT INTO reconciler.contacts (connection_id, contact_id, eligible, opted_out, fields, changed_at)"
            " VALUES (1, 'c1', true, false, '{}', now()), (1, 'c2', true, false, '{}', now())"
        )
        db.execute("UPDATE reconciler.contacts SET contact_id = 'c3' WHERE contact_id = 'c2'")
        noted = db.execute("SELECT contact_id FROM reconciler.candidates ORDER BY 1").fetchall()
        db.execute("RESET ROLE")
        db.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())

    assert noted == [("c1",), ("c3",)]


def failing(ledger: Ledger, folder: Path, say: Callable[[LedgerError], None]) -> None:
    try:
        schema.apply(ledger, folder)
    except LedgerError as error:
        say(error)


def waits_for(url: str, what: str, then: str = "pid") -> None:
    with psycopg.connect(url, autocommit=True) as db:
        for _ in range(500):
            here = "datname = current_database() AND pid <> pg_backend_pid()"
            if db.execute(f"SELECT {then} FROM pg_stat_activity WHERE {here} AND {what}".encode(), ()).fetchall():
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")
