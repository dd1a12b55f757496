"""Bad input to `connect`: credentials, token, list, and the CRM statement. Nothing is stored."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler import bootstrap
from reconciler.limits import Limits
from tests.refusals import assert_refused, stored

if TYPE_CHECKING:
    from pathlib import Path

    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

TOKEN = "hidden-token"
GOOD = "SELECT id AS contact_id, email FROM contacts"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"api_key = " + TOKEN.encode(), "are not JSON (line 1)"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "not JSON that can be read"),
        (b'{"api_key": ' + b"9" * 5000 + b"}", "not JSON that can be read"),
        (b'{"api_key": "k"}', "have no access_token"),
        (b'{"api_key": "k", "access_token": "t", "acess": ""}', "unknown entry 'acess'"),
        (b'{"api_key": "k", "access_token": 7}', "access_token must be one line of text"),
        (b'{"api_key": "k", "access_token": "hidden\\ntoken"}', "access_token must be one line of text"),
        (b'{"api_key": "k", "access_token": "hidden\\u0000token"}', "access_token must be one line of text"),
        ('{"api_key": "kéy", "access_token": "hidden"}'.encode(), "api_key must be one line of text"),
        (b'{"api_key": "k\x00"}', "NUL byte"),
        (b"\xff\xfe\x00hidden", "is not UTF-8 text"),
        (b" " * 2_000_000, "larger than 1,000,000 bytes"),
    ],
)
def test_credentials_that_are_none_are_refused_and_not_shown(
    installation: Installation, tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "given.json").write_bytes(content)

    said = installation.say("connect", "acme", "--credentials", "given.json")

    assert_refused(said, 2, words)
    assert "hidden" not in said.err
    assert (stored(installation), installation.api.calls()) == (0, 0)


@pytest.mark.parametrize(
    ("file", "words"), [("missing.json", "No such file"), (".", "directory"), ("/dev/zero", "larg")]
)
def test_a_credentials_file_that_cannot_be_read_is_named(installation: Installation, file: str, words: str) -> None:
    assert_refused(installation.say("connect", "acme", "--credentials", file), 2, f"the credentials file {file}", words)


def test_credentials_are_taken_from_standard_input(installation: Installation) -> None:
    found = {"api_key": installation.api.api_key, "access_token": installation.api.access_token + "\n"}
    words = ("connect", "acme", "--credentials", "-", "--list-id", installation.api.list_id)

    assert installation.say(*words, stdin="\ufeff" + json.dumps(found)).code == 0


def test_standard_input_that_is_empty_is_no_credentials(installation: Installation) -> None:
    assert_refused(installation.say("connect", "acme", "--credentials", "-"), 2, "is empty")
    assert_refused(installation.say("connect", "acme"), 2, "no credentials were given", "--credentials FILE")


def test_a_refused_token_stores_nothing(installation: Installation) -> None:
    found = json.dumps({"api_key": "key", "access_token": TOKEN})

    said = installation.say("connect", "acme", "--credentials", "-", "--list-id", installation.api.list_id, stdin=found)

    assert_refused(said, 5, "Constant Contact refused the access token", "new token")
    assert TOKEN not in said.err
    assert stored(installation) == 0


def test_a_token_that_is_refused_later_loses_nothing_and_is_made_up_for(installation: Installation) -> None:
    installation.connect()
    installation.run()
    installation.add("ada@example.com")
    installation.api.door.token("revoke")

    said = installation.say("run", "acme", "--json")

    assert said.code == 5
    assert (said.json["state"], said.json["behind"]["contacts"]) == ("disconnected", 1)
    assert installation.say("run", "acme").code == 5
    fresh = installation.api.door.token("new")["access_token"]
    found = json.dumps({"api_key": installation.api.api_key, "access_token": fresh})
    assert installation.say("connect", "acme", "--credentials", "-", stdin=found).code == 0
    assert installation.run()["counts"]["added"] == 1
    assert set(installation.api.members()) == {"ada@example.com"}


@pytest.mark.parametrize("list_id", ["my list", "06526938-56dd", "0" * 5000])
def test_a_malformed_list_id_is_refused(installation: Installation, list_id: str) -> None:
    said = installation.say("connect", "acme", *installation.credentials(), "--list-id", list_id)

    assert_refused(said, 2, "the list id is not one of Constant Contact's", "06526938-56dd-11e9-932a-fa163e9ec6a5")
    assert stored(installation) == 0


def test_an_unknown_list_is_answered_with_those_there_are(installation: Installation) -> None:
    unknown = "06526938-56dd-11e9-932a-000000000000"

    said = installation.say("connect", "acme", *installation.credentials(), "--list-id", unknown)

    assert_refused(said, 2, f"has no list {unknown}", installation.api.list_id)
    assert stored(installation) == 0


def test_without_a_list_and_without_a_terminal_the_lists_are_shown(installation: Installation) -> None:
    said = installation.say("connect", "acme", *installation.credentials())

    assert_refused(said, 2, "no list was named", "--list-id", installation.api.list_id)
    assert stored(installation) == 0


def with_statement(installation: Installation, statement: str | bytes) -> Said:
    content = statement if isinstance(statement, bytes) else statement.encode()
    (installation.folder / "contacts.sql").write_bytes(content)
    return installation.connect("acme", "--contacts-sql", "contacts.sql")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT email FROM contacts", ("the column contact_id is missing",)),
        ("SELECT id, email FROM contacts", ("contact_id is missing", "column id is none that the reconciler knows")),
        (f"{GOOD.replace('FROM', ', city FROM')}", ("the column city is none that the reconciler knows",)),
        (f"{GOOD.replace('FROM', ', phone, phone FROM')}", ("the column phone is there twice",)),
        (
            f"{GOOD.replace('FROM', ', updated_at::timestamp AS changed_at FROM')}",
            ("changed_at is of type timestamp without time zone, it must be timestamp with time zone",),
        ),
        (
            f"{GOOD.replace('FROM', ', email AS eligible, 1.5 AS row_age FROM')}",
            ("eligible is of type text, it must be boolean", "row_age is of type numeric"),
        ),
        ("\n\nSELECT id AS contact_id,\n  email,\nFROM contacts", ("syntax error", "(line 5)")),
        ("SELECT id AS contact_id, email FROM kontacts", ('relation "kontacts" does not exist', "(line 1)")),
        ("SELECT id AS contact_id, email, 1 / (id IS NULL)::int AS phone FROM contacts", ("division by zero",)),
        ("", ("contacts.sql is empty",)),
        ("-- nothing", ("syntax error",)),
        (f"{GOOD}; DROP TABLE contacts", ("syntax error",)),
        (f"{GOOD}) AS crm; DROP TABLE contacts; SELECT * FROM (SELECT 1", ("cannot insert multiple commands",)),
        (
            "WITH n AS (INSERT INTO contacts (workspace) VALUES ('a') RETURNING id AS contact_id, email) TABLE n",
            ("data-modifying statement",),
        ),
        ("SELECT writes() AS contact_id, 'ada@example.com' AS email", ("tries to write; it may only read",)),
        ("SELECT nextval('numbers')::text AS contact_id, 'a' AS email", ("tries to write; it may only read",)),
        (b"SELECT id AS contact_id,\x00 email FROM contacts", ("has a NUL byte in it",)),
        (b"SELECT \xff\xfe", ("is not UTF-8 text",)),
        (b"-- \n" * 500_000, ("larger than 1,000,000 bytes",)),
    ],
)
def test_a_statement_that_cannot_be_used_is_refused(
    installation: Installation, statement: str | bytes, words: tuple[str, ...]
) -> None:
    contact = installation.add("ada@example.com")
    installation.sql("CREATE SEQUENCE numbers")
    installation.sql("CREATE FUNCTION writes() RETURNS text LANGUAGE sql AS 'DELETE FROM contacts RETURNING id::text'")

    assert_refused(with_statement(installation, statement), 2, *words)

    assert stored(installation) == 0
    assert installation.sql("SELECT id::text FROM contacts") == [(contact,)]


def test_what_is_wrong_with_a_statement_says_what_to_do(installation: Installation) -> None:
    assert_refused(with_statement(installation, "SELECT 1"), 2, "docs/reference/crm-statement.md")
    assert_refused(with_statement(installation, "SELEKT"), 2, "sql/crm/contacts.sql")


def test_an_address_that_postgresql_quotes_is_masked_and_the_hold_is_lifted_by_hand(installation: Installation) -> None:
    with_statement(
        installation,
        "SELECT id AS contact_id, email, CAST(CAST(first_name AS integer) AS text) AS first_name FROM contacts",
    )
    contact = installation.add("ada@example.com", first_name="ada@example.com")

    held = installation.run()

    assert (held["state"], held["reason"]) == ("held", "statement")
    assert 'invalid input syntax for type integer: "a***@example.com"' in held["message"]
    assert "ada@example.com" not in str(installation.sql("SELECT * FROM reconciler.connections"))
    installation.sql("DELETE FROM contacts WHERE id = %s", contact)
    assert installation.run()["state"] == "nothing_to_do"
    installation.add("bob@example.com")
    assert installation.say("run", "--all").code == 0
    assert installation.api.imported() == ["bob@example.com"]


def test_a_statement_that_never_ends_is_stopped_while_somebody_waits(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Limits().crm_check_seconds <= 30
    monkeypatch.setattr(bootstrap, "Limits", functools.partial(Limits, crm_check_seconds=0.3))
    slow = "SELECT pg_sleep(1000)::text AS contact_id, 'ada@example.com' AS email"

    assert_refused(with_statement(installation, slow), 2, "ran longer than 0.3 s", "make it faster")

    assert stored(installation) == 0


def test_a_statement_file_that_is_missing_is_named(installation: Installation) -> None:
    said = installation.connect("acme", "--contacts-sql", "elsewhere/contacts.sql")

    assert_refused(said, 2, "the statement file elsewhere/contacts.sql can't be read: No such file")


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("postgresql://me:hidden-word@127.0.0.1:1/crm", 1, "is out of reach: connection failed"),
        ("postgresql://me:hidden-word@no-such-host.invalid/crm", 1, "no-such-host.invalid"),
        ("me:hidden-word@host/crm", 2, "does not begin with postgresql://"),
        ("", 2, "crm.url is empty"),
    ],
)
def test_a_crm_out_of_reach_is_named_without_its_password(
    installation: Installation, address: str, code: int, words: str
) -> None:
    (installation.folder / "crm.url").write_text(address)

    said = installation.connect("acme", "--crm-url-file", "crm.url")

    assert_refused(said, code, words)
    assert "hidden-word" not in said.err
    assert stored(installation) == 0


def test_a_contact_that_is_there_twice_is_seen_at_connect_and_nothing_starts(installation: Installation) -> None:
    twice = installation.add("ada@example.com")

    said = with_statement(installation, f"{GOOD} UNION ALL {GOOD}")

    assert said.code == 2
    assert f"contact_id {twice} more than once" in said.err
    assert "connected, but not started" in said.err
    assert "connect again" in said.err
    assert installation.say("run", "acme").code == 4
    assert installation.api.imported() == []
    assert with_statement(installation, GOOD).code == 0
    assert installation.run()["counts"]["added"] == 1


def test_a_contact_without_an_id_is_seen_at_connect_and_nothing_starts(installation: Installation) -> None:
    installation.add("ada@example.com")

    said = with_statement(installation, "SELECT NULL::text AS contact_id, email FROM contacts")

    assert said.code == 2
    assert "contact_id is NULL or empty" in said.err
    assert installation.sql("SELECT started_at FROM reconciler.connections WHERE started_at IS NOT NULL") == []


def test_a_user_who_may_not_ask_which_server_it_is_is_served(installation: Installation) -> None:
    role = "guest_" + installation.url.partition("/test_")[2][:16]
    with psycopg.connect(installation.url, autocommit=True) as db:
        db.execute(f"CREATE ROLE {role} LOGIN")
        db.execute(f"GRANT SELECT ON contacts TO {role}")
        db.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    (installation.folder / "crm.url").write_text(installation.url.replace("//sage@", f"//{role}@"))
    installation.add("ada@example.com")

    assert installation.connect("acme", "--crm-url-file", "crm.url").code == 0
    report = installation.run()

    installation.sql("GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
    installation.sql(f"DROP OWNED BY {role}")
    installation.sql(f"DROP ROLE {role}")
    assert report["counts"]["added"] == 1
    assert installation.sql("SELECT system_identifier, timeline FROM reconciler.watermarks") == [("", 0)]
