"""A ledger from its backup, by the very commands of the guide."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest

from reconciler.demo import postgres
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
GUIDE: Final = Path(__file__).resolve().parents[2] / "docs" / "howto" / "back-up-and-restore.md"
TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'reconciler' AND c.relkind = 'r' ORDER BY 1
"""


def commands(heading: str) -> str:
    """What the guide says to do there."""
    section = GUIDE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def do(acme: Installation, words: str, **environment: str) -> None:
    """Do it in a shell that has PostgreSQL's programs and this one."""
    places = (str(postgres._programs()), str(Path(sys.executable).parent), os.environ["PATH"])
    said = subprocess.run(  # noqa: S603 - the guide's own words
        ["/bin/sh", "-eu", "-c", words],
        cwd=acme.folder,
        env=os.environ | environment | {"PATH": ":".join(places)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr


def content(url: str) -> dict[str, str]:
    """By table, a digest of all its rows."""
    with psycopg.connect(url) as db:
        tables = [name for (name,) in db.execute(TABLES)]
        digest = "SELECT md5(coalesce(string_agg(CAST(t AS text), ';' ORDER BY CAST(t AS text)), '')) FROM {} AS t"
        return {name: str(db.execute(digest.format(name).encode()).fetchall()[0][0]) for name in tables}


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Two people on the list, and a backup of that moment."""
    for name in ("ada", "bob"):
        installation.add(f"{name}@example.com")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 2
    do(installation, commands("Back up"))
    return installation


def test_a_ledger_that_is_put_back_where_it_was_goes_on_and_nobody_is_sent_twice(acme: Installation) -> None:
    assert [(acme.folder / name).stat().st_mode & 0o077 for name in ("ledger.dump", "keys.copy")] == [0, 0]
    before = content(acme.url)
    acme.add("cyd@example.com")
    acme.run()
    assert content(acme.url) != before
    sent = acme.api.imported()
    (acme.folder / "keys.json").unlink()
    (acme.folder / "keys.copy").rename(acme.folder / "keys.json")

    put_back, run, full = commands("Put back a ledger where it was").rpartition("reconciler run")
    do(acme, put_back)
    assert content(acme.url) == before
    do(acme, run + full)

    assert sorted(acme.api.imported()) == sorted(sent)
    assert set(acme.api.members()) == {f"{name}@example.com" for name in ("ada", "bob", "cyd")}
    acme.add("dan@example.com")
    assert acme.run()["counts"]["added"] == 1
    assert acme.run()["api"]["calls"] == 0


def test_a_ledger_that_is_put_back_elsewhere_pushes_nothing_until_somebody_says_it_is_the_real_one(
    acme: Installation, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, calls = content(acme.url), acme.api.calls()
    elsewhere, real_one = commands("Put back a ledger somewhere else").split("RECONCILER_DATABASE_URL=", 1)
    assert "resume --all" in real_one
    do(acme, elsewhere, ELSEWHERE=database_url)
    assert content(database_url) == before
    monkeypatch.setenv("RECONCILER_CRM_URL", acme.url)
    monkeypatch.setenv("RECONCILER_DATABASE_URL", database_url)

    said = acme.say("run", "acme", "--json")

    assert (said.code, said.json["reason"]) == (4, "other_ledger")
    assert acme.api.calls() == calls
    acme.add("cyd@example.com")
    do(acme, f"RECONCILER_DATABASE_URL={real_one}", ELSEWHERE=database_url)
    assert set(acme.api.members()) == {f"{name}@example.com" for name in ("ada", "bob", "cyd")}


def test_a_backup_is_of_no_use_without_its_key_ring(acme: Installation) -> None:
    (acme.folder / "keys.json").unlink()
    assert acme.say("keys", "init").code == 0
    calls = acme.api.calls()

    assert_refused(acme.say("run", "acme"), 2, "can't be opened with key k1", "Connect again")
    assert acme.api.calls() == calls
