"""Good statuses with bodies that are not what was asked for: never taken for an empty list, or for our mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]

_STRANGE_ID = {"contact_id": "x", "email_address": {"address": "a@example.com", "permission_to_send": "implicit"}}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)


@pytest.mark.parametrize("body", [{}, {"status": "pending"}], ids=["empty", "not ready"])
def test_who_was_deleted_there_is_not_put_back_by_an_answer_without_contacts(
    installation: Installation, body: dict[str, Any]
) -> None:
    api = installation.api
    installation.add("ada@example.com")
    installation.connect()
    assert installation.run()["state"] == "completed"
    installation.later(30)
    api.door.contact(action="create", email="eve@example.com", fields={}, list_id=api.list_id)
    api.door.contact(action="delete", email="eve@example.com")
    installation.add("eve@example.com")
    api.door.fault(fault="body", operation="getContacts", body=body, times=100)

    report = installation.run()

    assert report["reason"] == "unavailable"
    assert "eve@example.com" not in api.imported()


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("getContacts", {"contacts": None}),
        ("getContacts", {"contacts": [], "_links": "x"}),
        ("getContacts", {"contacts": [], "_links": {"next": {"href": 5}}}),
        ("getContacts", {"contacts": [_STRANGE_ID]}),
        ("getActivity", {"activity_id": "x", "state": "completed"}),
    ],
    ids=["no contacts", "links of text", "a link of a number", "a strange id", "another activity"],
)
def test_an_answer_of_another_form_is_trouble_of_theirs(
    installation: Installation, operation: str, body: dict[str, Any]
) -> None:
    installation.add("ada@example.com")
    installation.connect()
    assert installation.run()["state"] == "completed"
    installation.add("bob@example.com")
    installation.api.door.fault(fault="body", operation=operation, body=body, times=4)

    assert installation.run()["reason"] == "unavailable"


def test_ticks_of_a_spent_day_leave_no_runs_but_the_one_that_said_so(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    spent = [{"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}]
    installation.api.door.fault(fault="status", operation="getList", status=429, body=spent)
    assert installation.run()["state"] == "quota"
    before = installation.sql("SELECT count(*) FROM reconciler.runs")

    for _ in range(3):
        installation.say("run", "--all")

    assert installation.sql("SELECT count(*) FROM reconciler.runs") == before
    installation.later(24 * 60)
    installation.say("run", "--all")
    assert set(installation.api.members()) == {"ada@example.com"}


def test_a_problem_is_told_once(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.api.door.fault(fault="status", operation="getList", status=403)

    assert [problem["code"] for problem in installation.run()["problems"]] == ["forbidden"]
