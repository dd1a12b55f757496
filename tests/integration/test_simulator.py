"""The simulated Constant Contact, also where it is asked what the contract does not allow."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from reconciler.simulator import SideDoor, SideDoorError, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


INCLUDE = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes"
DAY = 86_400


class Caller:
    """Talks to one simulator, by its API and by its side door."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.door = SideDoor(simulator.url)
        self.list_id = simulator.list_id
        self.http = httpx.Client(base_url=simulator.api_url.removesuffix("/v3"), timeout=30, trust_env=False)

    def get(self, path: str, **query: str | int) -> httpx.Response:
        return self.http.get(f"/v3{path}", params=query or None, headers=self._headers())

    def post(self, path: str, body: object) -> httpx.Response:
        return self.http.post(f"/v3{path}", json=body, headers=self._headers())

    def send(self, rows: list[dict[str, Any]], *lists: str) -> httpx.Response:
        body = {"import_data": rows, "list_ids": lists or (self.list_id,)}
        return self.post("/activities/contacts_json_import", body)

    def load(self, *rows: dict[str, Any]) -> dict[str, int]:
        """Import and wait; the answer is what the activity counts."""
        sent = self.send(list(rows))
        assert sent.status_code == 201, sent.text
        activity = self.get(f"/activities/{sent.json()['activity_id']}").json()
        assert activity["state"] == "completed"
        return dict(activity["status"])

    def who(self, email: str) -> dict[str, Any]:
        found = self.get("/contacts", email=email, status="all", include=INCLUDE).json()["contacts"]
        assert len(found) == 1
        return dict(found[0])

    def walk(self, **query: str | int) -> list[dict[str, Any]]:
        answer = self.get("/contacts", **query).json()
        people = list(answer["contacts"])
        while "next" in answer["_links"]:
            answer = self.http.get(answer["_links"]["next"]["href"], headers=self._headers()).json()
            people += answer["contacts"]
        return people

    def create(self, email: str, **body: object) -> dict[str, Any]:
        body = {"list_id": self.list_id, **body}
        return dict(self.door.contact(action="create", email=email, **body)["contact"])

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.simulator.access_token}"}


@pytest.fixture
def caller(simulate: Callable[..., Simulator]) -> Iterator[Caller]:
    yield from calling(simulate())


@pytest.fixture
def slow(simulate: Callable[..., Simulator]) -> Iterator[Caller]:
    yield from calling(simulate(speed="real"))


@pytest.fixture
def garden(simulate: Callable[..., Simulator]) -> Iterator[Caller]:
    yield from calling(simulate(contacts=25))


def calling(simulator: Simulator) -> Iterator[Caller]:
    caller = Caller(simulator)
    with caller.http:
        yield caller


class TestAccess:
    @pytest.mark.off_contract
    def test_a_request_without_a_token_is_forbidden(self, caller: Caller) -> None:
        answer = caller.http.get("/v3/contacts")

        assert answer.status_code == 403
        assert answer.json() == {"message": "Forbidden"}

    def test_a_wrong_token_is_unauthorized_in_the_gateways_words(self, caller: Caller) -> None:
        answer = caller.http.get("/v3/contacts", headers={"Authorization": "Bearer wrong"})

        assert answer.status_code == 401
        assert answer.json() == {"error_key": "unauthorized", "error_message": "Unauthorized"}
        assert answer.headers["www-authenticate"] == "Bearer realm=api.cc.email"

    @pytest.mark.parametrize("action", ["expire", "revoke"])
    def test_an_ended_token_is_refused_and_a_new_one_is_good(self, caller: Caller, action: str) -> None:
        caller.door.token(action)
        assert caller.get("/contacts").status_code == 401

        token = caller.door.token("new")["access_token"]

        assert token == caller.simulator.access_token
        assert caller.get("/contacts").status_code == 200

    def test_an_access_token_looks_like_a_real_one_and_differs_between_simulators(self, caller: Caller) -> None:
        with Simulator() as other:
            assert len(caller.simulator.access_token) > 1_000
            assert caller.simulator.access_token != other.access_token

    def test_a_rotating_refresh_token_is_good_once(self, caller: Caller) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": caller.simulator.refresh_token}
        first = caller.http.post(f"{caller.simulator.auth_url}/token", data=form)
        again = caller.http.post(f"{caller.simulator.auth_url}/token", data=form)

        assert first.json()["refresh_token"] != form["refresh_token"]
        assert caller.get("/contacts").status_code == 200
        assert again.status_code == 400
        assert again.json()["error"] == "invalid_grant"

    def test_a_token_lives_as_long_as_it_is_told_to(self, caller: Caller) -> None:
        caller.door.switch(token_seconds=DAY)
        caller.door.token("new")
        caller.door.advance(DAY - 60)
        assert caller.get("/contacts").status_code == 200

        caller.door.advance(120)

        assert caller.get("/contacts").status_code == 401

    def test_the_account_says_who_it_is_and_what_the_token_may(self, caller: Caller) -> None:
        assert caller.get("/account/summary").json()["encoded_account_id"] == "a07e1simulated"
        assert "contacts:write" in {each["privilege_name"] for each in caller.get("/account/user/privileges").json()}


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
        second = caller.http.get(href, headers=caller._headers()).json()

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
        assert "phone_numbers" in garden.http.get(href, headers=garden._headers()).json()["contacts"][0]

    def test_rows_shift_when_somebody_joins_during_the_walk(self, garden: Caller) -> None:
        first = garden.get("/contacts", limit=10).json()
        garden.create("newcomer@example.com")
        second = garden.http.get(first["_links"]["next"]["href"], headers=garden._headers()).json()

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


class TestImport:
    def test_a_new_person_is_implicit_by_the_account_and_on_the_list(self, caller: Caller) -> None:
        counts = caller.load({"email": "new@example.com", "first_name": "Hazel"})
        person = caller.who("new@example.com")

        assert person["email_address"]["permission_to_send"] == "implicit"
        assert person["email_address"]["opt_in_source"] == person["create_source"] == "Account"
        assert person["list_memberships"] == [caller.list_id]
        assert counts == {
            "items_total_count": 2,
            "person_count": 1,
            "error_count": 0,
            "correctable_count": 0,
            "cannot_add_to_list_count": 0,
        }

    @pytest.mark.off_contract
    def test_only_supplied_fields_change_and_blanks_change_nothing(self, caller: Caller) -> None:
        caller.create("old@example.com", fields={"first_name": "Ivy", "last_name": "Hill"}, permission="explicit")
        caller.load({"email": "old@example.com", "first_name": "", "last_name": None, "company_name": "Garden"})
        person = caller.who("old@example.com")

        assert (person["first_name"], person["last_name"], person["company_name"]) == ("Ivy", "Hill", "Garden")
        assert person["email_address"]["permission_to_send"] == "explicit"

    def test_every_field_goes_where_the_api_shows_it(self, caller: Caller) -> None:
        caller.load(
            {
                "email": "full@example.com",
                "job_title": "Gardener",
                "birthday_month": 2,
                "birthday_day": 29,
                "anniversary": "11/15/2006",
                "phone": "555-555-0001",
                "work_phone": "555-555-0002",
                "street": "1 Garden Road",
                "street2": "Shed",
                "city": "Westlake",
                "home_state": "MA",
                "zip": "02101",
                "home_country": "United States",
                "work_city": "Eastbrook",
                "cf:customer_id": "C7",
            }
        )
        person = caller.who("full@example.com")
        fields = {each["name"]: each["custom_field_id"] for each in caller.door.state()["custom_fields"]}
        home, work = person["street_addresses"]

        assert (person["birthday_month"], person["birthday_day"], person["anniversary"]) == (2, 29, "2006-11-15")
        assert {each["kind"]: each["phone_number"] for each in person["phone_numbers"]} == {
            "other": "555-555-0001",
            "work": "555-555-0002",
        }
        assert home["street"] == "1 Garden Road Shed"
        assert (home["kind"], home["city"], home["state"]) == ("home", "Westlake", "MA")
        assert (home["postal_code"], home["country"]) == ("02101", "United States")
        assert (work["kind"], work["city"]) == ("work", "Eastbrook")
        assert person["custom_fields"] == [{"custom_field_id": fields["customer_id"], "value": "C7"}]

    def test_an_address_keeps_the_parts_that_are_not_sent_unless_told_otherwise(self, caller: Caller) -> None:
        caller.load({"email": "a@example.com", "street": "1 Garden Road", "city": "Westlake"})
        caller.load({"email": "a@example.com", "city": "Eastbrook"})
        assert caller.who("a@example.com")["street_addresses"][0]["street"] == "1 Garden Road"

        caller.door.switch(address_merge="whole")
        caller.load({"email": "a@example.com", "city": "Northfield"})
        assert "street" not in caller.who("a@example.com")["street_addresses"][0]

    def test_a_fourth_kind_of_phone_is_dropped(self, caller: Caller) -> None:
        phones = {f"{kind}_phone": "555-555-0001" for kind in ("home", "work", "mobile", "other")}
        caller.load({"email": "a@example.com", **phones})

        assert [each["kind"] for each in caller.who("a@example.com")["phone_numbers"]] == ["home", "work", "mobile"]

    def test_the_unsubscribed_are_not_put_on_the_list_and_are_counted(self, caller: Caller) -> None:
        caller.create("off@example.com", list_id=None, permission="unsubscribed")
        before = caller.who("off@example.com")
        counts = caller.load({"email": "off@example.com", "first_name": "Rowan"})

        assert counts["cannot_add_to_list_count"] == 1
        assert caller.who("off@example.com") == before

    def test_the_fields_of_the_unsubscribed_can_be_updated_all_the_same(self, caller: Caller) -> None:
        caller.create("off@example.com", list_id=None, permission="unsubscribed")
        caller.door.switch(import_of_unsubscribed="fields_updated")
        caller.load({"email": "off@example.com", "first_name": "Rowan"})

        assert caller.who("off@example.com")["first_name"] == "Rowan"
        assert caller.who("off@example.com")["list_memberships"] == []

    def test_a_deleted_person_is_revived_with_the_permission_that_was(self, caller: Caller) -> None:
        caller.create("back@example.com", permission="explicit")
        caller.door.contact(action="delete", email="back@example.com")
        caller.load({"email": "back@example.com"})
        person = caller.who("back@example.com")

        assert "deleted_at" not in person
        assert person["email_address"]["permission_to_send"] == "explicit"
        assert person["list_memberships"] == [caller.list_id]

    def test_a_deleted_person_can_be_left_deleted(self, caller: Caller) -> None:
        caller.create("back@example.com")
        caller.door.contact(action="delete", email="back@example.com")
        caller.door.switch(import_of_deleted="left")
        caller.load({"email": "back@example.com"})

        assert "deleted_at" in caller.who("back@example.com")

    def test_of_two_rows_with_one_address_the_last_stands(self, caller: Caller) -> None:
        counts = caller.load(
            {"email": "twice@example.com", "first_name": "Fern", "last_name": "Hill"},
            {"email": "TWICE@example.com", "first_name": "Ivy"},
        )

        assert counts["person_count"] == 1
        assert caller.who("twice@example.com")["first_name"] == "Ivy"
        assert "last_name" not in caller.who("twice@example.com")

    @pytest.mark.off_contract
    def test_what_a_user_could_correct_is_counted_and_left_out(self, caller: Caller) -> None:
        counts = caller.load(
            {"email": "no address"},
            {"email": "a,b@example.com"},
            {"first_name": "Nobody"},
            {"email": f"{'x' * 40}@example.com"},
            {"email": "month@example.com", "birthday_month": 3},
            {"email": "day@example.com", "birthday_month": 2, "birthday_day": 30},
            {"email": "date@example.com", "anniversary": "soon"},
            {"email": "good@example.com"},
        )

        assert counts["correctable_count"] == 7
        assert counts["person_count"] == len(caller.walk(status="all")) == 1

    @pytest.mark.off_contract
    def test_a_long_address_is_taken_where_the_limit_is_higher(self, caller: Caller) -> None:
        caller.door.switch(import_email_max=80)

        assert caller.load({"email": f"{'x' * 40}@example.com"})["person_count"] == 1

    @pytest.mark.off_contract
    def test_a_value_too_long_makes_its_row_an_error_or_is_cut(self, caller: Caller) -> None:
        row = {"email": "long@example.com", "first_name": "F" * 51}
        assert caller.load(row)["error_count"] == 1
        assert caller.walk(status="all") == []

        caller.door.switch(too_long="cut")
        assert caller.load(row)["error_count"] == 0
        assert caller.who("long@example.com")["first_name"] == "F" * 50

    def test_an_unknown_custom_field_is_refused_or_ignored(self, caller: Caller) -> None:
        row = {"email": "a@example.com", "cf:shoe_size": "44"}
        refused = caller.send([row])
        caller.door.switch(unknown_custom_fields="ignored")

        assert refused.status_code == 400
        assert "shoe_size" in refused.text
        assert caller.load(row)["person_count"] == 1

    @pytest.mark.parametrize(
        "body",
        [
            {"import_data": []},
            {"import_data": [], "list_ids": []},
            {"import_data": {}, "list_ids": ["6d2c1a70-9b1e-11f0-8f3a-5b0f2d1c7e01"]},
            {"import_data": ["a"], "list_ids": ["6d2c1a70-9b1e-11f0-8f3a-5b0f2d1c7e01"]},
            {"import_data": [], "list_ids": ["11111111-9b1e-11f0-8f3a-5b0f2d1c7e01"]},
            {"import_data": [], "list_ids": ["newsletter"]},
            [],
        ],
    )
    @pytest.mark.off_contract
    def test_a_body_that_is_no_import_is_refused(self, caller: Caller, body: object) -> None:
        answer = caller.post("/activities/contacts_json_import", body)

        assert answer.status_code == 400
        assert answer.json()[0]["error_key"] == "contacts.api.validation.error"

    @pytest.mark.off_contract
    def test_a_body_that_is_no_json_is_refused_by_what_it_is(self, caller: Caller) -> None:
        url, headers = "/v3/activities/contacts_json_import", caller._headers()
        broken = caller.http.post(url, content="{", headers={**headers, "Content-Type": "application/json"})
        text = caller.http.post(url, content="{}", headers={**headers, "Content-Type": "text/plain"})

        assert (broken.status_code, text.status_code) == (400, 415)

    def test_a_body_in_chunks_is_read_too(self, caller: Caller) -> None:
        body = json.dumps({"import_data": [{"email": "a@example.com"}], "list_ids": [caller.list_id]}).encode()
        headers = {**caller._headers(), "Content-Type": "application/json"}
        answer = caller.http.post(
            "/v3/activities/contacts_json_import", content=iter([body[:10], body[10:]]), headers=headers
        )

        assert answer.status_code == 201
        assert len(caller.walk()) == 1

    def test_rows_beyond_forty_thousand_are_dropped_silently(self, caller: Caller) -> None:
        counts = caller.load(*[{"email": f"p{number}@example.com"} for number in range(40_001)])

        assert counts["items_total_count"] == 40_001
        assert counts["person_count"] == 40_000

    @pytest.mark.off_contract
    def test_rows_beyond_four_megabytes_are_dropped_silently(self, caller: Caller) -> None:
        rows = [{"email": f"p{number:05d}@example.com", "street": "ä" * 200} for number in range(10_000)]
        body = json.dumps({"list_ids": [caller.list_id], "import_data": rows}, ensure_ascii=False).encode()
        fitting = body[:4_000_000].count(b"}")
        headers = {**caller._headers(), "Content-Type": "application/json; charset=utf-8"}
        sent = caller.http.post("/v3/activities/contacts_json_import", content=iter([body]), headers=headers)
        status = caller.get(f"/activities/{sent.json()['activity_id']}").json()["status"]

        assert status["items_total_count"] == fitting + 1 < len(rows)

    def test_joining_a_list_moves_updated_at_only_by_a_switch(self, caller: Caller) -> None:
        before = caller.create("a@example.com", list_id=None)["updated_at"]
        caller.door.advance(60)
        caller.load({"email": "a@example.com"})
        assert caller.who("a@example.com")["updated_at"] == before

        caller.door.switch(list_change_touches=True)
        caller.door.contact(action="leave_list", email="a@example.com", list_id=caller.list_id)
        caller.load({"email": "a@example.com"})
        assert caller.who("a@example.com")["updated_at"] > before

    def test_an_import_that_changes_nothing_leaves_no_trace(self, caller: Caller) -> None:
        before = caller.create("a@example.com", fields={"first_name": "Ivy"})
        caller.door.advance(60)
        caller.load({"email": "a@example.com", "first_name": "Ivy"})

        assert caller.who("a@example.com")["updated_at"] == before["updated_at"]

    @pytest.mark.parametrize(
        ("switch", "sent", "shown"),
        [
            ({}, "(555) 555 0001", "(555) 555 0001"),
            ({"phone_format": "digits"}, "(555) 555 0001", "5555550001"),
            ({"phone_format": "us_dashes"}, "+1 (555) 555 0001", "555-555-0001"),
            ({"phone_format": "us_dashes"}, "+44 20 5555 0001", "+44 20 5555 0001"),
            ({"international_phones": "ignored"}, "+44 20 5555 0001", None),
        ],
    )
    def test_phones_are_shown_as_the_switches_say(
        self, caller: Caller, switch: dict[str, str], sent: str, shown: str | None
    ) -> None:
        caller.door.switch(**switch)
        caller.load({"email": "a@example.com", "mobile_phone": sent})

        phones = caller.who("a@example.com")["phone_numbers"]
        assert [each["phone_number"] for each in phones] == ([shown] if shown else [])

    def test_names_can_be_folded_and_values_trimmed(self, caller: Caller) -> None:
        caller.door.switch(fold_names=True, trim=True)
        caller.load({"email": "a@example.com", "first_name": " IVY ", "company_name": " Garden "})
        person = caller.who("a@example.com")

        assert (person["first_name"], person["company_name"]) == ("Ivy", "Garden")


class TestActivities:
    def test_an_import_goes_through_its_states_and_applies_at_the_end(self, slow: Caller) -> None:
        slow.door.switch(limits=False, activity_seconds=60)
        posted = slow.send([{"email": "a@example.com"}]).json()
        path = f"/activities/{posted['activity_id']}"
        slow.door.advance(30)
        halfway = slow.get(path).json()
        nobody = slow.walk()
        slow.door.advance(31)
        done = slow.get(path).json()

        assert posted["state"] == "initialized"
        assert not {"started_at", "status", "percent_done"} & set(posted)
        assert halfway["state"] == "processing"
        assert 0 < halfway["percent_done"] < 100
        assert nobody == []
        assert (done["state"], done["percent_done"]) == ("completed", 100)
        assert done["_links"] == {"self": {"href": f"/v3{path}"}}
        assert len(slow.walk()) == 1

    def test_at_real_speed_an_import_takes_a_second_and_more_for_more_rows(self, slow: Caller) -> None:
        posted = slow.send([{"email": f"p{number}@example.com"} for number in range(4_000)]).json()
        slow.door.advance(2.5)
        early = slow.get(f"/activities/{posted['activity_id']}").json()
        slow.door.advance(1)

        assert early["state"] == "processing"
        assert slow.get(f"/activities/{posted['activity_id']}").json()["state"] == "completed"

    @pytest.mark.parametrize("end", ["failed", "timed_out", "cancelled"])
    def test_an_activity_can_end_badly_and_then_did_nothing(self, caller: Caller, end: str) -> None:
        caller.door.switch(activity_end=end)
        posted = caller.send([{"email": "a@example.com"}]).json()

        assert caller.get(f"/activities/{posted['activity_id']}").json()["state"] == end
        assert caller.walk() == []

    def test_an_activity_can_hang(self, caller: Caller) -> None:
        caller.door.switch(activity_end="never")
        posted = caller.send([{"email": "a@example.com"}]).json()
        caller.door.advance(DAY)

        assert caller.get(f"/activities/{posted['activity_id']}").json()["state"] == "processing"

    @pytest.mark.off_contract
    def test_the_collection_shows_the_newest_first_and_filters_by_state(self, caller: Caller) -> None:
        ids = [caller.send([]).json()["activity_id"] for _ in range(3)]
        page = caller.get("/activities", limit=2).json()

        assert [each["activity_id"] for each in page["activities"]] == ids[:0:-1]
        assert "next" in page["_links"]
        assert caller.get("/activities", state="processing").json()["activities"] == []
        assert caller.get("/activities", state="initialized").status_code == 400

    def test_after_ten_days_an_activity_is_forgotten(self, caller: Caller) -> None:
        activity_id = caller.send([]).json()["activity_id"]
        caller.door.advance(10 * DAY + 1)

        assert caller.get(f"/activities/{activity_id}").status_code == 404
        assert caller.get("/activities").json()["activities"] == []


class TestExport:
    def export(self, caller: Caller, **body: object) -> list[dict[str, str]]:
        posted = caller.post("/activities/contact_exports", body).json()
        activity = caller.get(f"/activities/{posted['activity_id']}").json()
        answer = caller.http.get(activity["_links"]["results"]["href"], headers=caller._headers())
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.text)))

    def test_a_list_is_exported_with_all_columns(self, garden: Caller) -> None:
        garden.create("elsewhere@example.com", list_id=None)
        rows = self.export(garden, list_ids=[garden.list_id])

        assert len(rows) == 25
        assert rows[0]["Contact ID"] == garden.who("person000001@example.com")["contact_id"]
        assert rows[0]["Email address"] == "person000001@example.com"
        assert rows[0]["Email status"] == "implicit"
        assert rows[0]["First name"] == "Briar"
        assert rows[0]["Phone - other"] == "555-555-0001"
        assert rows[0]["Zip/Postal Code - home"] == "00001"
        assert rows[0]["Email Lists"] == "Newsletter"
        assert rows[0]["Customer ID"] == "C000001"

    def test_only_the_fields_asked_for_come(self, garden: Caller) -> None:
        rows = self.export(garden, fields=["email_address", "first_name"])

        assert list(rows[0]) == ["Email address", "Email status", "First name"]

    def test_a_status_selects_and_the_deleted_are_removed(self, garden: Caller) -> None:
        garden.door.contact(action="delete", email="person000001@example.com")
        garden.door.contact(action="unsubscribe", email="person000002@example.com")

        assert len(self.export(garden)) == 24
        assert len(self.export(garden, status="active")) == 23
        assert [row["Email address"] for row in self.export(garden, status="unsubscribed")] == [
            "person000002@example.com"
        ]
        assert len(self.export(garden, status="removed")) == 1
        garden.door.switch(export_includes_deleted=True)
        assert len(self.export(garden)) == 25

    def test_single_contacts_are_exported_or_left_out(self, garden: Caller) -> None:
        one = garden.who("person000007@example.com")["contact_id"]

        assert len(self.export(garden, contact_ids=[one])) == 1
        assert len(self.export(garden, exclude={"contact_ids": [one]})) == 24

    def test_before_it_is_done_there_is_no_file(self, slow: Caller) -> None:
        posted = slow.post("/activities/contact_exports", {}).json()

        assert "results" not in posted["_links"]
        assert slow.get(f"/contact_exports/{posted['activity_id']}").status_code == 404

    @pytest.mark.parametrize("body", [{"status": "all"}, {"fields": ["shoe_size"]}, {"segment_id": 1}])
    def test_an_invalid_export_is_refused(self, caller: Caller, body: dict[str, Any]) -> None:
        assert caller.post("/activities/contact_exports", body).status_code == 400


class TestOtherMethods:
    @pytest.mark.off_contract
    def test_what_is_not_served_is_refused_in_an_array_and_counted_by_name(self, caller: Caller) -> None:
        put = caller.http.put(f"/v3/contacts/{caller.list_id}", json={}, headers=caller._headers())
        signup = caller.post("/contacts/sign_up_form", {})
        other = caller.get("/emails")
        counts = caller.door.state()["requests"]["by_operation"]

        assert (put.status_code, signup.status_code, other.status_code) == (405, 404, 404)
        assert put.json()[0]["error_key"] == "contacts.api.method_not_allowed"
        assert counts == {"putContact": 1, "createOrUpdateContact": 1, "unknown": 1}


class TestOwnerAndContact:
    def test_unsubscribing_moves_the_addresss_time_but_not_the_contacts(self, caller: Caller) -> None:
        before = caller.create("a@example.com")
        caller.door.advance(60)
        caller.door.contact(action="unsubscribe", email="a@example.com", reason="too many")
        after = caller.who("a@example.com")
        email = after["email_address"]

        assert after["updated_at"] == before["updated_at"]
        assert email["updated_at"] == email["opt_out_date"] > before["email_address"]["updated_at"]
        assert (email["opt_out_source"], email["opt_out_reason"]) == ("Contact", "too many")
        assert "opt_in_source" not in email
        assert after["list_memberships"] == [caller.list_id]

    @pytest.mark.parametrize("touches", [True, False])
    def test_deleting_strips_the_lists_and_may_move_updated_at(self, caller: Caller, *, touches: bool) -> None:
        caller.door.switch(delete_touches=touches)
        before = caller.create("a@example.com")
        caller.door.advance(60)
        after = caller.door.contact(action="delete", email="a@example.com")["contact"]

        assert after["list_memberships"] == []
        assert (after["updated_at"] > before["updated_at"]) is touches
        assert after["deleted_at"] > before["updated_at"]

    def test_the_owner_changes_clears_and_readdresses(self, caller: Caller) -> None:
        caller.create("a@example.com", fields={"first_name": "Ivy", "phone": "555-555-0001", "city": "Westlake"})
        caller.door.contact(
            action="change",
            email="a@example.com",
            new_email="b@example.com",
            permission="explicit",
            fields={"first_name": "", "phone": "", "city": "", "last_name": "Hill"},
        )
        person = caller.who("b@example.com")

        assert "first_name" not in person
        assert person["phone_numbers"] == person["street_addresses"] == []
        assert person["last_name"] == "Hill"
        assert person["email_address"]["permission_to_send"] == "explicit"
        assert caller.get("/contacts", email="a@example.com").json()["contacts"] == []

    def test_leaving_and_joining_a_list(self, caller: Caller) -> None:
        caller.create("a@example.com")
        caller.door.contact(action="leave_list", email="a@example.com", list_id=caller.list_id)
        left = caller.who("a@example.com")["list_memberships"]
        caller.door.contact(action="join_list", email="a@example.com", list_id=caller.list_id)

        assert left == []
        assert caller.who("a@example.com")["list_memberships"] == [caller.list_id]

    def test_many_are_created_at_once(self, garden: Caller) -> None:
        invented = garden.door.contact(action="bulk_create", count=100, list_id=garden.list_id)
        given = garden.door.contact(action="bulk_create", contacts=[{"email": "a@example.com"}])

        assert len(invented["contact_ids"]) == 100
        assert len(given["contact_ids"]) == 1
        assert len(garden.walk(lists=garden.list_id)) == 125

    def test_a_contact_may_have_no_address(self, caller: Caller) -> None:
        caller.door.contact(action="create", fields={"first_name": "Ivy"}, list_id=caller.list_id)

        assert "email_address" not in caller.walk()[0]

    @pytest.mark.parametrize(
        "body",
        [
            {"action": "create", "email": "person000001@example.com"},
            {"action": "create", "email": "a@example.com", "permission": "maybe"},
            {"action": "unsubscribe", "email": "nobody@example.com"},
            {"action": "join_list", "email": "person000001@example.com", "list_id": "nowhere"},
            {"action": "explode", "email": "person000001@example.com"},
        ],
    )
    def test_what_cannot_be_done_is_said(self, garden: Caller, body: dict[str, Any]) -> None:
        with pytest.raises(SideDoorError):
            garden.door.contact(**body)


class TestFaults:
    @pytest.mark.broken_answer
    def test_a_dropped_request_was_not_carried_out_or_was(self, caller: Caller) -> None:
        for fault in ("drop_before", "drop_after"):
            caller.door.fault(operation="bulkImportContactsJSON", fault=fault)
            with pytest.raises(httpx.RemoteProtocolError):
                caller.send([{"email": f"{fault.replace('_', '.')}@example.com"}])

        assert [each["email_address"]["address"] for each in caller.walk()] == ["drop.after@example.com"]
        assert caller.door.state()["requests"]["by_status"] == {"0": 2, "200": 1}

    @pytest.mark.broken_answer
    def test_answers_can_be_of_any_kind(self, caller: Caller) -> None:
        caller.door.fault(fault="status", status=503)
        caller.door.fault(fault="html")
        caller.door.fault(fault="empty", status=500)
        caller.door.fault(fault="body", body={"contacts": "none"})
        answers = [caller.get("/contacts") for _ in range(5)]

        assert [answer.status_code for answer in answers] == [503, 502, 500, 200, 200]
        assert answers[0].json()[0]["error_key"] == "contacts.api.fault"
        assert answers[1].headers["content-type"] == "text/html"
        assert answers[2].content == b""
        assert answers[3].json() == {"contacts": "none"}

    def test_a_fault_waits_for_its_operation_and_its_turn(self, caller: Caller) -> None:
        caller.door.fault(operation="getContacts", fault="status", status=500, times=2, skip=1)
        others = {caller.get("/contact_lists").status_code for _ in range(3)}

        assert others == {200}
        assert [caller.get("/contacts").status_code for _ in range(4)] == [200, 500, 500, 200]

    @pytest.mark.broken_answer
    def test_a_body_can_break_off(self, garden: Caller) -> None:
        garden.door.fault(fault="truncate")

        with pytest.raises(httpx.RemoteProtocolError):
            garden.get("/contacts")

    def test_an_answer_can_be_slow(self, caller: Caller) -> None:
        caller.door.fault(fault="slow", seconds=0.2)
        begin = time.monotonic()

        assert caller.get("/contacts").status_code == 200
        assert time.monotonic() - begin >= 0.2

    def test_a_fault_that_is_none_is_refused(self, caller: Caller) -> None:
        for body in ({"fault": "earthquake"}, {"fault": "slow", "often": 3}, {"fault": "status", "times": "two"}):
            with pytest.raises(SideDoorError):
                caller.door.fault(**body)


class TestSideDoor:
    def test_the_history_says_whom_an_import_was_about(self, caller: Caller) -> None:
        caller.send([{"email": "a@example.com"}, {"email": "b@example.com"}])
        caller.get("/contacts", limit=5)
        history = caller.door.state()["history"]

        assert [entry["operation"] for entry in history] == ["bulkImportContactsJSON", "getContacts"]
        assert history[0]["emails"] == ["a@example.com", "b@example.com"]
        assert history[0]["list_ids"] == [caller.list_id]
        assert (history[1]["method"], history[1]["path"]) == ("GET", "/v3/contacts")
        assert (history[1]["query"], history[1]["status"]) == ("limit=5", 200)
        assert len(caller.door.state(history=1)["history"]) == 1
        assert caller.door.state(history=0)["history"] == []

    def test_the_state_has_everything_and_can_leave_out_the_people(self, garden: Caller) -> None:
        state = garden.door.state()

        assert len(state["contacts"]) == 25
        assert state["lists"][0]["member_ids"] == [each["contact_id"] for each in state["contacts"]]
        assert "contacts" not in garden.door.state(contacts=False)

    def test_the_date_header_follows_the_simulators_clock(self, caller: Caller) -> None:
        before = parsedate_to_datetime(caller.get("/contacts").headers["date"])
        caller.door.advance(3 * DAY)
        after = parsedate_to_datetime(caller.get("/contacts").headers["date"])

        assert 3 * DAY <= (after - before).total_seconds() < 3 * DAY + 30

    def test_a_reset_brings_back_the_beginning_and_keeps_the_token(self, garden: Caller) -> None:
        beginning = garden.door.state()["contacts"]
        token = garden.simulator.access_token
        garden.door.contact(action="delete", email="person000001@example.com")
        garden.door.switch(index_lag_seconds=5)
        garden.door.token("revoke")
        garden.door.token("new")
        garden.door.reset()

        assert garden.simulator.access_token == token
        assert garden.get("/contacts").status_code == 200
        state = garden.door.state()
        assert state["contacts"] == beginning
        assert state["switches"]["index_lag_seconds"] == 0
        assert state["requests"]["total"] == 1

    @pytest.mark.parametrize("switch", [{"gravity": True}, {"trim": 1}, {"phone_format": "roman"}])
    def test_a_switch_that_is_none_is_refused(self, caller: Caller, switch: dict[str, Any]) -> None:
        with pytest.raises(SideDoorError):
            caller.door.switch(**switch)
        with pytest.raises(ValueError, match=next(iter(switch))):
            Simulator(switches=switch)


class TestServer:
    def test_the_same_seed_gives_the_same_people(self) -> None:
        seen = []
        for seed in (1, 1, 2):
            with Simulator(contacts=3, seed=seed) as simulator:
                seen.append([each["contact_id"] for each in SideDoor(simulator.url).state()["contacts"]])

        assert seen[0] == seen[1] != seen[2]

    def test_many_requests_at_once_are_all_answered(self, garden: Caller) -> None:
        answers: list[int] = []

        def read() -> None:
            answers.extend(garden.get("/contacts", limit=5).status_code for _ in range(10))

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert answers == [200] * 80
        assert garden.door.state()["requests"]["total"] == 80

    def test_a_stopped_simulator_hangs_up(self) -> None:
        simulator = Simulator().start()
        caller = Caller(simulator)
        with caller.http:
            assert caller.get("/contacts").status_code == 200
            simulator.stop()

            with pytest.raises(httpx.TransportError):
                caller.get("/contacts")

    def test_a_page_of_five_hundred_of_twenty_thousand_is_quick(self) -> None:
        with Simulator(contacts=20_000) as simulator:  # never through a proxy: its own time is measured
            caller = Caller(simulator)
            query: dict[str, str | int] = {"lists": caller.list_id, "status": "all", "include": INCLUDE, "limit": 500}
            caller.get("/contacts", **query)
            times = []
            for _ in range(5):
                begin = time.perf_counter()
                caller.get("/contacts", **query)
                times.append(time.perf_counter() - begin)
            caller.http.close()

            assert min(times) < 0.1  # a third of it on the machine it was written on

    def test_it_serves_until_it_is_told_to_stop(self) -> None:
        code = "from reconciler.simulator import serve; serve(contacts=2)"
        command = [sys.executable, "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
            assert process.stdout is not None
            described = json.loads(process.stdout.readline())
            answer = httpx.get(
                f"{described['api_url']}/contacts",
                headers={"Authorization": f"Bearer {described['access_token']}"},
                trust_env=False,
            )
            process.send_signal(signal.SIGTERM)
            code_at_end = process.wait(timeout=10)

        assert set(described) == {
            "url", "api_url", "auth_url", "api_key", "access_token", "refresh_token", "list_id",
        }  # fmt: skip
        assert len(answer.json()["contacts"]) == 2
        assert code_at_end == 0
