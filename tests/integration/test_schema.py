"""The ledger's schema: applied once, never changed afterwards, explained, and with promises that it keeps by itself."""

from __future__ import annotations

import contextlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler import statements
from reconciler.errors import LedgerError, SchemaError
from reconciler.ledger import audit, schema
from reconciler.ledger.database import Ledger, value
from tests import stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = [migration.name for migration in schema.migrations()]
#: Tables and their columns (number 0: the table itself) and functions that nobody has explained.
UNEXPLAINED = """
    SELECT a.attrelid::regclass || '.' || a.attname
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'reconciler'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(col_description(c.oid, a.attnum), '') = ''
    UNION ALL
    SELECT c.oid::regclass::text FROM pg_class AS c
    WHERE c.relnamespace = 'reconciler'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
      AND coalesce(obj_description(c.oid, 'pg_class'), '') = ''
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc AS p
    WHERE p.pronamespace = 'reconciler'::regnamespace AND coalesce(obj_description(p.oid, 'pg_proc'), '') = ''
"""


@contextlib.contextmanager
def a_ledger(url: str) -> Iterator[Ledger]:
    with contextlib.closing(Ledger(urls.parse(url))) as ledger:
        yield ledger


@pytest.fixture
def empty(database_url: str) -> Iterator[Ledger]:
    """A ledger's database before `init`."""
    with a_ledger(database_url) as ledger:
        yield ledger


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The migrations as files that a test may change."""
    return shutil.copytree(statements.folder() / "schema", tmp_path / "schema")


def test_it_is_applied_once(empty: Ledger) -> None:
    assert schema.apply(empty) == NAMES
    assert schema.apply(empty) == []
    schema.check(empty)


def test_a_ledger_without_it_says_what_to_do(empty: Ledger) -> None:
    with pytest.raises(SchemaError, match="no schema yet") as refused:
        schema.check(empty)

    assert "reconciler init" in refused.value.advice


def test_of_several_processes_at_once_one_applies_it(database_url: str) -> None:
    def apply(_: int) -> list[str]:
        with a_ledger(database_url) as ledger:
            return schema.apply(ledger)

    with ThreadPoolExecutor(4) as several:
        applied = sorted(several.map(apply, range(4)))

    assert applied == [[], [], [], NAMES]


def test_a_migration_that_fails_leaves_nothing_behind(empty: Ledger, copied: Path, database_url: str) -> None:
    (copied / "0099_broken.sql").write_text("CREATE TABLE reconciler.half (); SELECT 1 / 0;", encoding="utf-8")

    with pytest.raises(LedgerError, match="division by zero"):
        schema.apply(empty, copied)

    with psycopg.connect(database_url) as db:
        assert db.execute("SELECT to_regnamespace('reconciler')").fetchone() == (None,)


def test_a_later_migration_is_applied_to_an_older_schema(ledger: Ledger, copied: Path) -> None:
    later = "CREATE TABLE reconciler.later (share text DEFAULT '100 %(of) :it');"
    (copied / "0099_later.sql").write_text(later, encoding="utf-8")

    assert schema.apply(ledger, copied) == ["0099_later"]


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_migration_is_refused_by_its_name(ledger: Ledger, copied: Path, name: str) -> None:
    with (copied / f"{name}.sql").open("a", encoding="utf-8") as file:
        file.write("-- changed\n")

    with pytest.raises(SchemaError, match=f"^{name} was applied as something else") as refused:
        schema.apply(ledger, copied)

    assert "new migration" in refused.value.advice


def test_a_newer_schema_that_took_something_away_is_refused_by_its_name(ledger: Ledger, copied: Path) -> None:
    (copied / "0098_less.sql").write_text("-- Oldest program: 0097\nSELECT 1;", encoding="utf-8")
    (copied / "0099_later.sql").write_text("SELECT 1;", encoding="utf-8")
    schema.apply(ledger, copied)

    for refusing in (schema.apply, schema.check):
        with pytest.raises(SchemaError, match="0098_less, which this program does not know, and needs pro") as refused:
            refusing(ledger)
        assert "newer version" in refused.value.advice


def test_a_newer_schema_that_only_has_more_is_used(ledger: Ledger, copied: Path) -> None:
    newest = f"-- Oldest program: {NAMES[-1][:4]}\nSELECT 1;"
    (copied / "0098_less.sql").write_text(newest, encoding="utf-8")
    (copied / "0099_later.sql").write_text("CREATE TABLE reconciler.later ();", encoding="utf-8")
    schema.apply(ledger, copied)

    schema.check(ledger)
    assert schema.apply(ledger) == []


def test_a_newer_schema_without_what_this_program_needs_is_refused(
    ledger: Ledger, copied: Path, ledger_url: str
) -> None:
    (copied / "0099_later.sql").write_text("SELECT 1;", encoding="utf-8")
    schema.apply(ledger, copied)
    with psycopg.connect(ledger_url) as db:
        db.execute("DELETE FROM reconciler.schema_migrations WHERE name = %s", (NAMES[-1],))

    for refusing in (schema.apply, schema.check):
        with pytest.raises(SchemaError, match=f"0099_later, which this program does not know, and lacks {NAMES[-1]}"):
            refusing(ledger)


def test_a_ledger_from_before_versions_went_side_by_side_is_upgraded(
    ledger: Ledger, copied: Path, ledger_url: str
) -> None:
    with psycopg.connect(ledger_url) as db:
        db.execute("ALTER TABLE reconciler.schema_migrations DROP COLUMN oldest_program")
    schema.check(ledger)
    (copied / "0099_less.sql").write_text("-- Oldest program: 0097\nSELECT 1;", encoding="utf-8")

    assert schema.apply(ledger, copied) == ["0099_less"]
    with pytest.raises(SchemaError, match="0099_less"):
        schema.check(ledger)


def test_every_table_column_and_function_is_explained(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as db:
        assert db.execute(UNEXPLAINED).fetchall() == []
        db.execute("CREATE TABLE reconciler.unknown (number int)")
        db.execute("CREATE FUNCTION reconciler.unclear() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        found = {str(row[0]) for row in db.execute(UNEXPLAINED)}

    assert found == {"reconciler.unknown.number", "reconciler.unknown", "reconciler.unclear()"}


@pytest.mark.parametrize(
    "statement",
    ["UPDATE reconciler.audit SET actor = 'else'", "DELETE FROM reconciler.audit", "TRUNCATE reconciler.audit"],
)
def test_the_audit_is_only_ever_added_to(ledger: Ledger, ledger_url: str, statement: str) -> None:
    with ledger.transaction() as tx:
        audit.write(tx, "somebody", "connect", None, {})

    with (
        psycopg.connect(ledger_url) as db,
        pytest.raises(psycopg.errors.RaiseException, match=f"append-only: {statement.split(maxsplit=1)[0]} is refused"),
    ):
        db.execute(statement)

    with psycopg.connect(ledger_url) as db:
        assert db.execute("SELECT actor FROM reconciler.audit").fetchall() == [("somebody",)]


@pytest.mark.parametrize(
    ("contact", "address", "index"),
    [("c1", "ben", "batch_contacts_hold_contact"), ("c2", "ann", "batch_contacts_hold_address")],
)
def test_no_contact_and_no_address_is_in_two_unsettled_batches(
    ledger_url: str, contact: str, address: str, index: str
) -> None:
    with psycopg.connect(ledger_url) as db:
        acme, other = stored.a_connection(db, "acme"), stored.a_connection(db, "other")
        stored.a_batch(db, acme, "c1", "ann")
        stored.a_batch(db, acme, "c3", "cyd")
        stored.a_batch(db, other, "c1", "ann")
        with pytest.raises(psycopg.errors.UniqueViolation, match=index), db.transaction():
            stored.a_batch(db, acme, contact, address)

        db.execute("UPDATE reconciler.batch_contacts SET settled = true")
        stored.a_batch(db, acme, contact, address)


def test_the_clock_is_the_servers_set_ahead_by_its_offset(ledger: Ledger, ledger_url: str) -> None:
    ahead = "SELECT extract(epoch FROM reconciler.clock() - clock_timestamp())"
    with psycopg.connect(ledger_url, autocommit=True) as db:
        plain = float(db.execute(ahead).fetchall()[0][0])
        db.execute("INSERT INTO reconciler.clock_offset (ahead) VALUES (interval '3 days')")
        moved = float(db.execute(ahead).fetchall()[0][0])
        with pytest.raises(psycopg.errors.UniqueViolation):
            db.execute("INSERT INTO reconciler.clock_offset (ahead) VALUES (interval '1 day')")

    assert plain == pytest.approx(0, abs=1)
    assert moved == pytest.approx(3 * 86_400, abs=1)
    with ledger.transaction() as tx:
        assert value(tx, "clock").tzinfo is not None
