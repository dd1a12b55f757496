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
