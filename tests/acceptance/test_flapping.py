"""A contact that something changes back after each write is reported, with both values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def codes(report: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in report["problems"]]


class Tug:
    """Somebody at Constant Contact changes Ada's name back after each run, and the CRM wants its own again."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.ada = installation.add("ada@example.com", first_name="Ada")
        self.bob = installation.add("bob@example.com", first_name="Bob")
        installation.connect()
        assert installation.run()["counts"]["added"] == 2
        self.rounds = 0

    def pull(self) -> dict[str, Any]:
        self.rounds += 1
        door = self.installation.api.door
        door.contact(action="change", email="ada@example.com", fields={"first_name": "Adelheid"})
        self.installation.change(self.ada, first_name=f"Ada {self.rounds}")
        return self.installation.run()


def test_a_contact_that_is_changed_back_each_time_is_reported_with_both_values(installation: Installation) -> None:
    tug = Tug(installation)
    assert [codes(tug.pull()) for _ in range(2)] == [[], []]

    report = tug.pull()

    assert [(found["code"], found["who"], found["count"]) for found in report["problems"]] == [("flapping", "admin", 1)]
    assert installation.sql(
        "SELECT contact_id, field, outcome, code, message FROM reconciler.run_rows WHERE run_id = %s", report["run_id"]
    ) == [
        (
            tug.ada,
            "first_name",
            "verified",
            "flapping",
            "written in 4 of the last 6 runs; the CRM has Ada 3, Constant Contact showed Adelheid before",
        )
    ]
    assert report["counts"]["updated"] == 1


def test_the_page_names_who_flaps_and_veils_both_values(installation: Installation) -> None:
    tug = Tug(installation)
    for _ in range(3):
        tug.pull()

    veiled, unmasked = installation.say("report"), installation.say("report", "--unmasked")

    for page in (veiled.out, unmasked.out):
        assert f"{tug.ada}  " in page
        assert "flapping (first_name)" in page
    assert "Adelheid" not in veiled.out
    assert "the CRM has Ada 3, Constant Contact showed Adelheid before" in unmasked.out


def test_runs_without_a_write_let_the_flapping_pass(installation: Installation) -> None:
    tug = Tug(installation)
    for _ in range(3):
        tug.pull()
    for _ in range(4):
        assert codes(installation.run()) == []

    assert codes(tug.pull()) == []


def test_another_contact_of_the_same_runs_does_not_flap(installation: Installation) -> None:
    tug = Tug(installation)
    for _ in range(2):
        tug.pull()
    installation.change(tug.bob, first_name="Robert")

    report = tug.pull()

    flapping = [row[0] for row in installation.rows(report["run_id"]) if row[4] == "flapping"]
    assert flapping == [tug.ada]


def test_another_connection_with_the_same_contact_ids_does_not_count(installation: Installation) -> None:
    tug = Tug(installation)
    other = installation.api.door.list(action="create", name="Other")["list_id"]
    said = installation.say("connect", "other", *installation.credentials(), "--list-id", other, "--workspace", "acme")
    assert said.code == 0
    assert installation.run("other")["counts"]["added"] == 2
    for _ in range(2):
        tug.pull()
    installation.change(tug.ada, first_name="Augusta")

    report = installation.run("other")

    assert report["counts"]["updated"] == 1
    assert codes(report) == []


def test_how_often_is_too_often_can_be_set(installation: Installation) -> None:
    tug = Tug(installation)
    installation.say("set", "acme", "flapping_writes=1", "flapping_runs=2")

    assert codes(tug.pull()) == ["flapping"]
