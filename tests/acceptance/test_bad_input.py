"""Bad input around the program: its database, keys, settings, words and output."""

from __future__ import annotations

import json
import os
import pathlib
import stat
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.ledger import schema
from tests.refusals import assert_refused, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.installation import Installation

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def guarded_server() -> Iterator[str]:
    """The address, without a password, of a user on a server that asks for one."""
    with EmbeddedPostgres(settings=THROWAWAY) as server:
        with psycopg.connect(server.url(), autocommit=True) as db:
            db.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
            found = db.execute("SHOW hba_file").fetchone()
            assert found is not None
            pathlib.Path(found[0]).write_text("local all sage trust\nlocal all all scram-sha-256\n", encoding="utf-8")
            db.execute("SELECT pg_reload_conf()")
        yield server.url().replace("sage@", "guest:{password}@")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://somebody:hidden-word@127.0.0.1:1/ledger", "Connection refused"),
        ("postgresql://somebody:hidden-word@localhost:1/ledger", "Connection refused"),
        ("postgresql://somebody:hidden-word@no-such-host.invalid/ledger", "no-such-host.invalid"),
        ("postgresql://somebody:hidden-word@/ledger?host=/nowhere", "No such file or directory"),
    ],
)
@pytest.mark.parametrize("command", [("status", "--json"), ("run", "acme"), ("init",)])
def test_a_database_out_of_reach_is_named(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, address: str, words: str, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", address)

    said = lonely.say(*command)

    shown = said.err.replace("The key ring", "reconciler: The key ring", 1) if command == ("init",) else said.err
    assert said.code == 1
    assert words in shown
    assert "somebody:***@" in shown
    assert "RECONCILER_DATABASE_URL" in shown
    assert "hidden-word" not in said.err + said.out
    assert "Traceback" not in said.err


def test_a_wrong_password_is_never_shown(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, guarded_server: str
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", guarded_server.format(password="wrong-horse-battery"))
    monkeypatch.setenv("RECONCILER_LOG_LEVEL", "debug")

    for command in (("status",), ("runs", "--json"), ("run", "acme", "--json")):
        said = lonely.say(*command)

        assert_refused(said, 1, 'password authentication failed for user "guest"', "RECONCILER_DATABASE_URL")
        assert "horse" not in said.err + said.out


def test_the_right_password_opens_the_same_server(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, guarded_server: str
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", guarded_server.format(password=PASSWORD))

    assert_refused(lonely.say("status"), 2, "no schema yet", "reconciler init")


def test_a_user_who_may_not_make_the_schema_is_told_so(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, guarded_server: str
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", guarded_server.format(password=PASSWORD))

    said = lonely.say("schema", "apply")

    assert_refused(said, 1, "permission denied", "rights of the user")


@pytest.mark.parametrize("address", ["mysql://me:hidden-word@host/db", "hidden-word", "postgresql://me:hidden@word/"])
def test_a_malformed_address_is_refused_and_not_shown(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", address)

    said = lonely.say("status")

    assert_refused(said, 2, "RECONCILER_DATABASE_URL", "postgresql://user:password@host:5432/name")
    assert "hidden" not in said.err


def test_without_a_database_it_says_which_setting_is_missing(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECONCILER_DATABASE_URL")

    assert_refused(lonely.say("status"), 2, "RECONCILER_DATABASE_URL", "no database is named")


def test_a_database_without_the_schema_asks_for_init(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", database_url)

    assert_refused(lonely.say("run", "acme"), 2, "no schema yet", "`reconciler init`")


def test_a_migration_that_was_changed_after_it_ran_is_refused(lonely: Installation) -> None:
    lonely.sql("UPDATE reconciler.schema_migrations SET checksum = 'another' WHERE version = 1")

    for command in (("schema", "apply"), ("status",)):
        assert_refused(lonely.say(*command), 2, schema.migrations()[0].name, "put the file back")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda ring: ring.unlink(), "There is no key ring"),
        (lambda ring: ring.chmod(0o640), "chmod 600"),
        (lambda ring: ring.write_text("k1 = hidden"), "is not a JSON object"),
        (lambda ring: ring.write_bytes(b"\xff\x00\xfe"), "is not a JSON object"),
        (lambda ring: (ring.unlink(), ring.mkdir(mode=0o700)), "can't be read"),
    ],
    ids=["missing", "group-readable", "not JSON", "binary", "a directory"],
)
def test_a_key_ring_that_cannot_be_used_is_refused(
    lonely: Installation, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(lonely.folder / "keys.json")

    for command in (("run", "acme"), ("connect", "acme", *lonely.credentials())):
        said = lonely.say(*command)

        assert_refused(said, 2, words, "keys.json")
        assert "hidden" not in said.err
    assert stored(lonely) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_key_ring_that_may_not_be_read_is_refused(lonely: Installation) -> None:
    (lonely.folder / "keys.json").chmod(stat.S_IWUSR)

    assert_refused(lonely.say("run", "acme"), 2, "can't be read")


@pytest.mark.parametrize("command", ["init", "run"])
def test_without_a_key_ring_it_says_which_setting_is_missing(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("RECONCILER_KEYRING")

    assert_refused(lonely.say(*([command, "acme"] if command == "run" else [command])), 2, "RECONCILER_KEYRING")


@pytest.mark.http
def test_another_key_ring_is_noticed_before_anything_is_read(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.add("ada@example.com")
    installation.connect()
    remembered = installation.sql("SELECT address_hash FROM reconciler.contacts")
    monkeypatch.setenv("RECONCILER_KEYRING", str(installation.folder / "others.json"))
    assert installation.say("keys", "init").code == 0

    assert_refused(installation.say("run", "acme", "--full"), 2, "access_token can't be opened", "key")

    assert installation.sql("SELECT address_hash FROM reconciler.contacts") == remembered


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run",), ("a connection's name",)),
        (("run", "nobody"), ("no connection 'nobody'", "reconciler connect")),
        (("start", "nobody"), ("no connection 'nobody'",)),
        (("plan", "n" * 200), ("no connection",)),
        (("connect", "n" * 200, "--credentials", "credentials.json"), ("a connection's name has",)),
        (("connect", "../acme", "--credentials", "credentials.json"), ("a connection's name has",)),
        (("report", "twelve"), ("'twelve' is no run's number", "reconciler runs")),
        (("report", "9" * 40), ("no run's number",)),
        (("report", "123456"), ("no such run", "reconciler runs")),
        (("report",), ("no such run",)),
        (("serve", "--every", "5"), ("'5' is no time", "30s, 5m or 1h")),
        (("serve", "--every", "0s"), ("'0s' is out of range",)),
        (("serve", "--every", "9999999999h"), ("is no time",)),
        (("serve", "--every", "90000s"), ("out of range", "24h")),
        (("run", "a\0b"), ("argument 2 is not text", "NUL")),
        (("run", "a\udcffb"), ("argument 2 is not text", "UTF-8")),
    ],
)
def test_wrong_words_are_refused(lonely: Installation, words: tuple[str, ...], told: tuple[str, ...]) -> None:
    lonely.credentials()

    assert_refused(lonely.say(*words), 2, *told)


@pytest.mark.parametrize("words", [("rn",), ("run", "--fast"), ("runs", "--limit", "-1"), ("plan",)])
def test_what_no_command_takes_is_answered_with_its_usage(lonely: Installation, words: tuple[str, ...]) -> None:
    said = lonely.say(*words)

    assert (said.code, said.out) == (2, "")
    assert "Usage: reconciler" in said.err


@pytest.mark.http
@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("interval_seconds", "not of the form KEY=VALUE"),
        ("interval=5", "no setting 'interval'"),
        ("interval_seconds=soon", "needs a number from 0 to 2000000, not 'soon'"),
        ("interval_seconds=-1", "needs a number"),
        ("interval_seconds=nan", "needs a number"),
        ("interval_seconds=1e300", "needs a number"),
        ("crm_statement_seconds=0", "from 0.001"),
        ("slice_contacts=0", "from 1"),
        ("slice_contacts=1.5", "needs a number"),
        ("batch_bytes=4000001", "to 4000000"),
    ],
)
def test_a_wrong_setting_is_refused_and_none_is_kept(installation: Installation, pair: str, told: str) -> None:
    installation.connect()
    before = installation.say("set", "acme").out

    assert_refused(installation.say("set", "acme", "overlap_seconds=1", pair), 2, told)

    assert installation.say("set", "acme").out == before


def test_the_settings_name_every_fault(lonely: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_API_URL", "http://example.com/v3")
    monkeypatch.setenv("RECONCILER_PACE_PER_DAY", "many")

    said = lonely.say("status", "--json")

    assert_refused(said, 2, "RECONCILER_API_URL", "plain http", "RECONCILER_PACE_PER_DAY", "not a whole number")
    assert json.dumps("many") not in said.err
