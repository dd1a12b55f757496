"""The statements in sql/crm, on real data; the sample CRMs' own where they are there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from reconciler.demo.people import create_tables, insert, people
from tests.crm_samples import NO_SAMPLES, load_adventureworks, load_chinook, samples_folder

Rows = Sequence[Mapping[str, Any]]

STATEMENTS = Path(__file__).resolve().parents[2] / "sql" / "crm"
ADDRESS = ("street", "city", "state", "postal_code", "country")
ALLOWED = {
    *("contact_id", "email", "changed_at", "row_age", "eligible", "opted_out"),
    *("first_name", "last_name", "job_title", "company_name"),
    *("phone", "home_phone", "work_phone", "mobile_phone", "other_phone"),
    *(f"{kind}_{part}" for kind in ("home", "work", "other") for part in ADDRESS),
}


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def samples() -> Path:
    folder = samples_folder()
    if folder is None:
        pytest.skip(NO_SAMPLES)
    return folder


def rows_of(conn: psycopg.Connection[dict[str, Any]], file: str, workspace: str | None = None) -> Rows:
    statement = (STATEMENTS / file).read_text(encoding="utf-8").replace(":workspace", "%(workspace)s")
    params = None if workspace is None else {"workspace": workspace}
    return conn.execute(statement.encode(), params).fetchall()


def filled(rows: Rows, column: str) -> int:
    return sum(row[column] is not None for row in rows)


@pytest.mark.parametrize("file", sorted(STATEMENTS.rglob("*.sql")), ids=lambda file: file.stem)
def test_a_statement_has_no_parameter_but_the_workspace_and_no_semicolon(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r":\w*", text)) <= {":workspace"}
    assert ";" not in text


def test_adventureworks_gives_one_row_per_person(conn: psycopg.Connection[dict[str, Any]], samples: Path) -> None:
    load_adventureworks(conn, samples)
    rows = rows_of(conn, "examples/adventureworks.sql")
    assert len(rows) == 19_972
    assert len({row["contact_id"] for row in rows}) == 19_972
    assert set(rows[0]) <= ALLOWED
    assert filled(rows, "email") == 19_972


def test_adventureworks_puts_phones_and_addresses_where_their_type_says(
    conn: psycopg.Connection[dict[str, Any]], samples: Path
) -> None:
    load_adventureworks(conn, samples)
    rows = rows_of(conn, "examples/adventureworks.sql")
    phones = {kind: filled(rows, f"{kind}_phone") for kind in ("mobile", "home", "work")}
    assert phones == {"mobile": 10_096, "home": 9_140, "work": 736}
    assert (filled(rows, "home_street"), filled(rows, "other_street")) == (18_774, 24)
    assert filled(rows, "job_title") == 290


def test_adventureworks_dates_a_person_by_the_newest_of_their_rows(
    conn: psycopg.Connection[dict[str, Any]], samples: Path
) -> None:
    load_adventureworks(conn, samples)
    conn.execute("SET TIME ZONE 'America/New_York'")
    first = next(row for row in rows_of(conn, "examples/adventureworks.sql") if row["contact_id"] == "1")
    assert first["changed_at"] == datetime(2014, 9, 12, 11, 15, 6, tzinfo=UTC)


def test_adventureworks_makes_a_person_young_when_only_their_phone_changed(
    conn: psycopg.Connection[dict[str, Any]], samples: Path
) -> None:
    load_adventureworks(conn, samples)
    conn.execute("UPDATE person_phone SET phone_number = '555-0100' WHERE person_id = 7")
    conn.commit()
    ages = {row["contact_id"]: row["row_age"] for row in rows_of(conn, "examples/adventureworks.sql")}
    youngest = min(ages.values())
    assert [contact for contact, age in ages.items() if age == youngest] == ["7"]


def test_chinook_gives_one_row_per_customer(conn: psycopg.Connection[dict[str, Any]], samples: Path) -> None:
    load_chinook(conn, samples)
    rows = rows_of(conn, "examples/chinook.sql")
    assert len(rows) == len({row["contact_id"] for row in rows}) == 59
    assert set(rows[0]) <= ALLOWED
    assert (filled(rows, "phone"), filled(rows, "company_name")) == (58, 10)
    assert {row["first_name"] for row in rows} >= {"Luís", "François"}


def test_the_default_statement_returns_all_of_one_workspace_and_nobody_else(
    conn: psycopg.Connection[dict[str, Any]],
) -> None:
    crowd = people(300)
    create_tables(conn)
    insert(conn, "acme", crowd)
    insert(conn, "globex", people(20, seed=2))
    rows = rows_of(conn, "contacts.sql", "acme")
    assert {row["contact_id"] for row in rows} == {person.id for person in crowd}
    assert set(rows[0]) <= ALLOWED
    assert sum(not row["eligible"] for row in rows) == sum(person.deleted for person in crowd)
    assert sum(row["opted_out"] for row in rows) == sum(person.marketing_opt_out for person in crowd)


def test_people_arrive_in_the_table_as_they_were_made(conn: psycopg.Connection[dict[str, Any]]) -> None:
    crowd = people(300)
    create_tables(conn)
    insert(conn, "acme", crowd)
    stored = {row["id"]: row for row in conn.execute("SELECT * FROM contacts")}
    for person in crowd:
        row = stored[person.id]
        assert all(row[name] == getattr(person, name) for name in ("email", "first_name", "last_name"))
        assert all(row[name] == getattr(person, name) for name in ("mobile", "company", *ADDRESS))


def test_making_sages_table_again_changes_nothing_and_an_update_moves_its_time(
    conn: psycopg.Connection[dict[str, Any]],
) -> None:
    for _ in range(2):
        create_tables(conn)
        conn.commit()
    insert(conn, "acme", people(20))
    conn.execute("UPDATE contacts SET city = 'Brno' WHERE email IS NULL")
    later = conn.execute("SELECT email FROM contacts WHERE updated_at > created_at").fetchall()
    assert later
    assert all(row["email"] is None for row in later)
