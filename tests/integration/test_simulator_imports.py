"""What an import does in the simulated Constant Contact, and what it leaves alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.simulated import Caller

pytestmark = pytest.mark.http


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
        url, headers = "/v3/activities/contacts_json_import", caller.headers()
        broken = caller.http.post(url, content="{", headers={**headers, "Content-Type": "application/json"})
        text = caller.http.post(url, content="{}", headers={**headers, "Content-Type": "text/plain"})

        assert (broken.status_code, text.status_code) == (400, 415)

    def test_a_body_in_chunks_is_read_too(self, caller: Caller) -> None:
        body = json.dumps({"import_data": [{"email": "a@example.com"}], "list_ids": [caller.list_id]}).encode()
        headers = {**caller.headers(), "Content-Type": "application/json"}
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
        headers = {**caller.headers(), "Content-Type": "application/json; charset=utf-8"}
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


class TestUnknowns:
    """What documentation leaves open: each way has its switch."""

    def test_blanks_can_clear(self, caller: Caller) -> None:
        caller.create("a@example.com", fields={"first_name": "Ivy", "phone": "555-555-0001"})
        caller.door.switch(import_blanks="cleared")
        caller.load({"email": "a@example.com", "first_name": "", "phone": ""})
        person = caller.who("a@example.com")

        assert "first_name" not in person
        assert person["phone_numbers"] == []

    @pytest.mark.off_contract
    def test_an_import_that_is_too_big_can_be_refused_as_a_whole(self, caller: Caller) -> None:
        caller.door.switch(truncated_body="refused")
        rows = [{"email": f"p{number:05d}@example.com", "street": "s" * 250} for number in range(14_000)]

        assert caller.send(rows).status_code == 400
        assert caller.walk() == []

    def test_the_total_can_leave_out_the_header_that_json_has_not(self, caller: Caller) -> None:
        assert caller.load({"email": "a@example.com"})["items_total_count"] == 2

        caller.door.switch(total_counts_header=False)
        assert caller.load({"email": "a@example.com"})["items_total_count"] == 1

    def test_joining_by_import_can_start_automations_once_for_each_list(self, caller: Caller) -> None:
        caller.load({"email": "before@example.com"})
        caller.door.switch(imports_start_automations=True)
        caller.create("known@example.com", list_id=None)
        for _ in range(2):
            caller.load({"email": "new@example.com"}, {"email": "known@example.com"}, {"email": "before@example.com"})

        assert caller.door.state()["automations"] == {caller.list_id: 2}

    def test_an_address_imported_too_often_can_count_as_abuse(self, caller: Caller) -> None:
        caller.door.switch(signup_abuse_most=2, signup_abuse_counts_imports=True)
        counts = [caller.load({"email": "a@example.com"})["correctable_count"] for _ in range(3)]

        assert counts == [0, 0, 1]
        caller.door.switch(signup_abuse_counts_imports=False)
        assert caller.load({"email": "a@example.com"})["correctable_count"] == 0

    def test_more_custom_fields_than_a_contact_may_have_are_dropped(self, caller: Caller) -> None:
        names = [caller.door.custom_field(label=f"Field {at}")["name"] for at in range(26)]
        caller.load({"email": "a@example.com", **{f"cf:{name}": "x" for name in names}})

        assert len(caller.who("a@example.com")["custom_fields"]) == 25

    def test_states_can_be_abbreviated_and_addresses_put_in_lower_case(self, caller: Caller) -> None:
        caller.door.switch(abbreviate_states=True, lower_case_addresses=True)
        caller.load({"email": "Ivy@Example.com", "home_state": "new york"})
        person = caller.who("ivy@example.com")

        assert person["email_address"]["address"] == "ivy@example.com"
        assert person["street_addresses"][0]["state"] == "NY"
