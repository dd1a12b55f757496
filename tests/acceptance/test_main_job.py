"""The main job from the command line: connect, first sync, changes, nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.demo import people

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def test_the_first_run_puts_everybody_who_belongs_there_on_the_list(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="Ada", phone="555-0100", city="London")
    installation.add("bob@example.com", first_name="Bob")
    installation.add("out@example.com", marketing_opt_out=True)
    assert installation.connect().code == 0

    report = installation.run()

    assert report["state"] == "completed"
    assert report["counts"]["added"] == 2
    assert report["suppressed"] == {"opted_out": 1}
    assert set(installation.api.members()) == {"ada@example.com", "bob@example.com"}
    ada = installation.api.members()["ada@example.com"]
    assert ada["first_name"] == "Ada"
    assert [phone["phone_number"] for phone in ada["phone_numbers"]] == ["555-0100"]


def test_a_run_with_nothing_to_do_makes_no_call(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    before = installation.api.calls()

    report = installation.run()

    assert report["state"] == "nothing_to_do"
    assert report["api"]["calls"] == 0
    assert installation.api.calls() == before


def test_only_the_changed_field_of_a_changed_contact_is_sent(installation: Installation) -> None:
    ada = installation.add("ada@example.com", first_name="Ada", last_name="Love")
    installation.add("bob@example.com", first_name="Bob")
    installation.connect()
    installation.run()
    installation.change(ada, first_name="Augusta")

    report = installation.run()

    assert report["counts"]["updated"] == 1
    assert installation.rows(report["run_id"]) == [(ada, "update", "first_name", "verified", "")]
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"


@pytest.mark.parametrize("options", [(), ("--full",)])
def test_every_sum_of_every_report_meets(installation: Installation, options: tuple[str, ...]) -> None:
    with psycopg.connect(installation.url) as db:
        people.insert(db, "acme", people.people(300))
    installation.connect()

    reports = [installation.run(), installation.run("acme", *options)]

    assert all(all(report["balanced"].values()) for report in reports)
    assert reports[0]["counts"]["read"] == 300


def test_a_tick_with_nothing_to_do_leaves_no_run(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    runs = installation.sql("SELECT count(*) FROM reconciler.runs")

    assert installation.say("run", "--all").code == 0

    assert installation.sql("SELECT count(*) FROM reconciler.runs") == runs
    assert installation.sql("SELECT quiet_ticks FROM reconciler.connections") == [(1,)]
