"""Programs of two versions on one ledger, as while a new one is rolled out: real processes, run at the same time."""

from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING, Final

import pytest

from reconciler.ledger import schema
from tests import versions

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from reconciler.ledger.database import Ledger
    from tests.installation import Installation
    from tests.versions import Version

pytestmark = pytest.mark.http
MORE: Final = {
    "9997_more": """
        ALTER TABLE reconciler.connections ADD COLUMN later text, ADD COLUMN is_later boolean NOT NULL DEFAULT false;
        ALTER TABLE reconciler.contacts ADD COLUMN later text NOT NULL DEFAULT 'x';
        ALTER TABLE reconciler.batches ADD COLUMN later jsonb;
        CREATE TABLE reconciler.later (connection_id bigint REFERENCES reconciler.connections ON DELETE CASCADE);
    """,
    "9998_index": "CREATE INDEX CONCURRENTLY contacts_later ON reconciler.contacts (connection_id, later);",
}
LESS: Final = {
    **MORE,
    "9999_less": "-- Oldest program: 9998\nALTER TABLE reconciler.contacts DROP COLUMN formerly;",
}


@pytest.fixture
def older(tmp_path: Path) -> Version:
    return versions.older(tmp_path / "older")


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.add("ada@example.com")
    assert installation.connect().code == 0
    return installation


def wait_for_an_import(acme: Installation, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        if acme.sql("SELECT 1 FROM reconciler.batches WHERE state = 'intended'"):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing was sent: {versions.ended(process)}")


def test_the_older_goes_on_while_the_newer_is_rolled_out_and_nobody_is_sent_twice(
    acme: Installation, ledger: Ledger, older: Version, tmp_path: Path
) -> None:
    newer = versions.newer(tmp_path / "newer", MORE)
    assert older.place == str(older.folder)
    acme.api.door.fault(fault="slow", operation="bulkImportContactsJSON", seconds=3, times=1)
    under_way = older.start("run", "acme", "--json")
    wait_for_an_import(acme, under_way)

    applied = schema.apply(ledger, newer.migrations)

    assert (applied, under_way.poll()) == (list(MORE), None)
    assert versions.report(versions.ended(under_way))["counts"]["added"] == 1
    acme.add("bob@example.com")
    at_once = [versions.ended(each) for each in [each.start("run", "acme", "--json") for each in (older, newer)]]
    assert [(code, err) for code, _, err in at_once if code] == []
    assert set(acme.api.members()) == {f"{name}@example.com" for name in ("ada", "bob")}
    assert set(collections.Counter(acme.api.imported()).values()) == {1}
    # The newer one is taken back: its schema stays, and the older one's upgrade has nothing to do.
    assert older.say("schema", "apply")[0] == 0


def test_where_something_was_taken_away_the_older_is_refused_and_says_so(
    acme: Installation, ledger: Ledger, older: Version, tmp_path: Path
) -> None:
    assert schema.apply(ledger, versions.newer(tmp_path / "newer", LESS).migrations) == list(LESS)
    calls = acme.api.calls()

    for words in (("run", "acme"), ("schema", "apply")):
        code, out, err = older.say(*words)
        assert (code == 0, out, "Traceback" in err) == (False, "", False), words
        assert "9999_less, which this program does not know, and needs programs of 9998 or later" in err, words
    assert acme.api.calls() == calls
