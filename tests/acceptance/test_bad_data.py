"""Bad data in a CRM that is connected, and a CRM that changes or goes away: nobody else is kept waiting for it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

#: The times that no calendar of Python's has, and none at all.
TIMES = (None, "infinity", "-infinity", "4713-01-01 00:00:00+00 BC", "294276-12-31 00:00:00+00")


@pytest.fixture
def crm_url(server_url: Callable[[str], str]) -> Iterator[str]:
    """A CRM's database apart from the ledger's."""
    name = f"test_crm_{uuid.uuid4().hex}"
    with psycopg.connect(server_url("postgres"), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(server_url(name)) as crm:
            crm.execute("CREATE TABLE people (contact_id text, email text, changed_at timestamptz)")
            crm.execute("INSERT INTO people VALUES ('1', 'ada@example.com', now())")
        yield server_url(name)
        db.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def with_view(installation: Installation, query: str) -> Said:
    """Connect with a view as the CRM, so that it can change afterwards."""
    installation.sql(f"CREATE VIEW people AS {query}")
    (installation.folder / "contacts.sql").write_text("SELECT * FROM people")
    return installation.connect("acme", "--contacts-sql", "contacts.sql")


def watermark(installation: Installation) -> object:
    return installation.sql("SELECT until FROM reconciler.watermarks")


def test_an_address_of_81_characters_is_told_and_the_others_go(installation: Installation) -> None:
    local = "a" * (81 - len("@example.com"))
    long = installation.add(f"{local}@example.com")
    installation.add("ada@example.com")
    installation.connect()

    report = installation.run()

    assert (report["counts"]["invalid"], report["counts"]["added"]) == (1, 1)
    assert [row[0] for row in installation.rows(report["run_id"]) if row[4] == "invalid"] == [long]
    assert set(installation.api.members()) == {"ada@example.com"}
    assert installation.run()["state"] == "nothing_to_do"


def test_a_name_of_200_characters_is_left_out_and_the_person_goes(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="A" * 200, last_name="Love")
    installation.connect()

    report = installation.run()

    ada = installation.api.members()["ada@example.com"]
    assert (report["counts"]["added"], report["field_refused"]) == (1, 1)
    assert ada["last_name"] == "Love"
    assert not ada.get("first_name")


def test_a_field_of_10_mb_is_left_out_and_the_person_goes(installation: Installation) -> None:
    installation.add("ada@example.com", last_name="Love", city="x" * 10_000_000)
    installation.add("y" * 10_000_000)
    installation.connect()

    report = installation.run()

    assert (report["counts"]["added"], report["counts"]["invalid"], report["field_refused"]) == (1, 1, 1)
    assert set(installation.api.members()) == {"ada@example.com"}
    kept = installation.sql("SELECT max(pg_column_size(c.*)) FROM reconciler.contacts AS c")
    assert kept[0][0] < 10_000


@pytest.mark.parametrize("moment", TIMES)
def test_an_impossible_time_keeps_nobody_off(installation: Installation, moment: str | None) -> None:
    installation.sql("ALTER TABLE contacts ALTER updated_at DROP NOT NULL")
    installation.sql("ALTER TABLE contacts DISABLE TRIGGER USER")
    ada = installation.add("ada@example.com", first_name="Ada", updated_at=moment)
    installation.connect()
    first = installation.run()
    installation.change(ada, first_name="Augusta")

    second = installation.run()

    assert first["counts"]["added"] == 1
    assert (second["counts"]["read"], second["counts"]["updated"]) == (1, 1)
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"


def test_a_column_that_is_dropped_holds_the_run_and_names_it(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    before = watermark(installation)
    installation.sql("ALTER TABLE contacts DROP COLUMN phone")

    said = installation.say("run", "acme", "--json")

    assert (said.code, said.json["state"], said.json["reason"]) == (4, "held", "statement")
    assert 'column "phone" does not exist' in said.json["message"]
    assert watermark(installation) == before
    installation.sql("ALTER TABLE contacts ADD COLUMN phone text")
    assert installation.run()["state"] == "nothing_to_do"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 'x'::text AS contact_id, 'a@example.com'::text AS email FROM generate_series(1, 2)", "more than once"),
        ("SELECT NULL::text AS contact_id, 'a@example.com'::text AS email", "NULL or empty"),
        ("SELECT repeat('x', 256) AS contact_id, 'a@example.com'::text AS email", "longer than 255"),
        ("SELECT pg_sleep(1000)::text AS contact_id, 'a@example.com'::text AS email", "ran longer than 0.5 s"),
        ("SELECT generate_series(1, 1000000000000)::text AS contact_id, NULL::text AS email", "has no end"),
    ],
)
def test_a_crm_that_goes_wrong_later_holds_the_run(installation: Installation, query: str, words: str) -> None:
    assert with_view(installation, "SELECT 'x'::text AS contact_id, 'a@example.com'::text AS email").code == 0
    installation.run()
    before, members = watermark(installation), installation.api.members()
    installation.say("set", "acme", "crm_statement_seconds=0.5", "crm_reading_seconds=1")
    installation.sql(f"CREATE OR REPLACE VIEW people AS {query}")

    said = installation.say("run", "acme", "--json")

    assert (said.code, said.json["state"]) == (4, "held")
    assert words in said.json["message"]
    assert watermark(installation) == before
    assert installation.api.members() == members
    assert installation.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(1,)]


def test_a_crm_out_of_reach_fails_the_run_and_moves_nothing(installation: Installation, crm_url: str) -> None:
    (installation.folder / "crm.url").write_text(crm_url)
    (installation.folder / "contacts.sql").write_text("SELECT * FROM people")
    assert installation.connect("acme", "--crm-url-file", "crm.url", "--contacts-sql", "contacts.sql").code == 0
    installation.run()
    before = watermark(installation)
    with psycopg.connect(installation.url, autocommit=True) as db:
        name = crm_url.partition("/test_crm_")[2].partition("?")[0]
        db.execute(f"ALTER DATABASE test_crm_{name} WITH ALLOW_CONNECTIONS false")

        said = installation.say("run", "acme", "--json")

        db.execute(f"ALTER DATABASE test_crm_{name} WITH ALLOW_CONNECTIONS true")
    assert (said.code, said.json["state"], said.json["reason"]) == (1, "failed", "crm")
    assert "is out of reach" in said.json["message"]
    assert watermark(installation) == before
    with psycopg.connect(crm_url) as crm:
        crm.execute("INSERT INTO people VALUES ('2', 'bob@example.com', now())")
    assert installation.run()["counts"]["added"] == 1


def test_a_ledger_that_refuses_a_row_is_not_the_crms_fault(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.sql("ALTER TABLE reconciler.contacts ADD CONSTRAINT never CHECK (address <> 'bob@example.com')")
    installation.add("bob@example.com")
    before = watermark(installation)

    said = installation.say("run", "acme", "--json")

    assert said.code == 1
    assert (said.json["state"], said.json["reason"]) == ("failed", "failed")
    assert "the ledger at" in said.json["message"]
    assert "bob@" not in said.json["message"]
    assert watermark(installation) == before
