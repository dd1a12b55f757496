"""Who only looks on, what drifts, and what is wrong without being pushed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.mark.parametrize("option", ["--observe", "--no-start"])
def test_a_tick_of_a_connection_that_only_looks_on_asks_for_nothing_twice(
    installation: Installation, option: str
) -> None:
    installation.add("ada@example.com")
    installation.connect("acme", option)
    installation.say("run", "--all")
    calls = installation.api.calls()
    runs = installation.sql("SELECT count(*) FROM reconciler.runs")

    assert installation.say("run", "--all").code == 0

    assert installation.api.calls() == calls
    assert installation.sql("SELECT count(*) FROM reconciler.runs") == runs
    assert installation.api.members() == {}


def test_who_was_only_looked_at_is_pushed_once_it_is_started(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect("acme", "--observe")
    assert installation.run()["state"] == "observed"

    installation.say("start", "acme")

    assert installation.run()["counts"]["added"] == 1
    assert set(installation.api.members()) == {"ada@example.com"}


def _writes(installation: Installation) -> list[object]:
    """The requests that were no reading, but for an export, which reads too."""
    history = installation.api.door.state(contacts=False, history=100_000)["history"]
    return [asked["operation"] for asked in history if asked["method"] != "GET"]


@pytest.mark.parametrize("how", ["--observe", "--no-start", "READ_ONLY"])
def test_who_looks_on_for_long_writes_nothing_and_then_everything(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    door, list_id = installation.api.door, installation.api.list_id
    ada = installation.add("ada@example.com", first_name="Ada")
    bob = installation.add("bob@example.com", first_name="Bob")
    door.contact(action="create", email="bob@example.com", list_id=list_id, fields={"first_name": "Robert"})
    if how == "READ_ONLY":
        monkeypatch.setenv("RECONCILER_READ_ONLY", "1")
    installation.connect("acme", *([how] if how.startswith("--") else []))
    for number, options in enumerate([(), (), ("--full",), (), ("--full",)]):
        installation.change(ada, last_name=f"Love {number}")
        installation.change(bob, email=f"bob{number}@example.com")
        assert installation.run("acme", *options)["state"] == "observed"
        assert installation.say("run", "--all").code == 0
        installation.later(20)
    assert _writes(installation) == []

    monkeypatch.delenv("RECONCILER_READ_ONLY", raising=False)
    assert installation.say("start", "acme").code == 0
    report = installation.run()

    assert report["state"] in ("completed", "completed_with_problems")
    assert installation.api.members()["ada@example.com"]["last_name"] == "Love 4"
    assert "bulkImportContactsJSON" in _writes(installation)


def test_who_is_paused_is_asked_for_nothing_until_resumed(installation: Installation) -> None:
    """Not by runs, ticks, forced full runs or plans; and a second pause changes nothing."""
    installation.add("ada@example.com")
    installation.connect()
    for _ in range(2):
        assert installation.say("pause", "acme").code == 0
    calls, runs = installation.api.calls(), installation.sql("SELECT count(*) FROM reconciler.runs")

    for words in (
        ("run", "acme"),
        ("run", "acme", "--full"),
        ("run", "--all"),
        ("run", "--all", "--full"),
        ("plan", "acme"),
    ):
        assert installation.say(*words).code == 0
        installation.later(24 * 60)

    assert installation.api.calls() == calls
    assert installation.sql("SELECT count(*) FROM reconciler.runs") == runs
    assert installation.say("resume", "--all").code == 0
    assert installation.run()["counts"]["added"] == 1


def test_what_changed_only_at_constant_contact_is_kept_and_reported(installation: Installation) -> None:
    ada = installation.add("ada@example.com", first_name="Ada", last_name="Love")
    installation.connect()
    installation.run()
    installation.api.door.contact(action="change", email="ada@example.com", fields={"first_name": "Augusta"})
    installation.change(ada, last_name="King")

    report = installation.run()

    assert report["counts"]["updated"] == 1
    assert installation.rows(report["run_id"]) == [(ada, "update", "last_name", "verified", "")]
    assert installation.run("acme", "--full")["drift"] == {"members": 1}
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"


def test_what_changed_on_both_sides_is_as_the_crm_wants_it(installation: Installation) -> None:
    ada = installation.add("ada@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    installation.api.door.contact(action="change", email="ada@example.com", fields={"first_name": "Augusta"})
    installation.change(ada, first_name="Adele")

    assert installation.run()["counts"]["updated"] == 1

    assert installation.api.members()["ada@example.com"]["first_name"] == "Adele"


def test_a_part_of_an_address_that_only_constant_contact_has_stays(installation: Installation) -> None:
    ada = installation.add("ada@example.com", street="1 Old Road", city="London")
    installation.connect()
    installation.run()
    door = installation.api.door
    door.contact(action="change", email="ada@example.com", fields={"country": "United Kingdom"})
    door.switch(address_merge="whole")
    installation.change(ada, street="2 New Road")

    report = installation.run()

    there = installation.api.members()["ada@example.com"]["street_addresses"][0]
    assert (there["street"], there["city"], there["country"]) == ("2 New Road", "London", "United Kingdom")
    assert [row[2] for row in installation.rows(report["run_id"])] == ["home_street"]


def test_a_run_that_meets_only_a_new_invalid_address_is_not_plain_green(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    installation.add("nobody at all")

    first, again = installation.say("run", "acme", "--json"), installation.say("run", "acme", "--json")

    assert (first.code, first.json["state"]) == (3, "completed_with_problems")
    assert (again.code, again.json["state"]) == (0, "nothing_to_do")


def test_what_was_only_looked_at_is_said_again_by_the_first_run_that_counts(installation: Installation) -> None:
    installation.add("nobody at all")
    installation.connect("acme", "--no-start")
    assert installation.say("plan", "acme").code == 0
    assert installation.run()["state"] == "observed"
    installation.say("start", "acme")

    said = installation.say("run", "acme", "--json")

    assert said.code == 3
    assert [problem["code"] for problem in said.json["problems"]] == ["invalid"]


def test_nothing_is_called_added_where_nothing_was_pushed(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect("acme", "--no-start")

    assert "1 that would be added" in installation.say("plan", "acme").out.splitlines()[0]


def test_who_needs_somebody_is_named_by_id(installation: Installation) -> None:
    nobody = installation.add("nobody at all")
    installation.connect()

    page = installation.say("run", "acme").out

    assert "Contacts to look at" in page
    assert nobody in page


def test_a_disconnected_connection_says_so_at_every_tick(installation: Installation) -> None:
    installation.connect()
    installation.say("disconnect", "acme")

    assert "acme: Disconnected since" in installation.say("run", "--all").err
