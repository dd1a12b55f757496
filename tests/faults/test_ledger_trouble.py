"""Faults 44 to 47 and 61: a COMMIT without an answer, a lock, a ledger that takes no writes, and a newer schema."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from reconciler import database_url, reconcile, statements
from reconciler.bootstrap import Process
from reconciler.errors import LedgerError
from reconciler.ledger import schema
from reconciler.ledger.database import Ledger
from reconciler.request import Request
from reconciler.settings import Settings
from tests.acceptance.test_stopping import run_at
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.conftest import Acme

pytestmark = pytest.mark.http
BOB = "bob@example.com"
#: What a run that adds somebody asks Constant Contact.
ASKED = ("getList", "getContacts", "bulkImportContactsJSON", "getActivity")
#: The last write of a transaction: a batch's intent, its activity's id, and what became of its contacts.
WRITES = ("batch_mark_members", "batch_submitted", "receipts_unstage")


def lost_commit(patch: pytest.MonkeyPatch, wrote: str, *, is_done: bool) -> Callable[[str], None]:
    """The connection is lost in the first COMMIT of this write: after it was done, or before. Nobody can tell which."""
    reached: list[str] = []
    commit = PGDialect_psycopg.do_commit

    def do_commit(dialect: PGDialect_psycopg, connection: Any) -> None:
        is_lost = reached == [f"before {wrote}"]
        if is_done or not is_lost:
            commit(dialect, connection)  # type: ignore[no-untyped-call]  # SQLAlchemy's, without annotations
        if is_lost:
            reached.append("lost")
            connection.driver_connection.close()
            raise psycopg.OperationalError("the connection was lost")

    def listen(name: str) -> None:
        if name == f"before {wrote}" and not reached:
            reached.append(name)

    patch.setattr(PGDialect_psycopg, "do_commit", do_commit)
    return listen


@pytest.mark.parametrize("wrote", WRITES)
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "not done"])
def test_a_commit_whose_answer_is_lost_costs_nobody_anything(acme: Acme, wrote: str, *, is_done: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        reached = lost_commit(patch, wrote, is_done=is_done)
        here = Process(Settings.load(os.environ, acme.installation.folder / ".env"), reached=reached)
        with contextlib.closing(here.ledger()) as ledger, contextlib.suppress(LedgerError):
            reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("cli"))

    assert (BOB in acme.api.imported()) == (wrote != "batch_mark_members")
    acme.installation.later(10)
    for _ in range(2):
        acme.run()
    acme.is_there()
    assert acme.in_flight() == 0
    assert acme.installation.run()["api"]["calls"] == 0


@contextlib.contextmanager
def with_setting(acme: Acme, setting: str, value: str) -> Iterator[None]:
    """Whoever comes into the ledger's database from now on has this setting."""
    name = database_url.parse(acme.installation.url).database
    with psycopg.connect(acme.installation.url, autocommit=True) as db:
        db.execute(f"ALTER DATABASE {name} SET {setting} = '{value}'".encode())
        try:
            yield
        finally:
            db.execute("SET default_transaction_read_only = off")
            db.execute(f"ALTER DATABASE {name} RESET {setting}".encode())


@pytest.mark.parametrize("setting", ["lock_timeout", "statement_timeout"])
def test_a_table_of_the_ledger_that_is_locked_for_too_long_fails_the_run_before_anything_is_sent(
    acme: Acme, setting: str
) -> None:
    with with_setting(acme, setting, "1s"), psycopg.connect(acme.installation.url) as other:
        other.execute("LOCK TABLE reconciler.batches IN SHARE MODE")
        ended = acme.run()

    assert ended.brief == (1, "failed", "failed")
    assert f"due to {setting.replace('_', ' ')}" in ended.report["message"]
    assert BOB not in acme.api.imported()
    acme.arrives()


def test_no_transaction_is_open_while_constant_contact_is_asked(acme: Acme) -> None:
    """So whatever ends a transaction ends no request."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    found: dict[str, int] = {}

    def look(name: str) -> None:
        if name.partition(" ")[2] in ASKED:
            found[name] = acme.installation.sql(waiting)[0][0]

    here = Process(Settings.load(os.environ, acme.installation.folder / ".env"), reached=look)
    with contextlib.closing(here.ledger()) as ledger:
        reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("cli"))

    acme.is_there()
    assert found == {f"{when} {name}": 0 for name in ASKED for when in ("before", "after")}


def test_a_ledger_that_takes_no_writes_lets_no_request_out(acme: Acme) -> None:
    calls = acme.api.calls()
    with with_setting(acme, "default_transaction_read_only", "on"):
        said = acme.installation.say("run", "acme")

    assert said.code == 1
    assert "read-only transaction" in said.err
    assert acme.api.calls() == calls
    acme.arrives()


def test_a_ledger_that_takes_no_more_writes_in_the_middle_of_a_run_lets_no_import_out(acme: Acme) -> None:
    with contextlib.ExitStack() as stack:

        def turn(_: Process) -> None:
            stack.enter_context(with_setting(acme, "default_transaction_read_only", "on"))
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            acme.installation.sql(f"{others} AND pid <> pg_backend_pid() AND query NOT LIKE 'ALTER%%'")

        with pytest.raises(LedgerError, match="read-only"):
            run_at(acme.installation, "before getList", turn)

    assert BOB not in acme.api.imported()
    acme.installation.later(10)
    acme.arrives()


def extended(acme: Acme, tmp_path: Path, text: str) -> dict[str, Any]:
    """A run in the middle of which the schema gets a newer program's migration."""
    folder = shutil.copytree(statements.folder() / "schema", tmp_path / "newer")
    (folder / "0099_later.sql").write_text(text, encoding="utf-8")

    def extend(_: Process) -> None:
        with contextlib.closing(Ledger(database_url.parse(acme.installation.url))) as ledger:
            assert schema.apply(ledger, folder) == ["0099_later"]

    return run_at(acme.installation, "before bulkImportContactsJSON", extend)


def test_a_run_that_goes_on_while_the_schema_is_extended_ends_well_and_the_older_program_begins_others(
    acme: Acme, tmp_path: Path
) -> None:
    report = extended(acme, tmp_path, "ALTER TABLE reconciler.batches ADD COLUMN later text")

    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    acme.is_there()
    acme.installation.add("cyd@example.com")
    assert acme.installation.run()["counts"]["added"] == 1


def test_a_run_that_goes_on_while_the_schema_gets_less_ends_well_and_the_older_program_begins_no_other(
    acme: Acme, tmp_path: Path
) -> None:
    text = "-- Oldest program: 0098\nALTER TABLE reconciler.batches ADD COLUMN later text"
    report = extended(acme, tmp_path, text)

    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    acme.is_there()
    calls = acme.api.calls()
    told = "0099_later, which this program does not know, and needs programs of 0098 or later"
    assert_refused(acme.installation.say("run", "acme"), 2, told)
    assert acme.api.calls() == calls


def test_a_newer_program_runs_nothing_before_the_schema_is_brought_up_to_date(acme: Acme) -> None:
    name = schema.migrations()[-1].name
    acme.installation.sql("DELETE FROM reconciler.schema_migrations WHERE name = %s", name)
    calls = acme.api.calls()

    said = acme.installation.say("run", "acme")

    assert_refused(said, 2, f"older than this program: {name} not applied", "`reconciler schema apply`")
    assert acme.api.calls() == calls
