"""Faults 5, 8, 9 and 14: nobody knows at once what became of a write, or somebody on its way delivers it twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Acme
    from tests.faults.gate import Gate, Handler

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
IMPORT = "bulkImportContactsJSON"
POST_IMPORT = "POST /v3/activities/contacts_json_import"
POST_CONTACT = "POST /v3/contacts"
LONG = f"{'a' * 50}@example.com"


def people(acme: Acme) -> list[str]:
    """Everybody in the account."""
    return sorted(contact["email_address"]["address"] for contact in acme.api.door.state()["contacts"])


def is_in_doubt_and_settled_by_looking(acme: Acme) -> None:
    ended = acme.run()
    assert ended.brief == (3, "completed_with_problems", "unavailable")
    assert (ended.report["counts"]["in_doubt"], acme.in_flight()) == (1, 1)
    written = acme.api.written()
    assert acme.installation.run()["counts"]["in_doubt"] == 1
    assert acme.api.written() == written
    acme.installation.later(10)
    acme.run()
    acme.run()
    acme.is_there()


@pytest.mark.parametrize("fault", ["reset_mid_request", "truncate"])
def test_an_import_that_broke_off_on_its_way_there_or_back_is_not_sent_again_blindly(acme: Acme, fault: str) -> None:
    acme.api.door.fault(fault=fault, operation=IMPORT)

    is_in_doubt_and_settled_by_looking(acme)


@pytest.mark.parametrize("body", [{}, {"activity_id": "../1"}, {"activity_id": None}])
def test_an_import_that_was_taken_without_an_id_that_can_be_read_is_found_by_looking(
    acme: Acme, gate: Gate, body: dict[str, object]
) -> None:
    def answer(handler: Handler) -> None:
        status, _, kind = handler.delivered()
        handler.say(status, json.dumps(body).encode(), kind)

    gate.instead(POST_IMPORT, answer, times=1)

    is_in_doubt_and_settled_by_looking(acme)


def test_an_import_that_is_delivered_twice_makes_nobody_twice(acme: Acme, gate: Gate) -> None:
    def twice(handler: Handler) -> None:
        handler.delivered()
        handler.hand_on()

    acme.installation.sql("UPDATE contacts SET first_name = 'Augusta' WHERE email = 'ada@example.com'")
    gate.instead(POST_IMPORT, twice)
    report = acme.installation.run()

    assert (report["state"], report["counts"]["added"], report["counts"]["updated"]) == ("completed", 1, 1)
    assert people(acme) == ["ada@example.com", "bob@example.com"]
    assert acme.installation.run()["api"]["calls"] == 0


@pytest.mark.parametrize("heard", ["the first answer", "the second answer"])
def test_a_contact_whose_creation_is_delivered_twice_is_there_once(acme: Acme, gate: Gate, heard: str) -> None:
    """The second is refused: the address is taken, by her."""
    said: list[int] = []

    def twice(handler: Handler) -> None:
        answers = [handler.delivered(), handler.delivered()]
        said.extend(status for status, _, _ in answers)
        handler.say(*answers[heard == "the second answer"])

    acme.arrives()
    acme.installation.say("set", "acme", "create_singly=yes")
    acme.installation.add(LONG, first_name="Long")
    gate.instead(POST_CONTACT, twice)
    for _ in range(2):
        acme.installation.run()

    assert said == [201, 409]
    assert people(acme) == [LONG, "ada@example.com", "bob@example.com"]
    assert set(acme.api.members()) == set(people(acme))
    assert acme.in_flight() == 0
    assert acme.installation.run()["api"]["calls"] == 0


def test_a_copy_that_is_delivered_after_a_newer_value_is_told_as_drift(acme: Acme, gate: Gate) -> None:
    copies: list[Handler] = []

    def keep(handler: Handler) -> None:
        copies.append(handler)
        handler.hand_on()

    acme.arrives()
    gate.instead(POST_IMPORT, keep, times=1)
    for name in ("Older", "Newer"):
        acme.installation.sql("UPDATE contacts SET first_name = %s WHERE email = 'ada@example.com'", name)
        assert acme.installation.run()["counts"]["updated"] == 1

    copies[0].delivered()

    assert acme.api.members()["ada@example.com"]["first_name"] == "Older"
    assert acme.installation.run("acme", "--full")["drift"] == {"members": 1}
    assert people(acme) == ["ada@example.com", "bob@example.com"]
