"""The statements in `sql/crm/examples` on small databases in the shape of real CRMs, change by change.

What the window `xmin` asks of a statement is tested too: that every table it scans is counted in `row_age`.
"""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from reconciler import fields
from reconciler.demo.people import create_tables
from tests.crm_samples import ADVENTUREWORKS
from tests.crm_schemas import CHANGES, ESPOCRM, ODOO, SHARED_TABLE, TWENTY, Row, Schema, load, read, statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Db = psycopg.Connection[dict[str, Any]]

OWN = {"contact_id", "email", "changed_at", "row_age", "eligible", "opted_out"}
LOADED_AT = dt.datetime(2026, 1, 5, 8, 0, tzinfo=dt.UTC)
KING = {"first_name": "Ada", "last_name": "King", "job_title": "Gardener", "company_name": "Garden Centre"}
PORTLAND = {"city": "Portland", "state": "Oregon", "postal_code": "97201", "country": "United States"}

CASES = [
    pytest.param(schema, person, change, id=f"{Path(schema.file).stem}-{change.partition(' SET ')[2] or change}")
    for schema, text in CHANGES.items()
    for person, _, change in (line.strip().partition(" ") for line in text.strip().splitlines())
]
#: What is counted in the statements for which the sample CRMs, or the demo, have the tables.
OTHERS = {
    "contacts.sql": {"contacts"},
    "examples/adventureworks.sql": {"person", "email_address", "person_phone", "person_address"},
}


@pytest.fixture
def db(database_url: str) -> Iterator[Db]:
    """A session far from Greenwich: a time without a zone that is read as a local one shows."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.execute("SET TIME ZONE 'America/New_York'")
        yield connection


def loaded(db: Db, schema: Schema) -> dict[str, Row]:
    load(db, schema)
    return read(db, schema)


def changed(db: Db, schema: Schema, sql: str) -> dict[str, Row]:
    """The rows after a change that was committed."""
    now = "timezone('UTC', now())" if schema is ODOO else "now()"
    assert db.execute(sql.replace("NOW", now).encode()).rowcount == 1
    db.commit()
    return read(db, schema)


def youngest(rows: Mapping[str, Row]) -> list[str]:
    least = min(row["row_age"] for row in rows.values())
    return [contact for contact, row in rows.items() if row["row_age"] == least]


def of(rows: Mapping[str, Row], column: str) -> dict[str, Any]:
    return {contact: row[column] for contact, row in rows.items()}


def standing(rows: Mapping[str, Row]) -> dict[str, tuple[str | None, bool, bool | None]]:
    return {contact: (row["email"], row["eligible"], row["opted_out"]) for contact, row in rows.items()}


def fields_of(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in OWN and value}


def address(kind: str, street: str) -> dict[str, str]:
    return {f"{kind}_{part}": value for part, value in {"street": street, **PORTLAND}.items()}


def scans(db: Db, text: str, workspace: str | None = None) -> list[dict[str, Any]]:
    """The steps of a statement's plan that read a table."""
    explain = f"EXPLAIN (VERBOSE, FORMAT JSON) SELECT * FROM ({text}) AS crm"
    (answer,) = db.execute(explain.encode(), workspace and {"workspace": workspace}).fetchall()
    steps = [answer["QUERY PLAN"][0]["Plan"]]
    for step in steps:
        steps += step.get("Plans", [])
    return [step for step in steps if "Relation Name" in step]


def uncounted(found: list[dict[str, Any]]) -> list[str]:
    """The aliases whose `xmin` nobody reads."""
    return [step["Alias"] for step in found if f"{step['Alias']}.xmin" not in " ".join(step["Output"])]


@pytest.mark.parametrize(("schema", "person", "change"), CASES)
def test_a_change_in_one_table_alone_makes_exactly_its_person_young_and_moves_their_time(
    db: Db, schema: Schema, person: str, change: str
) -> None:
    before = loaded(db, schema)
    after = changed(db, schema, change)

    assert youngest(before) == list(before)
    assert youngest(after) == [person]
    if schema is not ESPOCRM:  # it has no honest time
        assert set(of(before, "changed_at").values()) == {LOADED_AT}
        assert [contact for contact, time in of(after, "changed_at").items() if time != LOADED_AT] == [person]
        assert abs(after[person]["changed_at"] - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


@pytest.mark.parametrize("schema", CHANGES, ids=lambda schema: Path(schema.file).stem)
def test_every_table_that_is_scanned_is_counted_and_changed_in_a_test(db: Db, schema: Schema) -> None:
    load(db, schema)
    found = scans(db, statement(schema.file), schema.workspace)

    assert uncounted(found) == []
    assert {step["Relation Name"] for step in found} == set(re.findall(r"(?:UPDATE|INTO) (\w+)", CHANGES[schema]))


@pytest.mark.parametrize("file", OTHERS)
def test_the_other_statements_with_a_row_age_count_every_table_too(db: Db, file: str) -> None:
    create_tables(db)
    db.execute(ADVENTUREWORKS)
    found = scans(db, statement(file), "acme" if file == "contacts.sql" else None)

    assert uncounted(found) == []
    assert {step["Relation Name"] for step in found} == OTHERS[file]


def test_a_table_that_is_joined_and_not_counted_is_seen_in_the_plan(db: Db) -> None:
    """Else the two tests above would promise nothing."""
    load(db, ODOO)
    text = statement(ODOO.file)

    assert uncounted(scans(db, text.replace("age(blacklist.xmin), ", ""))) == ["blacklist"]


def test_a_statement_for_one_table_without_times_has_no_row_age_either(db: Db) -> None:
    assert not {"row_age", "changed_at"} & set(
        re.findall(r" AS (\w+)", statement("examples/chinook.sql").partition("\nSELECT")[2])
    )


def test_odoo_gives_every_partner_once_and_says_who_belongs_and_who_has_opted_out(db: Db) -> None:
    assert standing(loaded(db, ODOO)) == {
        "1": ("info@example.com", False, False),
        "2": ("ada@example.com", True, False),
        "3": ("jean@example.com", True, True),
        "4": ("nobody at home", False, False),
        "5": ("gate@example.com", False, False),
    }


def test_odoo_gives_a_persons_values_their_company_and_both_parts_of_their_name(db: Db) -> None:
    rows = loaded(db, ODOO)

    assert fields_of(rows["2"]) == {
        **KING,
        "first_name": "Ada Mary",
        "phone": "+1 555 0100",
        **address("work", "1 Elm Road, Unit 2"),
    }
    assert (rows["3"]["last_name"], rows["3"]["company_name"]) == ("Moreau", None)
    assert (rows["4"]["first_name"], rows["4"]["last_name"]) == ("Teller", None)


def test_a_blacklist_row_that_is_deactivated_makes_its_person_young_and_no_longer_opted_out(db: Db) -> None:
    load(db, ODOO)
    rows = changed(db, ODOO, "UPDATE mail_blacklist SET active = false WHERE email = 'jean@example.com'")

    assert (youngest(rows), rows["3"]["opted_out"]) == (["3"], False)


def test_espocrm_gives_every_contact_once_and_says_who_belongs_and_who_has_opted_out(db: Db) -> None:
    assert standing(loaded(db, ESPOCRM)) == {
        "ada": ("Ada@example.com", True, False),
        "jean": ("jean@example.com", True, True),
        "omar": ("omar@example.com", False, False),
        "tess": ("tess@example.com", False, False),
        "una": (None, True, None),
    }


def test_espocrm_gives_a_contacts_values_and_of_each_kind_of_phone_the_primary_one_first(db: Db) -> None:
    rows = loaded(db, ESPOCRM)

    assert fields_of(rows["ada"]) == {
        **KING,
        "mobile_phone": "+1 555 0102",
        "work_phone": "+1 555 0103",
        "home_phone": "+1 555 0104",
        "other_phone": "+1 555 0105",
        **address("home", "1 Elm Road"),
    }
    assert (rows["jean"]["job_title"], rows["jean"]["company_name"]) == (None, "Forestry")


def test_a_phone_that_is_no_longer_primary_makes_its_person_young(db: Db) -> None:
    load(db, ESPOCRM)
    moved = """UPDATE entity_phone_number SET "primary" = false WHERE phone_number_id = 'p-two'"""
    rows = changed(db, ESPOCRM, moved)

    assert (youngest(rows), rows["ada"]["mobile_phone"]) == (["ada"], "+1 555 0101")


@pytest.mark.parametrize("column", ['"primary" = false', "deleted = true"])
def test_an_address_that_is_no_longer_primary_or_linked_makes_its_person_young_and_is_not_theirs(
    db: Db, column: str
) -> None:
    load(db, ESPOCRM)
    rows = changed(db, ESPOCRM, f"UPDATE entity_email_address SET {column} WHERE email_address_id = 'e-jean'")

    assert (youngest(rows), rows["jean"]["email"], rows["jean"]["opted_out"]) == (["jean"], None, None)


def test_an_account_that_is_deleted_makes_its_person_young_and_no_longer_has_a_name(db: Db) -> None:
    load(db, ESPOCRM)
    rows = changed(db, ESPOCRM, "UPDATE account SET deleted = true WHERE id = 'garden'")

    assert (youngest(rows), rows["ada"]["company_name"]) == (["ada"], None)


def test_twenty_gives_every_person_once_with_their_companys_address(db: Db) -> None:
    ada, jean, tess = loaded(db, TWENTY).values()

    assert [row["eligible"] for row in (ada, jean, tess)] == [True, True, False]
    assert [row["email"] for row in (ada, jean, tess)] == ["ada@example.com", "jean@example.com", ""]
    assert fields_of(ada) == {
        **KING,
        "phone": "+1 5550100",
        **address("work", "1 Elm Road, Unit 2"),
    }
    assert fields_of(jean).items() >= {"phone": "+32 555 0100", "company_name": "Forestry"}.items()
    assert fields_of(tess) == {"first_name": "Tess"}


def test_a_company_that_is_deleted_in_twenty_makes_its_person_young_and_says_nothing_any_more(db: Db) -> None:
    load(db, TWENTY)
    rows = changed(db, TWENTY, """UPDATE company SET "deletedAt" = NOW WHERE name = 'Garden Centre'""")
    ada = next(iter(rows))

    assert youngest(rows) == [ada]
    assert set(fields_of(rows[ada])) == {"first_name", "last_name", "job_title", "phone"}


def test_a_shared_table_gives_the_customers_of_one_workspace_and_says_who_belongs(db: Db) -> None:
    rows = loaded(db, SHARED_TABLE)

    assert standing(rows) == {
        "1": ("ada@example.com", True, False),
        "2": ("jean@example.com", True, True),
        "3": ("tess@example.com", False, False),
        "4": ("una@example.com", False, False),
    }
    assert fields_of(rows["1"]) == {
        **KING,
        "mobile_phone": "+1 555 0100",
        "work_phone": "+1 555 0103",
        **address("work", "1 Elm Road"),
    }


def test_a_phone_that_is_no_longer_current_makes_its_person_young(db: Db) -> None:
    load(db, SHARED_TABLE)
    rows = changed(db, SHARED_TABLE, "UPDATE customer_phone SET is_current = false WHERE number = '+1 555 0100'")

    assert (youngest(rows), rows["1"]["mobile_phone"]) == (["1"], None)


@pytest.mark.parametrize("table", ["customer", "customer_phone"])
def test_a_change_in_another_workspace_makes_nobody_young(db: Db, table: str) -> None:
    load(db, SHARED_TABLE)
    rows = changed(db, SHARED_TABLE, f"UPDATE {table} SET updated_at = NOW WHERE tenant_id = 43")

    assert youngest(rows) == ["1", "2", "3", "4"]
    assert set(of(rows, "changed_at").values()) == {LOADED_AT}


def test_a_shared_tables_rows_are_found_by_the_indexes_that_begin_with_the_workspace(db: Db) -> None:
    load(db, SHARED_TABLE)
    db.execute("SET enable_seqscan = off")
    found = scans(db, statement(SHARED_TABLE.file), SHARED_TABLE.workspace)

    assert all("tenant_id" in str(step.get("Index Cond", step.get("Recheck Cond"))) for step in found)


@pytest.mark.parametrize("schema", CHANGES, ids=lambda schema: Path(schema.file).stem)
def test_an_example_has_only_columns_that_the_reconciler_knows(db: Db, schema: Schema) -> None:
    columns = set(next(iter(loaded(db, schema).values())))

    assert [column for column in sorted(columns - OWN) if not fields.is_field(column)] == []
    assert not {"phone", "other_phone"} <= columns
