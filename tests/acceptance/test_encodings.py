"""CRMs that do not say in which encoding their text is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.servers import SETTINGS, server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http

STATEMENT = "SELECT id AS contact_id, email, {first_name} AS first_name, age(xmin) AS row_age FROM people"
AS_LATIN = "convert_from(convert(convert_to(first_name, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'UTF8')"


@pytest.fixture
def url() -> Iterator[str]:
    """A database without an encoding, in which somebody's name is written in two."""
    with server(SETTINGS) as own:
        with psycopg.connect(own.url("postgres"), autocommit=True) as db:
            db.execute("CREATE DATABASE plain ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        with psycopg.connect(own.url("plain")) as db:
            db.execute("CREATE TABLE people (id int, email text, first_name text)")
            db.execute(r"INSERT INTO people VALUES (1, 'jose@example.com', E'Jos\xc3\xa9')")
        yield own.url("plain")


def connected(installation: Installation, url: str, first_name: str = "first_name") -> None:
    (installation.folder / "contacts.sql").write_text(STATEMENT.format(first_name=first_name))
    (installation.folder / "crm").write_text(url)
    words = ("--contacts-sql", "contacts.sql", "--crm-url-file", "crm")
    assert installation.connect("acme", *words).code == 0


def test_utf_8_in_a_database_without_an_encoding_is_read(installation: Installation, url: str) -> None:
    connected(installation, url)

    assert installation.run()["counts"]["added"] == 1

    assert installation.api.members()["jose@example.com"]["first_name"] == "José"


def test_what_is_not_utf_8_holds_with_a_word_on_how_to_convert_it(installation: Installation, url: str) -> None:
    connected(installation, url)
    with psycopg.connect(url) as db:
        db.execute(r"INSERT INTO people VALUES (2, 'rene@example.com', E'Ren\xe9')")

    said = installation.say("run", "acme", "--json")

    assert (said.code, said.json["reason"]) == (4, "statement")
    assert "text that is not UTF-8" in said.json["message"]
    assert "convert_from(" in said.json["message"]


def test_a_long_text_is_one_field_that_is_refused_and_holds_nobody(installation: Installation, url: str) -> None:
    with psycopg.connect(url) as db:
        db.execute("UPDATE people SET first_name = 'a' || repeat(first_name, 5000)")

    connected(installation, url)
    report = installation.run()

    assert (report["counts"]["added"], report["field_refused"]) == (1, 1)


def test_text_is_converted_as_that_word_says(installation: Installation, url: str) -> None:
    with psycopg.connect(url) as db:
        db.execute(r"UPDATE people SET first_name = E'Ren\xe9'")

    connected(installation, url, AS_LATIN)
    installation.run()

    assert installation.api.members()["jose@example.com"]["first_name"] == "René"


def test_a_user_whose_encoding_is_none_reads_text(installation: Installation) -> None:
    installation.add("jose@example.com", first_name="José")
    if "//sage@" not in installation.url:
        pytest.skip("NOT TESTED: the server that was named is not the embedded one")
    installation.sql("CREATE ROLE plain LOGIN SUPERUSER")
    installation.sql("ALTER ROLE plain SET client_encoding = 'SQL_ASCII'")
    (installation.folder / "crm").write_text(installation.url.replace("//sage@", "//plain@"))
    assert installation.connect("acme", "--crm-url-file", "crm").code == 0

    installation.run()

    assert installation.api.members()["jose@example.com"]["first_name"] == "José"
