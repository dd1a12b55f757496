"""Who was forgotten is nowhere in the ledger, and stays off whatever the CRM says; what is erased is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from psycopg import sql

from tests import stored
from tests.installation import QUICK

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
_OTHER_LIST: Final = "6d2c1a71-9b1e-11f0-8f3a-5b0f2d1c7e02"
_ADDRESS: Final = "ada.lovelace@example.com"


def traces(installation: Installation, *words: str) -> set[str]:
    """The ledger's tables in which one of these words stands, in any column."""
    with psycopg.connect(installation.url) as db:
        found = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'reconciler'").fetchall()
        return {
            table
            for (table,) in found
            if db.execute(
                sql.SQL("SELECT 1 FROM reconciler.{} AS t WHERE CAST(t AS text) ~* %s LIMIT 1").format(
                    sql.Identifier(table)
                ),
                ("|".join(words),),
            ).fetchone()
        }


class Office:
    """Ada, who is in the CRM twice, and two others; on the lists of two connections, with a run or two behind them."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        add = installation.add
        self.ada = add(_ADDRESS, first_name="Ada", last_name="Lovelace", mobile="+44 20 7946 0018")
        # Of the two the one with the lower id is synced.
        self.twin = add(_ADDRESS.upper(), id="ffffffff-ffff-ffff-ffff-ffffffffffff", first_name="Augusta")
        self.bob = add("bob@example.com", first_name="Bob")
        self.eve = add("eve@example.com", first_name="Eve")
        self.words = ("lovelace", "augusta", "7946 ?0018", self.ada, self.twin)
        assert installation.connect().code == 0
        other = ("--list-id", _OTHER_LIST, "--workspace", "acme")
        assert installation.say("connect", "beta", *installation.credentials(), *other).code == 0
        assert installation.say("set", "beta", *QUICK).code == 0
        installation.run("acme")
        installation.run("beta")
        installation.change(self.ada, last_name="King-Lovelace")
        installation.change(self.twin, last_name="King-Lovelace")
        installation.run("acme")

    def forgotten(self) -> dict[str, Any]:
        """What a report and the views have of who was forgotten."""
        found = self.installation.sql(
            "SELECT count(*), count(DISTINCT contact_id) FROM reconciler.v1_problems"
            " WHERE connection = 'acme' AND code = 'forgotten' AND bucket = 'suppressed' AND email IS NULL"
        )
        return {"rows": found[0][0], "contacts": found[0][1]}


@pytest.fixture
def office(installation: Installation) -> Office:
    return Office(installation)


def test_who_was_forgotten_stays_off_and_does_not_come_back_into_the_ledger(office: Office) -> None:
    installation = office.installation
    assert {"contacts", "members", "pairs", "run_rows", "batch_contacts"} <= traces(installation, *office.words)

    # A run that died has read her too: its sums still have to meet when the next one completes its record.
    ((dead,),) = installation.sql(
        "INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)"
        " VALUES (1, 0, 'cli', 'incremental', '0', reconciler.clock()) RETURNING run_id"
    )
    installation.sql("INSERT INTO reconciler.reads VALUES (%s, %s), (%s, %s)", dead, office.ada, dead, office.bob)

    said = installation.say("forget", "  Ada.Lovelace@Example.com ")

    assert said.code == 0
    assert "Erased in acme, beta: 4 contacts, 2 members, " in said.err
    assert "still on the list of acme, beta" in said.err
    assert "lovelace" not in said.err
    for who in (office.ada, "ada.lovelace@example.com"):
        assert installation.say("explain", "acme", who, "--json").json["reason"] == "forgotten"
    assert traces(installation, *office.words) == set()
    ((action, connection, details),) = installation.sql(
        "SELECT action, connection, details FROM reconciler.audit ORDER BY audit_id DESC LIMIT 1"
    )
    assert (action, connection, details["connections"]) == ("forget", None, ["acme", "beta"])
    assert details["erased"]["contacts"] == 4
    written = len(installation.api.written())

    # The CRM goes on: another name, another address, a new contact with the old address, somebody else who takes it.
    quiet = installation.run("acme")
    assert (quiet["state"], quiet["api"]["calls"]) == ("nothing_to_do", 0)
    assert quiet["standing"]["crm"]["held_back"] == {"forgotten": 2}
    ((abandoned,),) = installation.sql("SELECT report FROM reconciler.runs WHERE run_id = %s", dead)
    assert (abandoned["state"], abandoned["counts"]["read"]) == ("abandoned", 2)
    assert abandoned["suppressed"] == {"forgotten": 1}
    installation.change(office.ada, first_name="Lovelace", email="a.lovelace@example.com")
    again = installation.add(_ADDRESS, first_name="Lovelace")
    installation.change(office.eve, email=_ADDRESS)
    installation.change(office.bob, first_name="Robert")
    report = installation.run("acme")

    counts = report["counts"]
    assert (counts["read"], counts["suppressed"], counts["updated"], counts["added"]) == (4, 3, 1, 0)
    assert report["suppressed"] == {"forgotten": 3}
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert report["standing"]["crm"] == {"contacts": 5, "on_list": 1, "held_back": {"forgotten": 4}}
    words = (*office.words, again)
    assert traces(installation, *words) == set()
    assert office.forgotten() == {"rows": 4, "contacts": 4}

    # A forced full resync does not help, nor a new address, nor `rejoin`.
    installation.later(20)
    for name in ("acme", "beta"):
        full = installation.run(name, "--full")
        assert full["suppressed"] == {"forgotten": 4}
        assert (full["counts"]["read"], full["counts"]["rejected"]) == (5, 0)
    installation.change(again, email="new.lovelace@example.com")
    assert installation.run("acme")["suppressed"] == {"forgotten": 1}
    assert traces(installation, *words) == set()
    ((stand_in,),) = installation.sql(
        "SELECT contact_id FROM reconciler.v1_problems WHERE connection = 'acme' AND code = 'forgotten' LIMIT 1"
    )
    assert "was forgotten" in installation.say("rejoin", "acme", stand_in, "--basis", "asked").err
    assert set(installation.api.written()[written:]) == {"bob@example.com"}
    assert installation.api.members()[_ADDRESS]["last_name"] == "King-Lovelace"


def test_an_address_has_two_sides(office: Office) -> None:
    for half in ("a@", "@example.com"):
        assert office.installation.say("forget", half).code == 2


def test_nobody_is_forgotten_while_a_run_goes_on_or_an_import_of_them_is_unsettled(office: Office) -> None:
    installation = office.installation
    before = installation.sql("SELECT count(*) FROM reconciler.run_rows")
    installation.sql(
        "UPDATE reconciler.leases SET until = reconciler.clock() + interval '1 hour' WHERE connection_id ="
        " (SELECT connection_id FROM reconciler.connections WHERE name = 'beta')"
    )
    running = installation.say("forget", _ADDRESS, "--wait", "0.1")
    installation.sql("UPDATE reconciler.leases SET until = reconciler.clock() - interval '1 hour'")
    installation.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    for contact_id in (office.ada, office.twin):
        installation.change(contact_id, last_name="Byron")
    in_doubt = installation.run("acme")["counts"]["in_doubt"]
    unsettled = installation.say("forget", _ADDRESS)

    assert in_doubt == 1
    assert (running.code, unsettled.code) == (2, 2)
    assert "beta runs: nothing was erased" in running.err
    assert "an import with this person is unsettled in acme: nothing was erased" in unsettled.err
    assert "lovelace" not in running.err + unsettled.err
    assert installation.sql("SELECT count(*) FROM reconciler.forgotten_addresses") == [(0,)]
    assert installation.sql("SELECT count(*) FROM reconciler.run_rows") >= before

    installation.later(10)
    assert installation.run("acme")["counts"]["updated"] == 1
    assert installation.say("forget", _ADDRESS).code == 0
    assert traces(installation, *office.words) == set()
    assert installation.say("forget", _ADDRESS).code == 0
    nonsense = installation.say("forget", "ada")
    assert nonsense.code == 2
    assert "no e-mail address" in nonsense.err


def test_who_was_read_while_somebody_forgot_them_is_erased_by_the_next_run(office: Office) -> None:
    """Also where their import is unsettled: then it is settled first, and nothing more is sent."""
    installation = office.installation
    installation.sql(
        "INSERT INTO reconciler.forgotten_addresses (address_hash, forgotten_at)"
        " SELECT address_hash, now() FROM reconciler.contacts WHERE address IN (%s, %s) GROUP BY address_hash",
        _ADDRESS,
        "eve@example.com",
    )
    with psycopg.connect(installation.url) as db:
        stored.a_batch(db, 1, office.eve, "eve@example.com")
    installation.change(office.bob, first_name="Robert")
    written = len(installation.api.written())

    for name in ("acme", "beta"):
        report = installation.run(name, "--full")
        assert report["suppressed"] == {"forgotten": 3}
        assert all(report["balanced"].values())
    assert traces(installation, *office.words) == set()
    known = {"contacts", "batch_contacts", "pairs", "candidates", "run_rows", "plan_changes"}
    assert traces(installation, office.eve) == known

    installation.later(10)
    installation.run("acme")
    last = installation.run("acme", "--full")
    assert last["standing"]["crm"] == {"contacts": 4, "on_list": 1, "held_back": {"forgotten": 3}}
    assert traces(installation, *office.words, office.eve, "eve@example.com") == set()
    assert set(installation.api.written()[written:]) == {"bob@example.com"}


def test_each_run_purges_its_own_connection_and_erasing_a_connection_says_what_was_erased(office: Office) -> None:
    installation = office.installation
    rows = "SELECT connection, count(*) FROM reconciler.v1_run_rows GROUP BY connection ORDER BY connection"
    before = dict(installation.sql(rows))
    installation.later(31 * 24 * 60)
    installation.sql("UPDATE reconciler.accounts SET token_ends_at = NULL")
    numbers = (
        "SELECT run_id, added, updated, rows_purged_at IS NOT NULL FROM reconciler.v1_runs WHERE connection = 'acme'"
    )
    told = {row[0]: row[1:3] for row in installation.sql(numbers)}

    new = installation.run("acme")["run_id"]

    after = dict(installation.sql(rows))
    kept = {row[0]: row[1:] for row in installation.sql(numbers)}
    assert before.keys() == {"acme", "beta"}
    assert after.get("beta") == before["beta"]
    assert installation.sql(
        "SELECT count(*) FROM reconciler.v1_run_rows WHERE connection = 'acme' AND run_id <> %s", new
    ) == [(0,)]
    assert {run_id: kept[run_id] for run_id in told} == {run_id: (*numbers, True) for run_id, numbers in told.items()}
    assert installation.sql(
        "SELECT count(*) FROM reconciler.plan_changes AS p JOIN reconciler.runs AS r ON r.run_id = p.run_id"
        " WHERE r.connection_id = 1 AND r.run_id <> %s",
        new,
    ) == [(0,)]

    said = installation.say("disconnect", "beta", "--erase")

    assert said.code == 0
    assert f"erased: 4 contacts, 3 members, 2 runs with {before['beta']} rows" in said.err
    ((details,),) = installation.sql("SELECT details FROM reconciler.audit ORDER BY audit_id DESC LIMIT 1")
    assert details["erased"] == {"contacts": 4, "members": 3, "runs": 2, "rows": before["beta"]}
    assert installation.sql("SELECT DISTINCT connection FROM reconciler.v1_runs") == [("acme",)]
