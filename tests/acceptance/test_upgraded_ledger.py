"""A ledger of before the fourth migration: the real one goes on, a copy of it pushes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http

#: An earlier version remembered where the CRM was, but for its port. No row version, and not where the ledger was.
EARLIER = """
    DROP VIEW reconciler.v1_problems, reconciler.v1_optouts, reconciler.v1_connections;
    DROP FUNCTION reconciler.list_stands(bigint);
    DROP FUNCTION reconciler.stands(bigint);
    DROP TABLE reconciler.holds;
    ALTER TABLE reconciler.contacts DROP COLUMN is_unsure;
    ALTER TABLE reconciler.watermarks DROP COLUMN port;
    UPDATE reconciler.watermarks SET position = NULL, mode = 'overlap';
    ALTER TABLE reconciler.connections DROP COLUMN window_mode, DROP COLUMN window_reason, DROP COLUMN home,
        DROP COLUMN sweep_reason, DROP COLUMN paused_reason, DROP COLUMN paused_message, DROP COLUMN held_run_id;
    DELETE FROM reconciler.schema_migrations WHERE version IN (4, 10)
"""


@pytest.fixture
def earlier(installation: Installation) -> Installation:
    """A started connection with one contact on its list and another to come, in a ledger of the third migration."""
    installation.add("ada@example.com")
    assert installation.connect().code == 0
    installation.run()
    installation.sql(EARLIER)
    installation.add("bob@example.com")
    return installation


@pytest.fixture
def clone(earlier: Installation) -> Iterator[str]:
    name = "clone_" + earlier.url.partition("/test_")[2][:16]
    original = earlier.url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(earlier.url.replace(f"/{original}?", "/postgres?"), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name} TEMPLATE {original}")
        yield earlier.url.replace(f"/{original}?", f"/{name}?")
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_real_one_goes_on_after_its_upgrade(earlier: Installation) -> None:
    assert earlier.say("schema", "apply").code == 0

    assert earlier.run()["counts"]["added"] == 1
    assert set(earlier.api.members()) == {"ada@example.com", "bob@example.com"}


def test_a_copy_that_is_upgraded_pushes_nothing(
    earlier: Installation, clone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = earlier.api.calls()
    monkeypatch.setenv("RECONCILER_DATABASE_URL", clone)
    assert earlier.say("schema", "apply").code == 0

    said = earlier.say("run", "acme", "--json")

    assert (said.code, said.json["reason"]) == (4, "other_ledger")
    assert earlier.api.calls() == calls
    assert earlier.say("run", "acme").out == "paused\n"
