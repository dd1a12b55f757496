"""What the simulated Constant Contact shows: lists, contacts, pages; and how often it may be asked."""

from __future__ import annotations

import base64
import re
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.simulated import DAY, Caller

pytestmark = pytest.mark.http


class TestLimits:
    def test_the_fifth_request_of_a_second_is_throttled(self, slow: Caller) -> None:
        answers = [slow.get("/contact_lists") for _ in range(5)]

        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
        assert answers[-1].json() == {"error_key": "throttled", "error_message": "Too Many Requests"}
        assert "retry-after" not in answers[-1].headers

    def test_a_second_later_it_goes_on(self, slow: Caller) -> None:
        for _ in range(5):
            slow.get("/contact_lists")
        slow.door.advance(1.1)

        assert slow.get("/contact_lists").status_code == 200

    def test_the_days_quota_comes_back_at_midnight_utc(self, slow: Caller) -> None:
        slow.door.switch(per_day=2)
        spent = [slow.get("/contact_lists").status_code for _ in range(2)]
        over = slow.get("/contact_lists")
        now = parsedate_to_datetime(over.headers["date"])
        slow.door.advance(DAY - (now.hour * 3600 + now.minute * 60 + now.second))

        assert spent == [200, 200]
        assert over.json() == {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
        assert slow.get("/contact_lists").status_code == 200

    def test_the_body_of_a_refusal_can_be_an_array(self, slow: Caller) -> None:
        slow.door.switch(throttle_body="array", per_second=0)

        assert slow.get("/contact_lists").json()[0]["error_key"] == "throttled"

    def test_more_activities_than_may_queue_are_refused(self, caller: Caller) -> None:
        caller.door.switch(queue_most=2, activity_seconds=60)
        answers = [caller.send([{"email": "a@example.com"}]) for _ in range(3)]

        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert "queued activities" in answers[-1].text

    def test_the_fast_simulator_has_no_limits(self, caller: Caller) -> None:
        assert {caller.get("/contact_lists").status_code for _ in range(20)} == {200}


class TestLists:
    def test_lists_are_found_by_name_and_counted(self, garden: Caller) -> None:
        garden.door.contact(action="unsubscribe", email="person000003@example.com")
        query: dict[str, str] = {"name": "Newsletter", "include_count": "true"}
        everybody = garden.get("/contact_lists", include_membership_count="all", **query).json()
        mailable = garden.get("/contact_lists", include_membership_count="active", **query).json()

        assert everybody["lists_count"] == 1
        assert everybody["lists"][0]["list_id"] == garden.list_id
        assert everybody["lists"][0]["membership_count"] == 25
        assert mailable["lists"][0]["membership_count"] == 24

    def test_lists_come_in_pages_too(self, caller: Caller) -> None:
        first = caller.get("/contact_lists", limit=1).json()
        href = first["_links"]["next"]["href"]
        second = caller.http.get(href, headers=caller.headers()).json()

        assert [each["name"] for each in first["lists"] + second["lists"]] == ["Newsletter", "Customers"]
        assert second["_links"] == {}

    def test_one_list_tells_its_count_only_when_asked(self, garden: Caller) -> None:
        path = f"/contact_lists/{garden.list_id}"

        assert "membership_count" not in garden.get(path).json()
        assert garden.get(path, include_membership_count="active").json()["membership_count"] == 25

    def test_a_deleted_list_is_gone_and_its_people_stay(self, garden: Caller) -> None:
        garden.door.list(action="delete", list_id=garden.list_id)

        assert garden.get(f"/contact_lists/{garden.list_id}").status_code == 404
        assert garden.send([{"email": "a@example.com"}]).status_code == 400
        assert len(garden.walk()) == 25
        assert garden.walk(lists=garden.list_id) == []
        deleted = garden.get("/contact_lists", status="deleted").json()["lists"]
        assert [each["list_id"] for each in deleted] == [garden.list_id]
        assert "deleted_at" in deleted[0]

    def test_custom_fields_have_the_name_that_imports_use(self, caller: Caller) -> None:
        caller.door.custom_field(label="Favourite Flower")
        names = {each["name"] for each in caller.get("/contact_custom_fields").json()["custom_fields"]}

        assert {"customer_id", "favourite_flower"} <= names


class TestReadingContacts:
    def test_pages_hold_everybody_once_and_the_last_has_no_link(self, garden: Caller) -> None:
        first = garden.get("/contacts", limit=10, include_count="true").json()
        people = garden.walk(limit=10)

        assert first["contacts_count"] == 25
        assert len({each["contact_id"] for each in people}) == len(people) == 25
        assert garden.get("/contacts", limit=25).json()["_links"] == {}

    def test_a_cursor_is_the_query_with_the_number_of_the_next_page(self, garden: Caller) -> None:
        answer = garden.get("/contacts", limit=10, status="all", include="phone_numbers").json()
        href = answer["_links"]["next"]["href"]
        decoded = parse_qs(base64.b64decode(href.partition("cursor=")[2]).decode())

        assert href.startswith("/v3/contacts?cursor=")
        assert decoded == {"limit": ["10"], "next": ["2"], "status": ["all"], "include": ["phone_numbers"]}
        assert "phone_numbers" in garden.http.get(href, headers=garden.headers()).json()["contacts"][0]

    def test_rows_shift_when_somebody_joins_during_the_walk(self, garden: Caller) -> None:
        first = garden.get("/contacts", limit=10).json()
        garden.create("newcomer@example.com")
        second = garden.http.get(first["_links"]["next"]["href"], headers=garden.headers()).json()

        assert first["contacts"][-1] == second["contacts"][0]

    def test_subresources_come_only_when_asked_for_and_empty_fields_never(self, caller: Caller) -> None:
        caller.create("plain@example.com")
        bare = caller.get("/contacts").json()["contacts"][0]
        full = caller.who("plain@example.com")

        assert "list_memberships" not in bare
        assert full["list_memberships"] == [caller.list_id]
        assert full["phone_numbers"] == full["taggings"] == []
        assert "first_name" not in full
        assert None not in full.values()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", full["created_at"])

    def test_an_address_is_found_in_any_case_and_shown_as_first_stored(self, caller: Caller) -> None:
        caller.load({"email": "Mixed.Case+tag@Example.com"})
        caller.load({"email": "mixed.case+TAG@example.com", "first_name": "Fern"})

        found = caller.who("MIXED.case+tag@example.com")
        assert found["email_address"]["address"] == "Mixed.Case+tag@Example.com"
        assert found["first_name"] == "Fern"

    def test_nobody_found_is_an_empty_answer(self, caller: Caller) -> None:
        assert caller.get("/contacts", email="nobody@example.com").json() == {"contacts": [], "_links": {}}

    def test_each_status_finds_its_own_and_all_finds_the_deleted_too(self, caller: Caller) -> None:
        for permission in ("implicit", "explicit", "not_set", "temp_hold", "pending_confirmation", "unsubscribed"):
            caller.create(f"{permission}@example.com", permission=permission)
        caller.create("deleted@example.com")
        caller.door.contact(action="delete", email="deleted@example.com")

        def found(**query: str) -> set[str]:
            return {each["email_address"]["address"].partition("@")[0] for each in caller.walk(**query)}

        assert found(status="active") == {"implicit", "explicit"}
        assert found(status="deleted,temp_hold") == {"deleted", "temp_hold"}
        assert found(status="all") == found() | {"deleted"}
        assert len(found()) == 6

    def test_without_a_status_the_active_alone_can_be_meant(self, caller: Caller) -> None:
        caller.create("off@example.com", permission="unsubscribed")
        caller.door.switch(default_status="active")

        assert caller.walk() == []

    @pytest.mark.parametrize(
        "query",
        [
            {"status": "mailable"},
            {"include": "everything"},
            {"limit": 501},
            {"limit": 0},
            {"limit": "many"},
            {"lists": "newsletter"},
            {"updated_after": "yesterday"},
            {"updated_after": "2026-01-01T00:00:00 00:00"},
            {"include_count": "yes"},
            {"cursor": "nonsense"},
            {"order": "newest"},
            {"email": ""},
        ],
    )
    @pytest.mark.off_contract
    def test_an_invalid_parameter_is_an_error_in_an_array(self, caller: Caller, query: dict[str, Any]) -> None:
        answer = caller.get("/contacts", **query)

        assert answer.status_code == 400
        assert answer.json()[0]["error_key"] == "contacts.api.validation.error"

    def test_times_select_by_update_creation_and_opt_out(self, caller: Caller) -> None:
        caller.create("early@example.com")
        caller.door.advance(3_600)
        between = parsedate_to_datetime(caller.get("/contacts").headers["date"]).isoformat()
        caller.door.advance(3_600)
        caller.create("late@example.com")
        caller.door.contact(action="unsubscribe", email="early@example.com")

        def found(**query: str) -> list[str]:
            return [each["email_address"]["address"] for each in caller.walk(status="all", **query)]

        assert found(created_after=between) == ["late@example.com"]
        assert found(created_before=between) == ["early@example.com"]
        assert found(updated_after=between) == ["late@example.com"]
        assert found(optout_after=between) == ["early@example.com"]
        assert found(optout_before=between) == []

    def test_a_list_and_a_time_may_be_asked_for_together(self, caller: Caller) -> None:
        at = caller.create("before@example.com")["updated_at"]
        caller.door.advance(60)
        caller.create("member@example.com")
        caller.create("elsewhere@example.com", list_id=None)

        found = caller.walk(lists=caller.list_id, updated_after=at, status="all")
        assert [each["email_address"]["address"] for each in found] == ["member@example.com"]

    def test_a_time_after_leaves_out_its_own_second_unless_told_otherwise(self, caller: Caller) -> None:
        at = caller.create("now@example.com")["updated_at"]

        assert caller.walk(updated_after=at) == []
        caller.door.switch(after_is_inclusive=True)
        assert len(caller.walk(updated_after=at)) == 1

    def test_one_contact_is_read_by_id_deleted_or_not(self, caller: Caller) -> None:
        contact_id = caller.create("gone@example.com")["contact_id"]
        caller.door.contact(action="delete", email="gone@example.com")
        answer = caller.get(f"/contacts/{contact_id}", include="list_memberships").json()

        assert "deleted_at" in answer
        assert answer["list_memberships"] == []

    def test_an_unknown_contact_is_not_found_and_a_malformed_id_invalid(self, caller: Caller) -> None:
        unknown = caller.get(f"/contacts/{caller.list_id}")

        assert unknown.status_code == 404
        assert unknown.json()[0]["error_key"] == "contacts.api.not_found"
        assert caller.get("/contacts/42").status_code == 400

    def test_the_index_can_lag_behind_while_the_contact_itself_does_not(self, caller: Caller) -> None:
        contact_id = caller.create("lag@example.com")["contact_id"]
        caller.door.switch(index_lag_seconds=60)
        caller.door.contact(action="change", email="lag@example.com", fields={"first_name": "Ivy"})

        assert "first_name" not in caller.who("lag@example.com")
        assert caller.get(f"/contacts/{contact_id}").json()["first_name"] == "Ivy"
        caller.door.advance(61)
        assert caller.who("lag@example.com")["first_name"] == "Ivy"

    def test_permissions_are_counted(self, garden: Caller) -> None:
        garden.door.contact(action="unsubscribe", email="person000001@example.com")
        counts = garden.get("/contacts/counts").json()

        assert counts == {"total": 25, "explicit": 0, "implicit": 24, "pending": 0, "unsubscribed": 1}
        assert garden.get("/contacts/counts", include="new_subscriber").json()["new_subscriber"] == 0
