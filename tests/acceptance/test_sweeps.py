"""When both sides are compared in full, why, and what only that has found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.ledger import plans

if TYPE_CHECKING:
    from reconciler.ledger.database import Transaction
    from tests.installation import Installation

pytestmark = pytest.mark.http

STATEMENT = "SELECT id AS contact_id, email, first_name{more} FROM contacts WHERE workspace = :workspace"
AGED = STATEMENT.format(more=", updated_at AS changed_at, age(xmin) AS row_age")
#: Of the first connection of a ledger: the golden ratio's part of a day after it was made, by hours.
OWN_HOUR = 14.8


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Three people in the CRM and on the list, read by row versions."""
    for name in ("ada", "bob", "eve"):
        installation.add(f"{name}@example.com", first_name=name.title())
    connect(installation, AGED)
    assert installation.run()["counts"]["added"] == 3
    return installation


def connect(installation: Installation, statement: str) -> None:
    (installation.folder / "contacts.sql").write_text(statement)
    assert installation.connect("acme", "--contacts-sql", "contacts.sql").code == 0


def kind(report: dict[str, Any]) -> tuple[str, str | None]:
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    return report["mode"], report["reason"]


def late(report: dict[str, Any]) -> int:
    return int(report["window"]["recovered_late"])


def contact_id(acme: Installation, name: str) -> str:
    return str(acme.sql("SELECT id::text FROM contacts WHERE email = %s", f"{name}@example.com")[0][0])


def then_nothing(acme: Installation) -> None:
    """The comparison is done: the next run goes on from there."""
    assert kind(acme.run()) == ("incremental", None)


def test_the_first_run_compares_everything(installation: Installation) -> None:
    installation.add("ada@example.com")
    connect(installation, AGED)

    assert kind(installation.run()) == ("full", "first_run")

    then_nothing(installation)


def test_a_first_run_that_did_not_come_through_is_still_to_be_done(installation: Installation) -> None:
    installation.add("ada@example.com")
    connect(installation, AGED)
    installation.api.door.fault(fault="status", status=403, operation="bulkImportContactsJSON")
    assert installation.run()["state"] == "held"

    report = installation.run()

    assert kind(report) == ("full", "first_run")
    assert report["counts"]["added"] == 1


def test_a_run_that_is_forced_compares_everything(acme: Installation) -> None:
    report = acme.run("acme", "--full")

    assert kind(report) == ("full", "forced")
    assert (report["counts"]["read"], report["counts"]["unchanged"], late(report)) == (3, 3, 0)
    then_nothing(acme)


def test_another_statement_compares_everything_and_nothing_of_it_was_late(acme: Installation) -> None:
    acme.sql("UPDATE contacts SET last_name = 'King'")
    connect(acme, AGED.replace("first_name", "last_name"))

    report = acme.run()

    assert kind(report) == ("full", "mapping_changed")
    assert (report["counts"]["updated"], late(report)) == (3, 0)
    then_nothing(acme)


def test_the_same_statement_connected_again_compares_nothing(acme: Installation) -> None:
    connect(acme, AGED)

    then_nothing(acme)


def test_another_choice_of_what_is_cleared_compares_everything(acme: Installation) -> None:
    acme.change(contact_id(acme, "ada"), first_name=None)
    assert acme.run()["counts"]["updated"] == 0
    assert acme.say("set", "acme", "clear=first_name").code == 0

    report = acme.run()

    assert kind(report) == ("full", "mapping_changed")
    assert "first_name" not in acme.api.members()["ada@example.com"]
    assert acme.say("set", "acme", "clear=first_name").code == 0
    then_nothing(acme)


def test_over_a_day_without_a_run_is_a_gap_until_it_is_closed(acme: Installation) -> None:
    acme.add("new@example.com")
    acme.later(24 * 60 + 1)
    acme.api.door.fault(fault="status", status=403, operation="bulkImportContactsJSON")
    held = acme.run()
    assert (held["state"], held["mode"], held["window"]["since"]) == ("held", "full", None)

    report = acme.run()

    assert kind(report) == ("full", "gap")
    assert report["counts"]["added"] == 1
    then_nothing(acme)


def test_the_daily_sweep_has_its_own_time_of_day(acme: Installation) -> None:
    swept = []
    for hour in range(2, 42, 2):
        acme.later(120)
        assert acme.say("run", "--all").code == 0
        swept += [(hour, *kind(row[0])) for row in reports(acme, since_hours=1)]

    first = next(hour for hour in range(0, 48, 2) if hour >= OWN_HOUR)
    assert swept == [(first, "full", "daily_sweep"), (first + 24, "full", "daily_sweep")]


def reports(acme: Installation, *, since_hours: int) -> list[tuple[Any, ...]]:
    return acme.sql(
        "SELECT report FROM reconciler.runs WHERE started_at > reconciler.clock() - make_interval(hours => %s)"
        " AND mode = 'full' AND reason <> 'first_run'",
        since_hours,
    )


def test_a_sweep_by_hand_does_not_move_the_time_of_the_daily_one(acme: Installation) -> None:
    acme.later(12 * 60)
    assert kind(acme.run("acme", "--full")) == ("full", "forced")
    acme.later(60)
    assert kind(acme.run()) == ("incremental", None)

    acme.later(3 * 60)

    assert kind(acme.run()) == ("full", "daily_sweep")
    acme.later(8 * 60)
    then_nothing(acme)


def test_who_only_looks_on_sweeps_too(acme: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_READ_ONLY", "1")
    acme.later(16 * 60)

    assert kind(acme.run()) == ("full", "daily_sweep")

    then_nothing(acme)


@pytest.mark.parametrize(
    ("mode", "change", "reason"),
    [
        ("xmin", "position = '9000000000'", "source_changed"),
        ("xmin", "position = CAST(CAST(position AS bigint) - 2147483648 AS text)", "gap"),
        ("xmin", "timeline = timeline + 1", "source_changed"),
        ("overlap", "until = until + interval '1 hour'", "source_changed"),
        ("overlap", "timeline = timeline + 1", "source_changed"),
        ("overlap", "read_at = read_at - interval '25 hours'", "gap"),
        ("whole", "timeline = timeline + 1", "source_changed"),
    ],
)
def test_a_watermark_that_can_not_be_gone_on_from_compares_everything(
    acme: Installation, mode: str, change: str, reason: str
) -> None:
    acme.say("set", "acme", f"window={mode}")
    acme.run()
    acme.sql(f"UPDATE reconciler.watermarks SET {change}")
    acme.change(contact_id(acme, "ada"), first_name="Augusta")

    report = acme.run()

    assert kind(report) == ("full", reason)
    assert (report["state"], report["window"]["since"], late(report)) == ("completed", None, 0)
    assert (report["counts"]["read"], report["counts"]["updated"]) == (3, 1)
    then_nothing(acme)


def test_a_ledger_that_was_restored_to_an_older_state_reads_again_what_it_had_read(acme: Installation) -> None:
    before = acme.sql("SELECT position, until FROM reconciler.watermarks")[0]
    acme.change(contact_id(acme, "ada"), first_name="Augusta")
    acme.run()
    acme.sql("UPDATE reconciler.watermarks SET position = %s, until = %s", *before)

    report = acme.run()

    assert kind(report) == ("incremental", None)
    assert (report["counts"]["read"], report["counts"]["unchanged"], late(report)) == (1, 1, 0)


def test_a_ledger_on_another_timeline_compares_everything(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.connections SET home = jsonb_set(home, '{timeline}', '99')")

    assert kind(acme.run()) == ("full", "source_changed")

    then_nothing(acme)


@pytest.mark.parametrize("mode", ["xmin", "overlap", "whole"])
def test_in_an_ordinary_life_nothing_is_found_late(acme: Installation, mode: str) -> None:
    acme.say("set", "acme", f"window={mode}")
    reports = [acme.run()]
    for number, hours in enumerate((1, 6, 10, 6)):
        acme.later(hours * 60)
        acme.add(f"new{number}@example.com")
        acme.change(contact_id(acme, "ada"), first_name=f"Ada {number}")
        acme.change(contact_id(acme, "bob"), deleted_at="now")
        reports.append(acme.run())

    assert [late(report) for report in reports] == [0] * 5
    assert [report["counts"]["added"] for report in reports] == [0, 1, 1, 1, 1]
    assert {report["reason"] for report in reports} == {None, "daily_sweep"}


def test_a_change_that_hid_from_its_time_is_found_late_by_the_sweep(acme: Installation) -> None:
    acme.say("set", "acme", "window=overlap")
    acme.run()
    acme.sql("ALTER TABLE contacts DISABLE TRIGGER USER")
    acme.change(contact_id(acme, "ada"), first_name="Augusta", updated_at="2020-01-01 00:00Z")
    missed = acme.run()
    assert (missed["state"], late(missed)) == ("nothing_to_do", 0)

    report = acme.run("acme", "--full")

    assert (report["counts"]["updated"], late(report)) == (1, 1)
    assert "1 change that an earlier reading had missed" in " ".join(acme.say("report").out.split())
    assert late(acme.run("acme", "--full")) == 0


def test_what_only_the_overlap_has_is_found_late_too(acme: Installation) -> None:
    acme.say("set", "acme", "window=overlap")
    acme.run()
    acme.sql("ALTER TABLE contacts DISABLE TRIGGER USER")
    acme.sql(
        "UPDATE contacts SET first_name = 'Augusta', updated_at = now() - interval '5 minutes' WHERE email ~ '^ada'"
    )

    report = acme.run()

    assert (report["mode"], report["counts"]["updated"], late(report)) == ("incremental", 1, 1)


@pytest.mark.parametrize("mode", ["xmin", "overlap"])
def test_a_row_that_is_gone_is_found_late_by_the_sweep(acme: Installation, mode: str) -> None:
    acme.say("set", "acme", f"window={mode}")
    acme.run()
    acme.sql("DELETE FROM contacts WHERE email = 'eve@example.com'")
    assert acme.run()["standing"]["crm"]["contacts"] == 3

    report = acme.run("acme", "--full")

    assert (late(report), report["standing"]["crm"]["contacts"]) == (1, 2)
    assert report["standing"]["list"]["still_on_list"] == 1
    assert kind(report) == ("full", "forced")


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Who was decided, by the diff or by the database, each time that anything was."""
    asked: list[list[str]] = []
    write = plans._write_staged

    def noted(tx: Transaction, connection_id: int, *told: Any, **named: Any) -> None:
        found = tx.exec_driver_sql(
            "SELECT c.address FROM staged_decisions AS s JOIN reconciler.contacts AS c"
            " ON c.connection_id = %(mine)s AND c.contact_id = s.contact_id ORDER BY 1",
            {"mine": connection_id},
        )
        asked.append(list(found.scalars()))
        write(tx, connection_id, *told, **named)

    monkeypatch.setattr(plans, "_write_staged", noted)
    return asked


def test_of_those_who_are_plainly_equal_nothing_is_decided_anew(acme: Installation, decided: list[list[str]]) -> None:
    acme.run()
    acme.api.door.contact(action="change", email="bob@example.com", fields={"first_name": "Robert"})
    decided.clear()

    assert kind(acme.run("acme", "--full"))[0] == "full"

    assert decided
    assert {address for asked in decided for address in asked} == {"bob@example.com"}


def test_values_are_compared_and_not_only_what_was_remembered_of_them(
    acme: Installation, decided: list[list[str]]
) -> None:
    acme.run()
    acme.sql("UPDATE contacts SET first_name = 'Roberta' WHERE email = 'bob@example.com'")
    # As if the difference had been taken for decided.
    acme.sql(
        "WITH known AS (UPDATE reconciler.contacts SET fields = jsonb_build_object('first_name', 'Roberta')"
        " WHERE address = 'bob@example.com' RETURNING contact_id, digest)"
        " UPDATE reconciler.pairs AS p SET contact_digest = k.digest FROM known AS k WHERE k.contact_id = p.contact_id"
    )
    decided.clear()

    assert acme.run("acme", "--full")["counts"]["updated"] == 1
    assert ["bob@example.com"] in decided


def test_what_nothing_has_changed_since_is_decided_once(installation: Installation, decided: list[list[str]]) -> None:
    installation.add("ada@example.com")
    connect(installation, AGED)
    decided.clear()

    assert installation.run()["counts"]["added"] == 1

    assert decided == [["ada@example.com"]]
