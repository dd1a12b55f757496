"""Rows that were there before the watermark and come into the reading later: with another table, part or view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

PARTED = """
    CREATE TABLE people (id int, email text, first_name text, region text) PARTITION BY LIST (region);
    CREATE TABLE people_a PARTITION OF people FOR VALUES IN ('a');
    CREATE TABLE people_b (LIKE people);
    INSERT INTO people SELECT n, 'a' || n || '@example.com', 'Ada', 'a' FROM generate_series(1, 3) AS n;
    INSERT INTO people_b SELECT n + 100, 'b' || n || '@example.com', 'Bob', 'b' FROM generate_series(1, 3) AS n;
    CREATE TABLE titles (id int PRIMARY KEY, title text);
    CREATE VIEW shown AS SELECT id, email, first_name, age(xmin) AS row_age FROM people_a
"""
AGED = "SELECT id AS contact_id, email, first_name, age(xmin) AS row_age FROM people"
SHOWN = "SELECT id AS contact_id, email, first_name, row_age FROM shown"
#: For whom the view reads, and so which of its rows policies let through.
INVOKER = "ALTER VIEW shown SET (security_invoker = true)"
OTHER_VIEW = "CREATE OR REPLACE VIEW shown AS SELECT id, email, {first_name}, age({age}.xmin) AS row_age FROM {source}"


def given(installation: Installation, statement: str) -> Installation:
    installation.sql(PARTED)
    (installation.folder / "contacts.sql").write_text(statement)
    assert installation.connect("acme", "--contacts-sql", "contacts.sql").code == 0
    assert installation.say("set", "acme", "structure_seconds=0").code == 0
    assert installation.run()["counts"]["added"] == 3
    assert installation.run()["window"]["mode"] == "xmin"
    return installation


def swept(report: dict[str, Any], read: int) -> bool:
    return (report["mode"], report["reason"], report["counts"]["read"]) == ("full", "source_changed", read)


SWAP = "BEGIN; DROP TABLE people CASCADE; ALTER TABLE people_new RENAME TO people; COMMIT"
NEW_DEFAULT = "ALTER TABLE people DROP first_name CASCADE; ALTER TABLE people ADD first_name text DEFAULT 'Dear'"
SWAPPED_COLUMNS = (
    "ALTER TABLE people ADD nick text DEFAULT 'Nick';"
    "ALTER TABLE people RENAME first_name TO old; ALTER TABLE people RENAME nick TO first_name"
)
POLICY = "CREATE POLICY few ON people USING (id < 100); ALTER TABLE people ENABLE ROW LEVEL SECURITY"


@pytest.mark.parametrize(
    ("before", "change", "statement", "read"),
    [
        ("CREATE TABLE people_new AS SELECT id, email, 'New' AS first_name FROM people", SWAP, AGED, 3),
        ("", "ALTER TABLE people ATTACH PARTITION people_b FOR VALUES IN ('b')", AGED, 6),
        ("", NEW_DEFAULT, AGED, 3),
        ("", SWAPPED_COLUMNS, AGED, 3),
        ("", POLICY, AGED, 3),
        ("", INVOKER, SHOWN, 3),
        ("", OTHER_VIEW.format(first_name="first_name", age="people_b", source="people_b"), SHOWN, 3),
    ],
    ids=[
        "a table swapped",
        "a partition attached",
        "another default",
        "columns renamed",
        "a policy",
        "another reader",
        "another view",
    ],
)
def test_what_comes_into_the_reading_with_old_rows_is_found_at_once(
    installation: Installation, before: str, change: str, statement: str, read: int
) -> None:
    acme = given(installation, statement)
    if before:
        acme.sql(before)
    acme.run()

    acme.sql(change)

    assert swept(acme.run(), read)
    following = acme.run()
    assert (following["mode"], following["counts"]["read"]) == ("incremental", 0)


def test_what_changes_no_reading_asks_for_no_full_comparison(installation: Installation) -> None:
    acme = given(installation, AGED)

    for harmless in (
        "CREATE INDEX ON people_a (email)",
        "ANALYZE people_a",
        "GRANT SELECT ON people TO public",
        "CREATE TABLE other (id int)",
        "ALTER TABLE titles ADD note text",
    ):
        acme.sql(harmless)

    assert acme.run()["mode"] == "incremental"


def test_a_table_that_takes_another_one_s_place_is_found_by_time_too(installation: Installation) -> None:
    dated = AGED.replace("age(xmin) AS row_age", "timestamptz '2020-01-01' AS changed_at")
    installation.sql(PARTED)
    (installation.folder / "contacts.sql").write_text(dated)
    installation.connect("acme", "--contacts-sql", "contacts.sql")
    assert installation.say("set", "acme", "window=overlap", "structure_seconds=0").code == 0
    installation.run()
    installation.sql("CREATE TABLE people_new AS SELECT id, email, 'New' AS first_name FROM people")

    installation.sql(SWAP)

    assert swept(installation.run(), 3)


def test_a_view_that_hides_a_table_from_row_age_holds_until_another_window_is_taken(installation: Installation) -> None:
    acme = given(installation, SHOWN)

    acme.sql(
        OTHER_VIEW.format(
            first_name="title AS first_name", age="people_a", source="people_a LEFT JOIN titles USING (id)"
        )
    )

    said = acme.say("run", "acme", "--json")
    assert (said.code, said.json["reason"]) == (4, "schema_changed")
    assert "row versions no longer show every change: row_age does not count titles" in said.json["message"]
    accepted = acme.say("crm", "accept", "acme")
    assert "accepted: changes are found by whole from now on" in accepted.err
    assert acme.run()["window"]["mode"] == "whole"


def test_a_function_that_has_come_to_read_a_table_is_found_by_the_daily_comparison(installation: Installation) -> None:
    installation.sql(
        "CREATE FUNCTION tidy(of_name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN of_name; END $$"
    )
    acme = given(installation, AGED.replace("first_name", "tidy(first_name) AS first_name"))

    acme.sql(
        "CREATE OR REPLACE FUNCTION tidy(of_name text) RETURNS text LANGUAGE plpgsql STABLE"
        " AS $$ BEGIN RETURN (SELECT max(title) FROM titles); END $$"
    )

    said = acme.say("run", "acme", "--full", "--json")
    assert (said.code, said.json["reason"]) == (4, "schema_changed")
    assert "what the function tidy reads has no age" in said.json["message"]


def test_another_database_by_the_same_name_is_another_source(installation: Installation) -> None:
    if "//sage@" not in installation.url:
        pytest.skip("NOT TESTED: the server that was named is not the embedded one")
    with psycopg.connect(installation.url) as db:
        name = db.info.dbname
    (installation.folder / "crm").write_text(installation.url.replace(f"/{name}", f"/{name}_crm"))
    (installation.folder / "contacts.sql").write_text(AGED)
    with psycopg.connect(installation.url.replace(f"/{name}", "/postgres"), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}_crm".encode())
        with psycopg.connect(installation.url.replace(f"/{name}", f"/{name}_crm")) as crm:
            crm.execute("CREATE TABLE people AS SELECT 1 AS id, 'ada@example.com' AS email, 'Ada' AS first_name")
        words = ("--contacts-sql", "contacts.sql", "--crm-url-file", "crm")
        assert installation.connect("acme", *words).code == 0
        installation.say("set", "acme", "structure_seconds=0")
        installation.run()
        db.execute(f"CREATE DATABASE {name}_next TEMPLATE {name}_crm".encode())
        with psycopg.connect(installation.url.replace(f"/{name}", f"/{name}_next")) as crm:
            crm.execute("UPDATE people SET first_name = 'Augusta'")
        installation.run()
        db.execute(f"ALTER DATABASE {name}_crm RENAME TO {name}_old".encode())
        db.execute(f"ALTER DATABASE {name}_next RENAME TO {name}_crm".encode())

    report = installation.run()

    assert (report["mode"], report["reason"], report["counts"]["updated"]) == ("full", "source_changed", 1)
