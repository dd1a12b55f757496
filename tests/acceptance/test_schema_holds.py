"""A CRM whose columns change, or whose statement breaks, holds the connection; it mends by itself or by a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.refusals import assert_refused

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

STATEMENT = "SELECT id AS contact_id, email, first_name, city AS home_city FROM contacts WHERE workspace = :workspace"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Two people in the CRM and on the list."""
    installation.add("ada@example.com", first_name="Ada", city="Brno")
    installation.add("bob@example.com", first_name="Bob", city="Brno")
    (installation.folder / "contacts.sql").write_text(STATEMENT)
    assert installation.connect("acme", "--contacts-sql", "contacts.sql").code == 0
    assert installation.run()["counts"]["added"] == 2
    return installation


def kept(acme: Installation) -> list[Any]:
    """All that a hold must leave as it is."""
    mirror = acme.sql("SELECT contact_id, address, gone_at, changed_at FROM reconciler.contacts ORDER BY 1")
    mark = acme.sql("SELECT until, position, read_at FROM reconciler.watermarks")
    return [mirror, mark, acme.api.members(), acme.api.calls()]


def held(acme: Installation, reason: str, *words: str) -> None:
    """Held for this reason, by hand and by ticks, and nothing is touched."""
    before = kept(acme)
    said = acme.say("run", "acme", "--json")
    assert (said.code, said.json["state"], said.json["reason"]) == (4, "held", reason)
    for word in words:
        assert word in said.json["message"]
        assert word in said.err
    runs = acme.sql("SELECT run_id FROM reconciler.runs")
    assert acme.say("run", "--all").out == ""
    assert acme.sql("SELECT run_id FROM reconciler.runs") == runs
    assert acme.say("status", "acme", "--json").json[0]["held"]["reason"] == reason
    assert kept(acme) == before


def goes_on(acme: Installation) -> None:
    """A tick lifts the hold, and a new contact arrives."""
    acme.add("new@example.com", first_name="New")
    assert acme.say("run", "--all").code == 0
    assert "new@example.com" in acme.api.members()
    assert acme.say("status", "acme", "--json").json[0]["held"] is None


def test_a_column_that_is_dropped_holds_until_it_is_back(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts DROP COLUMN city")

    held(acme, "statement", 'column "city" does not exist')

    acme.sql("ALTER TABLE contacts ADD COLUMN city text")
    goes_on(acme)


def test_a_column_that_is_renamed_holds_until_it_has_its_name_again(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts RENAME email TO mail")

    held(acme, "statement", 'column "email" does not exist')

    acme.sql("ALTER TABLE contacts RENAME mail TO email")
    goes_on(acme)


def test_a_column_of_another_type_holds_until_it_has_its_own_again(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts ALTER city TYPE varchar(40)")

    held(acme, "schema_changed", "home_city is character varying, before text", "`reconciler crm accept acme`")

    acme.sql("ALTER TABLE contacts ALTER city TYPE text")
    goes_on(acme)


def test_a_table_that_is_gone_holds_until_it_is_back(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts RENAME TO clients")

    held(acme, "statement", 'relation "contacts" does not exist')

    acme.sql("ALTER TABLE clients RENAME TO contacts")
    goes_on(acme)


def test_a_right_that_is_taken_away_holds_and_says_what_to_grant(acme: Installation) -> None:
    role = "guest_" + acme.url.partition("/test_")[2][:16]
    with psycopg.connect(acme.url, autocommit=True) as db:
        db.execute(f"CREATE ROLE {role} LOGIN")
        db.execute(f"GRANT SELECT ON contacts TO {role}")
    (acme.folder / "crm.url").write_text(acme.url.replace("//sage@", f"//{role}@"))
    assert acme.connect("acme", "--crm-url-file", "crm.url").code == 0
    acme.sql(f"REVOKE SELECT ON contacts FROM {role}")

    held(acme, "statement", "permission denied for table contacts", "grant the user SELECT")

    acme.sql(f"GRANT SELECT ON contacts TO {role}")
    goes_on(acme)
    acme.sql(f"DROP OWNED BY {role}")
    acme.sql(f"DROP ROLE {role}")


def test_columns_of_a_view_that_come_and_go_are_told_all_at_once(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="Ada", city="Brno")
    plain = "SELECT id::text AS contact_id, email"
    installation.sql(f"CREATE VIEW people AS {plain}, first_name, city AS home_city FROM contacts")
    (installation.folder / "contacts.sql").write_text("SELECT * FROM people")
    installation.connect("acme", "--contacts-sql", "contacts.sql")
    installation.run()
    installation.sql("DROP VIEW people")
    installation.sql(f"CREATE VIEW people AS {plain}, 1 AS home_city, job_title FROM contacts")

    report = installation.run()

    assert report["reason"] == "schema_changed"
    assert "first_name text is gone; job_title text is new; home_city is integer, before text" in report["message"]


def test_columns_in_another_order_are_the_same_columns(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="Ada", last_name="King")
    installation.sql("CREATE VIEW people AS SELECT id::text AS contact_id, email, first_name, last_name FROM contacts")
    (installation.folder / "contacts.sql").write_text("SELECT * FROM people")
    installation.connect("acme", "--contacts-sql", "contacts.sql")
    installation.run()
    installation.sql("DROP VIEW people")
    installation.sql("CREATE VIEW people AS SELECT last_name, first_name, email, id::text AS contact_id FROM contacts")
    installation.sql("UPDATE contacts SET last_name = 'Lovelace'")

    assert installation.run()["state"] == "completed"

    ada = installation.api.members()["ada@example.com"]
    assert (ada["first_name"], ada["last_name"]) == ("Ada", "Lovelace")


def test_an_error_of_one_row_holds_until_that_row_is_right(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts ADD COLUMN size text DEFAULT '1'")
    (acme.folder / "contacts.sql").write_text(
        STATEMENT.replace("first_name", "(12 / size::integer)::text AS first_name")
    )
    acme.connect("acme", "--contacts-sql", "contacts.sql")
    acme.run()
    acme.sql("UPDATE contacts SET size = '0' WHERE email = 'ada@example.com'")

    held(acme, "statement", "division by zero")

    acme.sql("UPDATE contacts SET size = '2'")
    goes_on(acme)


def test_a_changed_type_that_is_accepted_is_compared_in_full(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts ALTER city TYPE varchar(40)")
    held(acme, "schema_changed")

    said = acme.say("crm", "accept", "acme")

    assert (said.code, said.out) == (0, "")
    assert said.err == "acme: accepted: home_city is character varying, before text.\n"
    assert acme.say("status", "acme", "--json").json[0]["held"] is None
    report = acme.run()
    assert (report["state"], report["mode"], report["reason"]) == ("nothing_to_do", "full", "mapping_changed")
    assert acme.run()["mode"] == "incremental"
    assert acme.sql("SELECT details ->> 'difference' FROM reconciler.audit WHERE action = 'crm accept'") == [
        ("home_city is character varying, before text",)
    ]


def test_what_is_accepted_is_pushed_by_the_next_tick(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts ALTER city TYPE varchar(40)")
    acme.sql("UPDATE contacts SET city = 'Praha'")
    held(acme, "schema_changed")
    acme.say("crm", "accept", "acme")

    assert acme.say("run", "--all").code == 0

    cities = [member["street_addresses"][0]["city"] for member in acme.api.members().values()]
    assert cities == ["Praha", "Praha"]


def test_a_statement_that_is_still_broken_can_not_be_accepted(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts DROP COLUMN city")
    held(acme, "statement")

    assert_refused(acme.say("crm", "accept", "acme"), 2, 'column "city" does not exist')

    assert acme.say("status", "acme", "--json").json[0]["held"]["reason"] == "statement"


def test_approving_what_is_held_for_its_columns_does_not_help_and_says_what_does(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts ALTER city TYPE varchar(40)")
    number = str(acme.run()["run_id"])

    assert_refused(acme.say("approve", number), 2, "approving does not help", "`reconciler crm accept NAME`")

    assert acme.sql("SELECT * FROM reconciler.audit WHERE action = 'approve'") == []


def test_connecting_again_accepts_the_columns_as_they_are(acme: Installation) -> None:
    acme.sql("ALTER TABLE contacts ALTER city TYPE varchar(40)")
    held(acme, "schema_changed")

    assert acme.connect().code == 0

    report = acme.run()
    assert (report["state"], report["reason"]) == ("nothing_to_do", "mapping_changed")


def test_a_table_that_is_locked_fails_the_run_and_the_next_one_is_fine(acme: Installation) -> None:
    assert acme.say("set", "acme", "crm_lock_seconds=0.2").code == 0
    before = kept(acme)
    with psycopg.connect(acme.url) as db:
        db.execute("ALTER TABLE contacts ADD COLUMN fresh text")

        said = acme.say("run", "acme", "--json")

        assert (said.code, said.json["state"], said.json["reason"]) == (1, "failed", "crm")
        assert "locked for longer than 0.2 s" in said.json["message"]
        assert kept(acme) == before
    goes_on(acme)
