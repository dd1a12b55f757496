"""Faults 29 to 31, 35 and 36: imports that never end, end badly, end in another order, or say what nobody knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Acme
    from tests.faults.gate import Gate, Handler

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
ACTIVITIES = "GET /v3/activities"


def doubt(report: dict[str, Any]) -> tuple[int, int, list[str]]:
    """Who was added, who is in doubt, and with which problems."""
    codes = [problem["code"] for problem in report["problems"]]
    return (report["counts"]["added"], report["counts"]["in_doubt"], codes)


def say_of_activities(gate: Gate, state: str) -> None:
    """Let Constant Contact say that of every activity."""

    def answer(handler: Handler) -> None:
        name = handler.path.rsplit("/", 1)[-1]
        one = {"activity_id": name, "state": state, "status": {}}
        handler.say(200, json.dumps({"activities": []} if "?" in name else one).encode())

    gate.instead(ACTIVITIES, answer)


@pytest.mark.parametrize("state", ["processing", "resting"])
def test_an_import_that_never_ends_holds_its_contacts_and_is_an_alarm_after_six_hours(
    acme: Acme, gate: Gate, state: str
) -> None:
    say_of_activities(gate, state)
    acme.installation.say("set", "acme", "poll_patience_seconds=0")
    assert doubt(acme.installation.run()) == (0, 1, ["still_running"])
    acme.installation.sql("UPDATE contacts SET first_name = 'Robert' WHERE email = 'bob@example.com'")
    acme.installation.add("eve@example.com")

    assert doubt(acme.installation.run("acme", "--full"))[:2] == (0, 2)
    acme.installation.later(6 * 60 + 1)
    report = acme.installation.run()

    assert "stuck" in doubt(report)[2]
    rows = acme.installation.sql("SELECT DISTINCT message FROM reconciler.run_rows WHERE code = 'stuck'")
    assert rows == [(f"the import has been running for 6 hours (Constant Contact says {state})",)]
    assert sorted(acme.api.imported()) == ["ada@example.com", "bob@example.com", "eve@example.com"]
    acme.go_straight()
    for _ in range(2):
        acme.installation.run()
    assert acme.api.members()["bob@example.com"]["first_name"] == "Robert"
    assert sorted(acme.api.imported()) == ["ada@example.com", "bob@example.com", "bob@example.com", "eve@example.com"]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_an_import_that_failed_half_way_is_settled_by_what_is_seen(acme: Acme, gate: Gate, state: str) -> None:
    """The simulator carries it out for all; here it says that it has failed, and one of two does not show it."""
    acme.installation.add("eve@example.com")
    say_of_activities(gate, state)
    gone: list[str] = []

    def lose(handler: Handler) -> None:
        body = json.loads(handler.body)
        body["import_data"] = [row for row in body["import_data"] if row["email"] != "eve@example.com"]
        handler.body = json.dumps(body).encode()
        handler.headers.replace_header("Content-Length", str(len(handler.body)))
        gone.append("eve@example.com")
        handler.hand_on()

    gate.instead("POST /v3/activities/contacts_json_import", lose, times=1)

    first = acme.installation.run()
    acme.installation.later(16)
    second = acme.installation.run()

    assert (first["counts"]["added"], first["counts"]["in_doubt"]) == (1, 1)
    assert (second["counts"]["added"], second["counts"]["in_doubt"], second["counts"]["rejected"]) == (1, 0, 0)
    assert gone == ["eve@example.com"]
    assert set(acme.api.members()) == {"ada@example.com", "bob@example.com", "eve@example.com"}
    assert acme.api.imported().count("bob@example.com") == 1


def test_two_imports_that_end_in_the_other_order_share_nobody(acme: Acme) -> None:
    for number in range(4):
        acme.installation.add(f"new{number}@example.com")
    acme.installation.say("set", "acme", "batch_contacts=2", "poll_patience_seconds=0.1")
    acme.api.door.switch(activity_seconds=60)
    acme.installation.run()
    acme.installation.sql("UPDATE contacts SET first_name = 'Newer'")
    acme.installation.run()
    acme.api.door.switch(activity_seconds=0)
    acme.api.door.advance(61)
    acme.installation.later(2)

    for _ in range(3):
        acme.installation.run()

    batches = acme.installation.sql(
        "SELECT count(*) FROM reconciler.batch_contacts WHERE NOT settled GROUP BY address_hash HAVING count(*) > 1"
    )
    assert batches == []
    assert {member["first_name"] for member in acme.api.members().values()} == {"Newer"}
    assert acme.installation.run()["api"]["calls"] == 0


def test_a_lost_answer_is_waited_for_no_longer_than_six_hours_whatever_strangers_do(acme: Acme, gate: Gate) -> None:
    acme.api.door.fault(fault="drop_before", operation="bulkImportContactsJSON", times=1)
    acme.installation.run()

    def strange(handler: Handler) -> None:
        running = {"activity_id": "stranger", "state": "processing", "status": {}}
        handler.say(200, json.dumps({"activities": [running]}).encode())

    gate.instead("GET /v3/activities?", strange)
    acme.installation.later(10)
    assert doubt(acme.installation.run())[1] == 1
    acme.installation.later(6 * 60)

    report = acme.installation.run()

    assert doubt(report)[1] == 0
    for _ in range(2):
        acme.installation.run()
    acme.is_there()
