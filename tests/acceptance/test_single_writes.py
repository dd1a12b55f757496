"""What an import can't do goes by a call of its own: read with all it has, changed, written back, read again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

_ABROAD = "+44 20 7946 0958"
_LONG = f"{'a' * 50}@example.com"


def _there(installation: Installation, address: str = "ada@example.com") -> dict[str, Any]:
    return installation.api.members()[address]


def _puts(installation: Installation) -> list[dict[str, Any]]:
    history = installation.api.door.state(contacts=False, history=100_000)["history"]
    return [entry for entry in history if entry["operation"] == "putContact"]


def _connected(installation: Installation, **columns: object) -> str:
    contact_id = installation.add("ada@example.com", **columns)
    assert installation.connect().code == 0
    assert installation.run()["state"] == "completed"
    return contact_id


class TestClearing:
    def test_blank_in_the_crm_keeps_what_is_there(self, installation: Installation) -> None:
        ada = _connected(installation, first_name="Ada", job_title="Baker")
        installation.change(ada, job_title=None)

        assert installation.run()["counts"]["unchanged"] == 1
        assert _there(installation)["job_title"] == "Baker"

    def test_it_clears_where_the_connection_says_so_and_nothing_else(self, installation: Installation) -> None:
        ada = _connected(installation, first_name="Ada", job_title="Baker", company="Bakery", phone="1", mobile="2")
        assert installation.say("set", "acme", "clear=job_title,mobile_phone").code == 0
        installation.change(ada, job_title=None, mobile="")

        report = installation.run()

        after = _there(installation)
        assert (report["state"], report["counts"]["updated"]) == ("completed", 1)
        assert "job_title" not in after
        assert (after["first_name"], after["company_name"]) == ("Ada", "Bakery")
        assert [phone["kind"] for phone in after["phone_numbers"]] == ["other"]
        assert len(_puts(installation)) == 1
        assert installation.run()["state"] == "nothing_to_do"

    def test_what_an_import_can_do_goes_by_import_and_the_rest_in_the_next_run(
        self, installation: Installation
    ) -> None:
        ada = _connected(installation, first_name="Ada", job_title="Baker")
        installation.say("set", "acme", "clear=job_title")
        installation.change(ada, first_name="Augusta", job_title=None)

        first, second = installation.run(), installation.run()

        assert "putContact" not in first["api"]["by_operation"]
        assert "bulkImportContactsJSON" not in second["api"]["by_operation"]
        assert (_there(installation)["first_name"], _there(installation).get("job_title")) == ("Augusta", None)

    def test_what_is_filled_there_after_it_was_cleared_is_drift(self, installation: Installation) -> None:
        ada = _connected(installation, first_name="Ada", job_title="Baker")
        installation.say("set", "acme", "clear=job_title")
        installation.change(ada, job_title=None)
        installation.run()
        installation.api.door.contact(action="change", email="ada@example.com", fields={"job_title": "Countess"})

        report = installation.run("acme", "--full")

        assert report["drift"]["members"] == 1
        assert _there(installation)["job_title"] == "Countess"
        assert len(_puts(installation)) == 1

    def test_a_field_that_is_not_mapped_can_not_be_cleared(self, installation: Installation) -> None:
        _connected(installation)

        said = installation.say("set", "acme", "clear=shoe_size")

        assert said.code == 2
        assert "shoe_size" in said.err


class TestInternationalPhones:
    def test_a_phone_that_the_import_ignored_goes_by_a_call_of_its_own(self, installation: Installation) -> None:
        installation.api.door.switch(international_phones="ignored")
        installation.add("ada@example.com", first_name="Ada", mobile=_ABROAD)
        installation.connect()

        first = installation.run()
        installation.later(20)
        second = installation.run()

        assert first["counts"]["in_doubt"] == 1
        assert (second["state"], second["counts"]["added"]) == ("completed", 1)
        assert _there(installation)["phone_numbers"][0]["phone_number"] == _ABROAD
        assert installation.run()["state"] == "nothing_to_do"

    def test_a_phone_that_the_import_takes_needs_no_such_call(self, installation: Installation) -> None:
        _connected(installation, mobile=_ABROAD)

        assert _there(installation)["phone_numbers"][0]["phone_number"] == _ABROAD
        assert _puts(installation) == []


class TestLongAddresses:
    def test_who_is_new_is_rejected_with_what_to_do(self, installation: Installation) -> None:
        installation.add(_LONG)
        installation.connect()

        report = installation.run()

        assert report["counts"]["rejected"] == 1
        assert [problem["code"] for problem in report["problems"]] == ["needs_single_write"]

    def test_who_is_new_is_created_where_the_connection_says_so(self, installation: Installation) -> None:
        installation.add(_LONG, first_name="Ada", phone="555-0100", city="Rome")
        installation.add("bob@example.com")
        installation.connect()
        installation.say("set", "acme", "create_singly=yes")

        report = installation.run()

        after = _there(installation, _LONG)
        assert (report["state"], report["counts"]["added"]) == ("completed", 2)
        assert after["email_address"]["permission_to_send"] == "implicit"
        assert (after["first_name"], after["street_addresses"][0]["city"]) == ("Ada", "Rome")
        assert installation.run()["state"] == "nothing_to_do"

    def test_a_member_is_updated(self, installation: Installation) -> None:
        installation.api.door.contact(action="create", email=_LONG, list_id=installation.api.list_id)
        installation.add(_LONG, first_name="Ada")
        installation.connect()

        assert installation.run()["counts"]["updated"] == 1
        assert _there(installation, _LONG)["first_name"] == "Ada"

    def test_a_changed_address_may_be_long(self, installation: Installation) -> None:
        ada = _connected(installation, first_name="Ada")
        installation.change(ada, email=_LONG)

        assert installation.run()["counts"]["updated"] == 1
        assert set(installation.api.members()) == {_LONG}


class TestRefusals:
    def test_a_field_that_the_call_refuses_is_left_to_an_import_and_the_person_goes(
        self, installation: Installation
    ) -> None:
        installation.api.door.switch(refuse_dots_in_first_name=True)
        ada = _connected(installation, first_name="Ada")
        installation.change(ada, email="kc@example.com", first_name="K.C.")

        report = installation.run()

        assert set(installation.api.members()) == {"kc@example.com"}
        assert (report["state"], report["counts"]["updated"]) == ("completed", 1)
        assert installation.run()["counts"]["updated"] == 1
        assert _there(installation, "kc@example.com")["first_name"] == "K.C."
        assert installation.run()["state"] == "nothing_to_do"

    def test_an_address_that_is_refused_is_rejected_with_the_words_of_the_answer(
        self, installation: Installation
    ) -> None:
        ada = _connected(installation, first_name="Ada")
        words = [{"error_key": "contacts.api.validation.error", "error_message": "The email is invalid."}]
        installation.api.door.fault(fault="status", operation="putContact", status=400, body=words)
        installation.change(ada, email="countess@example.com")

        report = installation.run()

        rows = installation.sql("SELECT code, message FROM reconciler.rejects")
        assert (report["state"], report["counts"]["rejected"]) == ("completed_with_problems", 1)
        assert rows[0][0] == "refused_singly"
        assert "The email is invalid." in rows[0][1]

    def test_who_leaves_the_list_before_the_call_is_left_alone(self, installation: Installation) -> None:
        ada = _connected(installation, first_name="Ada")
        installation.later(30)
        installation.change(ada, email="countess@example.com")
        installation.api.door.contact(action="leave_list", email="ada@example.com", list_id=installation.api.list_id)

        report = installation.run()

        assert report["suppressed"] == {"left_list": 1}
        assert _puts(installation) == []


class TestUnknownOutcomes:
    def test_a_write_without_an_answer_is_looked_for_and_not_sent_again(self, installation: Installation) -> None:
        ada = _connected(installation, first_name="Ada")
        installation.api.door.fault(fault="drop_after", operation="putContact")
        installation.change(ada, email="countess@example.com")

        first, second = installation.run(), installation.run()

        assert (first["state"], first["counts"]["updated"]) == ("completed_with_problems", 1)
        assert second["state"] == "nothing_to_do"
        assert len(_puts(installation)) == 1

    def test_a_write_that_never_arrived_is_sent_again_after_the_grace_time_and_a_rest(
        self, installation: Installation
    ) -> None:
        ada = _connected(installation, first_name="Ada")
        installation.api.door.fault(fault="drop_before", operation="putContact")
        installation.change(ada, email="countess@example.com")

        installation.run()
        waiting = installation.run()
        installation.later(5)
        resting = installation.run()
        idle = installation.run()
        installation.later(31)
        installation.run()

        assert waiting["counts"]["in_doubt"] == 1
        assert (resting["counts"]["deferred"], idle["api"]["calls"]) == (1, 0)
        assert set(installation.api.members()) == {"countess@example.com"}


class TestTheDaysLimit:
    def test_people_go_before_fields_and_the_rest_goes_another_day(self, installation: Installation) -> None:
        fields = [installation.add(f"f{at}@example.com", job_title="Baker") for at in range(3)]
        people = [installation.add(f"p{at}@example.com") for at in range(2)]
        installation.connect()
        installation.run()
        installation.say("set", "acme", "clear=job_title", "singles_per_day=3")
        for contact_id in fields:
            installation.change(contact_id, job_title=None)
        for at, contact_id in enumerate(people):
            installation.change(contact_id, email=f"new{at}@example.com")

        first, second = installation.run(), installation.run()
        installation.later(24 * 60)
        installation.run()

        assert {"new0@example.com", "new1@example.com"} <= set(installation.api.members())
        assert (first["counts"]["updated"], first["counts"]["deferred"]) == (3, 2)
        assert {"code": "singles_spent", "count": 2} in [
            {"code": problem["code"], "count": problem["count"]} for problem in first["problems"]
        ]
        assert second["api"]["calls"] == 0
        assert not [member for member in installation.api.members().values() if "job_title" in member]


def test_a_permission_that_a_write_seems_to_have_changed_is_reported(installation: Installation) -> None:
    ada = _connected(installation, first_name="Ada")
    installation.change(ada, email="countess@example.com")
    found = _there(installation)
    answer = json.loads(json.dumps(found))
    answer["email_address"] |= {"address": "countess@example.com", "permission_to_send": "explicit"}
    installation.api.door.fault(fault="body", operation="getContact", status=200, body=answer, skip=2)

    report = installation.run()

    assert "permission_changed" in [problem["code"] for problem in report["problems"]]
    assert report["state"] == "completed_with_problems"
