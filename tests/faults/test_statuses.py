"""Faults 10, 19 to 23, 27 and 28: each answer by its class, and nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.constant_contact import tries

if TYPE_CHECKING:
    from tests.faults.conftest import Acme
    from tests.faults.gate import Gate

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
IMPORT = "bulkImportContactsJSON"
GET_LIST = "GET /v3/contact_lists/"
POST_IMPORT = "POST /v3/activities/contacts_json_import"
GOOD_BUT_WRONG = {
    "a page for people": (b"<html><body>Welcome to the hotel's network</body></html>", "text/html"),
    "nothing": (b"", "application/json"),
    "JSON that says it is something else": (b'{"list_id": "x"}', "text/plain"),
    "no text": (b"\x80\xff\x00", "application/json"),
    "half of it": (b'{"list_id": "x", "na', "application/json"),
}
ERRORS_WITH_200 = {
    "an array": b'[{"error_key": "contacts.api.internal", "error_message": "Something went wrong"}]',
    "an object": b'{"error_key": "internal", "error_message": "Something went wrong"}',
    "as OAuth has it": b'{"error": "server_error", "error_description": "Something went wrong"}',
}


@pytest.mark.parametrize("what", ["a page for people", "nothing"])
def test_a_good_answer_that_is_not_what_was_asked_for_is_asked_for_again(acme: Acme, gate: Gate, what: str) -> None:
    body, kind = GOOD_BUT_WRONG[what]
    gate.instead(GET_LIST, lambda handler: handler.say(200, body, kind), times=2)

    acme.arrives()


@pytest.mark.parametrize("what", GOOD_BUT_WRONG)
def test_one_that_stays_so_ends_the_run_and_nothing_is_lost(acme: Acme, gate: Gate, what: str) -> None:
    body, kind = GOOD_BUT_WRONG[what]
    gate.instead(GET_LIST, lambda handler: handler.say(200, body, kind), times=4)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert "answered 200 with something that is not JSON" in ended.report["message"]
    assert len(gate.seen) == 4
    acme.arrives()


@pytest.mark.parametrize("what", ERRORS_WITH_200)
def test_an_error_with_a_good_status_is_no_success(acme: Acme, gate: Gate, what: str) -> None:
    gate.instead(GET_LIST, lambda handler: handler.say(200, ERRORS_WITH_200[what]), times=4)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert "Something went wrong" in ended.report["message"]
    acme.arrives()


@pytest.mark.parametrize("what", ["an array", "as OAuth has it"])
def test_an_import_that_is_answered_so_is_in_doubt_and_settled_by_looking(acme: Acme, gate: Gate, what: str) -> None:
    gate.instead(POST_IMPORT, lambda handler: handler.say(201, ERRORS_WITH_200[what]), times=1)
    ended = acme.run()

    assert ended.brief == (3, "completed_with_problems", "unavailable")
    assert acme.in_flight() == 1
    acme.installation.later(10)
    acme.run()
    acme.run()
    acme.is_there()


def test_an_import_that_is_refused_with_a_good_status_is_refused(acme: Acme, gate: Gate) -> None:
    refused = b'[{"error_key": "contacts.api.validation.error", "error_message": "birthday_month is wrong"}]'
    gate.instead(POST_IMPORT, lambda handler: handler.say(200, refused), times=1)
    ended = acme.run()

    assert ended.brief == (4, "held", "batch_refused")
    assert acme.in_flight() == 0
    acme.arrives()


@pytest.mark.parametrize("operation", ["getList", "getContacts", IMPORT])
def test_what_is_forbidden_holds_and_says_what_is_missing(acme: Acme, operation: str) -> None:
    said = {"error_key": "forbidden", "error_message": "Token has insufficient scope for ann.lee@example.com"}
    acme.api.door.fault(fault="status", status=403, operation=operation, body=said)
    ended = acme.run()

    assert ended.brief == (4, "held", "forbidden")
    assert "the token lacks a scope" in ended.report["message"]
    assert "ann.lee" not in ended.report["message"]
    calls = acme.api.calls()
    assert acme.installation.say("run", "--all").code == 0
    assert acme.api.calls() == calls
    ended = acme.run()
    assert ended.state == "completed"
    acme.is_there()


def test_a_list_that_is_gone_holds_and_nothing_is_written(acme: Acme) -> None:
    acme.api.door.list(action="delete", list_id=acme.api.list_id)
    ended = acme.run()

    assert ended.brief == (4, "held", "list_gone")
    assert "the list is no longer in the account" in ended.report["message"]
    assert "bob@example.com" not in acme.api.imported()


def test_a_contact_that_is_gone_is_no_list_that_is_gone(acme: Acme, gate: Gate) -> None:
    ada = acme.api.members()["ada@example.com"]["contact_id"]
    acme.installation.sql("UPDATE contacts SET first_name = 'Augusta' WHERE email = 'ada@example.com'")
    gone = b'[{"error_key": "contacts.api.not_found", "error_message": "no such contact"}]'
    gate.instead(f"GET /v3/contacts/{ada}", lambda handler: handler.say(404, gone))
    ended = acme.run()

    # The list still has her: it is read whole, and she is updated.
    assert (ended.state, ended.report["counts"]["added"]) == ("completed", 1)
    assert acme.in_flight() == 0


def test_something_else_that_is_not_there_is_no_list_that_is_gone(acme: Acme) -> None:
    acme.api.door.fault(fault="status", status=404, operation="getContacts")

    assert acme.run().brief == (4, "held", "not_found")
    acme.arrives()


def test_an_activity_that_is_gone_is_settled_by_the_read_back(acme: Acme) -> None:
    """They are kept for ten days."""
    acme.api.door.fault(fault="status", status=404, operation="getActivity")

    acme.arrives()


def test_an_import_that_meets_simultaneous_edits_is_not_said_to_be_about_two_contacts(acme: Acme) -> None:
    said = [{"error_key": "contacts.api.conflict", "error_message": "Simultaneous edits of the same thing."}]
    acme.api.door.fault(fault="status", status=409, operation=IMPORT, body=said)
    ended = acme.run()

    assert ended.brief == (4, "held", "batch_refused")
    assert "Simultaneous edits of the same thing." in ended.report["message"]
    assert "another contact" not in ended.report["message"]
    assert acme.in_flight() == 0
    acme.arrives()


@pytest.mark.parametrize("status", [415, 422])
def test_an_import_that_is_refused_holds_with_constant_contact_s_words(acme: Acme, status: int) -> None:
    said = [{"error_key": "contacts.api.validation.error", "error_message": "cf:shoe size is no field"}]
    acme.api.door.fault(fault="status", status=status, operation=IMPORT, body=said)
    ended = acme.run()

    assert ended.brief == (4, "held", "batch_refused")
    assert f"({status}): contacts.api.validation.error: cf:shoe size is no field" in ended.report["message"]
    assert acme.in_flight() == 0
    acme.arrives()


@pytest.mark.parametrize("status", [409, 418, 422])
def test_a_read_that_is_refused_holds(acme: Acme, status: int) -> None:
    acme.api.door.fault(fault="status", status=status, operation="getList")
    ended = acme.run()

    assert ended.brief == (4, "held", "refused")
    assert ended.report["api"]["calls"] == 1
    acme.arrives()


@pytest.mark.parametrize("status", [500, 502])
def test_trouble_that_passes_at_once_is_nobody_s_trouble(acme: Acme, status: int) -> None:
    for operation in ("getList", "getContacts", "getActivity"):
        acme.api.door.fault(fault="status", status=status, operation=operation)

    acme.arrives()


@pytest.mark.parametrize("status", [503, 504])
def test_trouble_that_stays_ends_the_run_after_few_calls(acme: Acme, status: int) -> None:
    acme.api.door.fault(fault="status", status=status, operation="*", times=1_000)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert ended.report["api"]["calls"] == tries.TRIES


def test_trouble_at_every_other_call_is_tried_again_so_often_and_then_ends_the_run(acme: Acme) -> None:
    """Each request comes through at its second try; forty of them would be forty tries more."""
    acme.installation.sql(
        "INSERT INTO contacts (workspace, email, first_name)"
        " SELECT 'acme', 'p' || n || '@example.com', 'P' FROM generate_series(1, 60) AS n"
    )
    assert acme.installation.say("set", "acme", "membership_singles=100").code == 0
    for skip in range(100):
        acme.api.door.fault(fault="status", status=503, operation="*", skip=skip)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert f"{tries.MOST_AGAIN} requests of this run were tried again" in ended.report["message"]
    assert ended.report["api"]["calls"] <= 2 * tries.MOST_AGAIN + 4


@pytest.mark.parametrize("status", [500, 503])
def test_an_import_that_met_trouble_is_in_doubt_and_settled_by_looking(acme: Acme, status: int) -> None:
    acme.api.door.fault(fault="status", status=status, operation=IMPORT)
    ended = acme.run()

    assert ended.brief == (3, "completed_with_problems", "unavailable")
    assert (ended.report["counts"]["in_doubt"], acme.in_flight()) == (1, 1)
    acme.installation.later(10)
    acme.run()
    acme.run()
    acme.is_there()
