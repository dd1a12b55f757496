"""`crm check` tries a statement out without a ledger, a key or a list; `crm accept` takes changed columns."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from tests import crm_schemas
from tests.crm_samples import NO_SAMPLES, load_chinook, samples_folder
from tests.garden_centre import load_garden_centre
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.installation import Installation, Said

STATEMENTS: Final = Path(__file__).resolve().parents[2] / "sql" / "crm"
SAMPLES: Final = samples_folder()
SCHEMAS: Final = (crm_schemas.ODOO, crm_schemas.ESPOCRM, crm_schemas.TWENTY, crm_schemas.SHARED_TABLE)
#: Each example with what makes its tables, its workspace, its rows and those who belong, and its window.
EXAMPLES: Final = [
    pytest.param(schema.file, partial(crm_schemas.load, schema=schema), schema.workspace, "xmin", id=schema.file)
    for schema in SCHEMAS
] + [
    pytest.param("examples/adventureworks.sql", load_garden_centre, None, "xmin", id="adventureworks"),
    pytest.param(
        "examples/chinook.sql",
        partial(load_chinook, folder=SAMPLES or Path()),
        None,
        "whole",
        id="chinook",
        marks=pytest.mark.skipif(SAMPLES is None, reason=NO_SAMPLES),
    ),
]
TWENTYS: Final = "workspace_3ixj3i1a5avy16ptijtb3lae3"
ALL_WRONG: Final = (
    "SELECT id, email AS email, email AS email, updated_at::timestamp AS changed_at, 1.5 AS row_age,"
    " phone, phone AS other_phone, 'x' AS eligible, '' AS shoe_size FROM contacts"
)
GOOD: Final = "SELECT id AS contact_id, email, first_name, updated_at AS changed_at, age(xmin) AS row_age FROM contacts"


@pytest.fixture
def bare(lonely: Installation, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The program with nothing but the address of a CRM."""
    for name in ("DATABASE_URL", "KEYRING", "API_URL", "AUTH_URL"):
        monkeypatch.delenv(f"RECONCILER_{name}")
    monkeypatch.setenv("RECONCILER_CRM_URL", database_url)
    return lonely


def check(installation: Installation, statement: str, *options: str) -> Said:
    (installation.folder / "mine.sql").write_text(statement)
    return installation.say("crm", "check", "--contacts-sql", "mine.sql", *options)


@pytest.mark.parametrize(("file", "load", "workspace", "mode"), EXAMPLES)
def test_an_example_is_good_on_its_crm(
    bare: Installation,
    database_url: str,
    file: str,
    load: Callable[[psycopg.Connection[Any]], None],
    workspace: str | None,
    mode: str,
) -> None:
    with psycopg.connect(database_url) as crm:
        load(crm)
        # Twenty's tables are in a schema that its statement leaves to the user's settings.
        crm.execute(f"ALTER DATABASE {crm.info.dbname} SET search_path = public, {TWENTYS}")
    words = ("crm", "check", "--contacts-sql", str(STATEMENTS / file), "--workspace", workspace or "")

    said = bare.say(*words, "--json")

    assert (said.code, said.err) == (0, "")
    assert said.json["window"]["mode"] == mode
    assert said.json["rows"]["rows"] >= said.json["rows"]["wanted"] >= 1
    assert (said.json["rows"]["doubled"], said.json["rows"]["without_id"]) == ([], 0)
    shown = bare.say(*words)
    assert (shown.code, shown.err) == (0, "")
    assert f"Window    {mode}: " in shown.out


def test_a_check_says_what_each_column_becomes_and_what_the_rows_are_like(lonely: Installation) -> None:
    lonely.add("ada@example.com")
    lonely.add("bob@example.com", marketing_opt_out=True)
    lonely.add("eve@example.com", deleted_at="now")
    lonely.add(None)
    words = ("crm", "check", "--contacts-sql", str(STATEMENTS / "contacts.sql"), "--workspace", "acme")

    found = lonely.say(*words, "--json").json
    shown = lonely.say(*words).out

    meanings = {column["name"]: (column["type"], column["meaning"]) for column in found["columns"]}
    assert meanings["contact_id"] == ("uuid", "the contact's id")
    assert meanings["row_age"] == ("integer", "how old the row's version is: the xmin window")
    assert meanings["home_postal_code"] == ("text", "home postal code")
    assert found["rows"] == {
        "rows": 4, "wanted": 1, "ineligible": 1, "opted_out": 1, "without_email": 1, "without_id": 0, "doubled": [],
    }  # fmt: skip
    assert found["seconds"]["everything"] >= 0
    assert found["seconds"]["changes"] >= 0
    assert found["window"]["mode"] == "xmin"
    assert "4 rows: 1 belong on the list, 1 do not, 1 have opted out, 1 have no address" in shown
    assert all(name in shown and meaning in shown for name, (_, meaning) in meanings.items())
    assert "everything takes " in shown


def test_a_check_changes_nothing_and_needs_no_schema_and_no_keys(bare: Installation, database_url: str) -> None:
    with psycopg.connect(database_url) as crm:
        crm.execute("CREATE TABLE contacts AS SELECT 1 AS contact_id, 'ada@example.com' AS email")

    assert check(bare, "SELECT * FROM contacts").code == 0

    with psycopg.connect(database_url) as crm:
        schemas = crm.execute("SELECT nspname FROM pg_namespace WHERE nspname = 'reconciler'").fetchall()
        assert schemas == []
        assert crm.execute("SELECT count(*) FROM contacts").fetchone() == (1,)


def test_the_crms_address_may_be_in_a_file(
    bare: Installation, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_CRM_URL")
    (bare.folder / "crm.url").write_text(database_url + "\n")
    statement = "SELECT 1 AS contact_id, 'ada@example.com' AS email"

    assert check(bare, statement, "--crm-url-file", "crm.url").code == 0
    assert_refused(check(bare, statement), 2, "no database is named for the CRM", "--crm-url-file")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (
            ALL_WRONG,
            (
                "contact_id is missing",
                "the column email is there twice",
                "column id is none that the reconciler knows",
                "column shoe_size is none that the reconciler knows",
                "phone and other_phone are one place",
                "changed_at is of type timestamp without time zone",
                "row_age is of type numeric",
                "eligible is of type text",
                "docs/reference/crm-statement.md",
            ),
        ),
        ("SELECT id AS contact_id,\n  email\nFROM contacts\nWHERE WHERE", ("syntax error", "(line 4)")),
        ("SELECT id AS contact_id, email,\n  frist_name\nFROM contacts", ('"frist_name" does not exist', "(line 2)")),
        (GOOD.replace("contacts", "kontacts"), ('relation "kontacts" does not exist',)),
        (f"{GOOD}; DELETE FROM contacts", ("syntax error",)),
        (f"{GOOD} WHERE workspace = :tenant", ("syntax error",)),
        (f"{GOOD} WHERE workspace = $2", ("the parameter $2, for which there is no value", "is :workspace")),
        ("DELETE FROM contacts RETURNING id AS contact_id, email", ("syntax error",)),
        (GOOD.replace("first_name", "(1 / (email IS NULL)::int)::text AS first_name"), ("division by zero",)),
        ("", ("mine.sql is empty",)),
    ],
    ids=["columns", "syntax", "column", "table", "two", "parameter", "other parameter", "write", "row", "empty"],
)
def test_what_is_wrong_with_a_statement_is_said_all_at_once(
    lonely: Installation, statement: str, words: tuple[str, ...]
) -> None:
    lonely.add("ada@example.com")

    assert_refused(check(lonely, statement), 2, *words)

    assert lonely.sql("SELECT count(*) FROM contacts") == [(1,)]


def wrong(said: Said, *words: str) -> None:
    """What was seen is shown, and the exit code says that it can't be used."""
    assert said.code == 2
    assert said.err.startswith("reconciler: the CRM statement can't be used like this")
    for word in words:
        assert word in said.out


def test_an_id_that_is_there_twice_is_shown(lonely: Installation) -> None:
    twice = lonely.add("ada@example.com")
    lonely.add("bob@example.com")
    doubled = f"{GOOD} UNION ALL {GOOD} WHERE email = 'ada@example.com'"

    wrong(check(lonely, doubled), f"contact_id {twice} more than once: look for a join that multiplies rows")
    said = check(lonely, doubled, "--json")
    wrong(said)
    assert said.json["rows"]["doubled"] == [twice]


def test_an_address_as_an_id_that_is_there_twice_is_masked(lonely: Installation) -> None:
    lonely.add("ada@example.com")
    lonely.add("ada@example.com")

    said = check(lonely, "SELECT email AS contact_id, email FROM contacts")

    wrong(said, "a***@example.com more than once")
    assert "ada@" not in said.out + said.err


def test_a_value_that_can_not_be_read_is_not_quoted(lonely: Installation) -> None:
    lonely.add("ada@example.com", phone="697-555-0142")

    said = check(lonely, GOOD.replace("first_name", "CAST(phone AS integer)::text AS phone"))

    assert_refused(said, 2, 'invalid input syntax for type integer: "***"')
    assert "0142" not in said.out + said.err


def test_what_could_not_be_sent_is_counted_beforehand(lonely: Installation) -> None:
    lonely.add("ada@example.com", first_name="A" * 51)
    lonely.add("not an address")
    lonely.add("bob@example.com")

    said = check(lonely, GOOD)

    assert (said.code, said.err) == (0, "")
    assert "Left out  of the first 3 rows: 1 with an address that can't be used, 1 value of first_name" in said.out
    found = check(lonely, GOOD, "--json").json["sample"]
    assert found == {"rows": 3, "invalid": 1, "left_out": {"first_name": 1}}


def test_an_id_that_is_too_long_is_told_beforehand(lonely: Installation) -> None:
    lonely.add("ada@example.com")

    said = check(lonely, GOOD.replace("id AS", "repeat('x', 256) AS"))

    assert_refused(said, 2, "contact_id is longer than 255 characters")


def test_an_option_of_the_crm_s_address_that_there_is_not_is_named(bare: Installation, database_url: str) -> None:
    (bare.folder / "crm.url").write_text(f"{database_url}{'&' if '?' in database_url else '?'}color=blue")

    said = check(bare, "SELECT 1 AS contact_id, '' AS email", "--crm-url-file", "crm.url")

    assert_refused(said, 1, "the CRM's address has an option that can't be used", "color", "sslmode=require")


def test_rows_without_an_id_are_counted(lonely: Installation) -> None:
    for email in ("ada@example.com", "bob@example.com", "eve@example.com"):
        lonely.add(email)
    statement = "SELECT nullif(email, 'ada@example.com') AS contact_id, email FROM contacts"

    said = check(lonely, statement)
    wrong(said, "1 without a contact_id")
    assert "more than once" not in said.out
    wrong(check(lonely, statement.replace("nullif(email, 'ada@example.com')", "''")), "3 without a contact_id")


def test_there_is_nothing_to_accept_where_nothing_changed(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()

    said = installation.say("crm", "accept", "acme")

    assert (said.code, said.out, said.err) == (0, "", "acme: nothing to accept: the columns are as before.\n")
    assert installation.run()["mode"] == "incremental"


def test_accepting_for_a_connection_that_there_is_not_names_those_there_are(installation: Installation) -> None:
    assert_refused(installation.say("crm", "accept", "acme"), 2, "there is no connection 'acme'")
