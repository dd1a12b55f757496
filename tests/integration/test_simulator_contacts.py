"""Writes of one contact in the simulated Constant Contact: what they change, what they leave, whom they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulated import DAY, INCLUDE, Caller

pytestmark = pytest.mark.http

ADDRESS = "fern@example.com"


def made(caller: Caller, address: str = ADDRESS, permission: str = "implicit", **more: object) -> dict[str, Any]:
    """Create a contact by the API, on the list."""
    email = {"address": address, "permission_to_send": permission}
    body = {"create_source": "Account", "email_address": email, "list_memberships": [caller.list_id], **more}
    answer = caller.post("/contacts", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def put(caller: Caller, contact: dict[str, Any], **more: object) -> dict[str, Any]:
    """Write a contact back as it was sent, with changes."""
    email = {"address": contact["email_address"]["address"]}
    answer = caller.put(
        f"/contacts/{contact['contact_id']}", {"update_source": "Account", "email_address": email, **more}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestCreating:
    def test_a_created_contact_comes_back_whole_and_is_found(self, caller: Caller) -> None:
        contact = made(
            caller,
            first_name="Fern",
            phone_numbers=[{"kind": "mobile", "phone_number": "+44 20 5555 0001"}],
            street_addresses=[{"kind": "home", "city": "Westlake"}],
        )

        assert contact["email_address"]["permission_to_send"] == "implicit"
        assert contact["email_address"]["opt_in_source"] == contact["create_source"] == "Account"
        assert contact["phone_numbers"][0]["phone_number"] == "+44 20 5555 0001"
        assert contact["street_addresses"][0]["city"] == "Westlake"
        assert caller.who(ADDRESS) == contact

    @pytest.mark.off_contract
    def test_all_that_is_wrong_is_said_in_one_message(self, caller: Caller) -> None:
        answer = caller.post("/contacts", {"first_name": "F" * 51})

        assert answer.status_code == 400
        assert len(answer.json()) == 1
        assert answer.json()[0]["error_message"].split(", ") == [
            "create_source is missing",
            "create_source does not have a valid value",
            "first_name is longer than 50 characters",
        ]

    def test_without_create_source_it_is_refused_in_the_providers_words(self, caller: Caller) -> None:
        answer = caller.post("/contacts", {"first_name": "Fern"})

        assert answer.json() == [
            {
                "error_key": "contacts.api.validation.error",
                "error_message": "create_source is missing, create_source does not have a valid value",
            }
        ]

    @pytest.mark.parametrize("deleted", [False, True])
    def test_an_address_that_is_known_is_a_conflict_that_names_its_contact(
        self, caller: Caller, *, deleted: bool
    ) -> None:
        known = made(caller)["contact_id"]
        if deleted:
            caller.delete(f"/contacts/{known}")
        body = {"create_source": "Account", "email_address": {"address": ADDRESS.upper()}}
        answer = caller.post("/contacts", body)

        assert answer.status_code == 409
        assert answer.json() == [
            {
                "error_key": "contacts.api.conflict",
                "error_message": f"Validation failed: Email already exists for contact {known}",
            }
        ]

    @pytest.mark.off_contract
    def test_text_is_no_contact(self, caller: Caller) -> None:
        headers = {**caller.headers(), "Content-Type": "text/plain"}

        assert caller.http.post("/v3/contacts", content="{}", headers=headers).status_code == 415

    @pytest.mark.off_contract
    @pytest.mark.parametrize(
        ("wrong", "named"),
        [
            ({"email_address": {"address": f"{'x' * 69}@example.com"}}, "email_address.address"),
            ({"email_address": {"address": "no address"}}, "email_address.address"),
            ({"phone_numbers": [{"kind": kind} for kind in ("home", "work", "mobile", "other")]}, "phone_numbers"),
            ({"phone_numbers": [{"kind": "home", "phone_number": "5" * 26}]}, "phone_number"),
            ({"phone_numbers": [{"kind": "fax"}]}, "kind"),
            ({"street_addresses": [{"kind": "home", "city": "C" * 51}]}, "city"),
            ({"street_addresses": [{"kind": "home"}, {"kind": "home"}]}, "kind"),
            ({"custom_fields": [{"custom_field_id": "6d2c1a70-9b1e-11f0-8f3a-5b0f2d1c7e01"}]}, "custom_field_id"),
            ({"list_memberships": ["6d2c1a70-9b1e-11f0-8f3a-5b0f2d1c7e99"]}, "list_memberships"),
            ({"taggings": ["6d2c1a70-9b1e-11f0-8f3a-5b0f2d1c7e99"]}, "taggings"),
            ({"birthday_month": 3}, "birthday"),
            ({"birthday_month": 2, "birthday_day": 30}, "birthday"),
            ({"anniversary": "soon"}, "anniversary"),
        ],
    )
    def test_what_does_not_fit_is_named(self, caller: Caller, wrong: dict[str, Any], named: str) -> None:
        answer = caller.post("/contacts", {"create_source": "Account", "first_name": "Fern", **wrong})

        assert answer.status_code == 400
        assert named in answer.json()[0]["error_message"]
        assert caller.walk(status="all") == []

    def test_an_address_of_eighty_characters_is_taken(self, caller: Caller) -> None:
        assert made(caller, f"{'x' * 68}@example.com")["email_address"]["address"].startswith("xxx")

    @pytest.mark.off_contract
    def test_more_custom_fields_are_taken_where_the_cap_is_higher(self, caller: Caller) -> None:
        ids = [caller.door.custom_field(label=f"Field {at}")["custom_field_id"] for at in range(26)]
        fields = [{"custom_field_id": each, "value": "x"} for each in ids]
        body = {"create_source": "Account", "first_name": "Fern", "custom_fields": fields}

        assert caller.post("/contacts", body).status_code == 400
        caller.door.switch(custom_fields_most=50)
        assert len(caller.post("/contacts", body).json()["custom_fields"]) == 26


class TestPutting:
    def test_what_is_left_out_is_gone_but_not_what_hangs_on_the_contact(self, caller: Caller) -> None:
        field = caller.door.state()["custom_fields"][0]["custom_field_id"]
        before = made(
            caller,
            first_name="Fern",
            company_name="Garden",
            phone_numbers=[{"kind": "home", "phone_number": "555-555-0001"}],
            street_addresses=[{"kind": "home", "city": "Westlake"}],
            custom_fields=[{"custom_field_id": field, "value": "C7"}],
        )
        tag = caller.door.tag(name="Gold")["tag_id"]
        caller.door.contact(action="tag", email=ADDRESS, tag_id=tag)
        caller.door.contact(action="note", email=ADDRESS, content="prefers shade")
        caller.door.advance(60)
        after = put(caller, before, last_name="Hill")

        assert after["last_name"] == "Hill"
        assert not {"first_name", "company_name"} & set(after)
        for kept in ("phone_numbers", "street_addresses", "custom_fields", "list_memberships"):
            assert after[kept] == before[kept]
        assert after["taggings"] == [tag]
        assert after["notes"][0]["content"] == "prefers shade"
        assert after["updated_at"] > before["updated_at"]
        assert after["email_address"] == before["email_address"]

    def test_what_is_included_replaces_the_whole_set(self, caller: Caller) -> None:
        phones = [{"kind": "home", "phone_number": "555-555-0001"}, {"kind": "work", "phone_number": "555-555-0002"}]
        before = made(caller, phone_numbers=phones)
        after = put(caller, before, phone_numbers=phones[:1], list_memberships=[], street_addresses=[])

        assert [each["kind"] for each in after["phone_numbers"]] == ["home"]
        assert after["phone_numbers"][0]["phone_number_id"] != before["phone_numbers"][0]["phone_number_id"]
        assert after["list_memberships"] == []

    def test_tags_and_notes_that_are_written_back_are_the_same(self, caller: Caller) -> None:
        before = made(caller)
        caller.door.contact(action="tag", email=ADDRESS, tag_id=caller.door.tag(name="Gold")["tag_id"])
        caller.door.contact(action="note", email=ADDRESS, content="prefers shade")
        read = caller.get(f"/contacts/{before['contact_id']}", include=INCLUDE).json()
        after = put(caller, before, taggings=read["taggings"], notes=read["notes"])

        assert (after["taggings"], after["notes"]) == (read["taggings"], read["notes"])
        assert put(caller, before, taggings=[], notes=[])["taggings"] == []
        assert caller.get("/contact_tags", include_count="true").json()["tags"][0]["contacts_count"] == 0

    def test_an_address_can_be_changed_unless_it_is_anothers(self, caller: Caller) -> None:
        before, other = made(caller), made(caller, "ivy@example.com")
        body = {"update_source": "Account", "email_address": {"address": "Ivy@example.com"}}
        refused = caller.put(f"/contacts/{before['contact_id']}", body)
        after = put(caller, before, email_address={"address": "fern.hill@example.com"})

        assert refused.status_code == 409
        assert other["contact_id"] in refused.json()[0]["error_message"]
        assert after["contact_id"] == before["contact_id"]
        assert caller.who("fern.hill@example.com")["list_memberships"] == [caller.list_id]
        assert caller.get("/contacts", email=ADDRESS, status="all").json()["contacts"] == []

    @pytest.mark.parametrize("switch", ["kept", "removed"])
    def test_an_address_that_is_left_out_is_kept_or_removed(self, caller: Caller, switch: str) -> None:
        caller.door.switch(put_without_email=switch)
        path = f"/contacts/{made(caller)['contact_id']}"
        after = caller.put(path, {"update_source": "Account", "first_name": "Fern"}).json()

        assert ("email_address" in after) is (switch == "kept")

    def test_the_deleted_come_back_without_their_lists(self, caller: Caller) -> None:
        before = made(caller)
        caller.delete(f"/contacts/{before['contact_id']}")
        after = put(caller, before)

        assert "deleted_at" not in after
        assert after["list_memberships"] == []

    def test_only_the_account_brings_the_deleted_back(self, caller: Caller) -> None:
        before = made(caller)
        caller.delete(f"/contacts/{before['contact_id']}")
        answer = caller.put(f"/contacts/{before['contact_id']}", {"update_source": "Contact", "first_name": "Fern"})

        assert answer.status_code == 400

    def test_the_unsubscribed_stay_so_and_nobody_gives_them_permission(self, caller: Caller) -> None:
        before = made(caller)
        caller.door.contact(action="unsubscribe", email=ADDRESS)
        email = {"address": ADDRESS, "permission_to_send": "explicit"}
        path = f"/contacts/{before['contact_id']}"
        refused = caller.put(path, {"update_source": "Account", "email_address": email})
        after = put(caller, before, first_name="Fern")

        assert refused.status_code == 400
        assert "unsubscribed" in refused.text
        assert after["email_address"]["permission_to_send"] == "unsubscribed"
        caller.delete(path)
        assert put(caller, before)["email_address"]["permission_to_send"] == "unsubscribed"

    def test_a_put_can_unsubscribe_and_says_who_wanted_it(self, caller: Caller) -> None:
        email = {"address": ADDRESS, "permission_to_send": "unsubscribed", "opt_out_reason": "moved"}
        after = put(caller, made(caller), email_address=email)["email_address"]

        assert (after["permission_to_send"], after["opt_out_source"]) == ("unsubscribed", "Account")
        assert after["opt_out_reason"] == "moved"
        assert "opt_in_source" not in after

    @pytest.mark.off_contract
    def test_without_update_source_it_is_refused(self, caller: Caller) -> None:
        answer = caller.put(f"/contacts/{made(caller)['contact_id']}", {"first_name": "Fern"})

        assert answer.status_code == 400
        assert "update_source is missing" in answer.text

    def test_an_unknown_contact_is_not_found(self, caller: Caller) -> None:
        answer = caller.put(f"/contacts/{caller.list_id}", {"update_source": "Account"})

        assert answer.status_code == 404
        assert answer.json()[0]["error_key"] == "contacts.api.not_found"

    def test_a_first_name_with_dots_is_refused_by_a_switch(self, caller: Caller) -> None:
        before = made(caller)
        assert put(caller, before, first_name="K.C.")["first_name"] == "K.C."

        caller.door.switch(refuse_dots_in_first_name=True)
        path = f"/contacts/{before['contact_id']}"
        answer = caller.put(path, {"update_source": "Account", "first_name": "K.C."})
        assert answer.status_code == 400
        assert "first_name" in answer.text
        assert caller.load({"email": ADDRESS, "first_name": "T.J."})["person_count"] == 1

    def test_single_writes_take_phones_from_abroad_whatever_imports_do(self, caller: Caller) -> None:
        caller.door.switch(international_phones="ignored")
        after = put(caller, made(caller), phone_numbers=[{"kind": "home", "phone_number": "+44 20 5555 0001"}])

        assert after["phone_numbers"][0]["phone_number"] == "+44 20 5555 0001"

    def test_values_are_shown_as_the_switches_say(self, caller: Caller) -> None:
        caller.door.switch(
            phone_format="us_dashes", fold_names=True, trim=True, abbreviate_states=True, lower_case_addresses=True
        )
        after = put(
            caller,
            made(caller, "Fern@Example.com"),
            first_name=" FERN ",
            phone_numbers=[{"kind": "home", "phone_number": "(555) 555 0001"}],
            street_addresses=[{"kind": "home", "state": "Illinois"}, {"kind": "work", "state": "Ontario"}],
        )

        assert after["first_name"] == "Fern"
        assert after["phone_numbers"][0]["phone_number"] == "555-555-0001"
        assert [each["state"] for each in after["street_addresses"]] == ["IL", "Ontario"]
        assert after["email_address"]["address"] == ADDRESS


class TestSignUpForm:
    def signed_up(self, caller: Caller, address: str = ADDRESS, **more: object) -> Any:
        body = {"email_address": address, "list_memberships": [caller.list_id], **more}
        return caller.post("/contacts/sign_up_form", body)

    def test_somebody_new_is_explicit_by_their_own_wish(self, caller: Caller) -> None:
        answer = self.signed_up(caller, first_name="Fern", phone_number="555-555-0001")
        person = caller.who(ADDRESS)

        assert answer.status_code == 201
        assert answer.json() == {"contact_id": person["contact_id"], "action": "created"}
        assert person["email_address"]["permission_to_send"] == "explicit"
        assert person["email_address"]["opt_in_source"] == "Contact"
        assert person["first_name"] == "Fern"

    def test_it_subscribes_the_unsubscribed_again_and_revives_the_deleted(self, caller: Caller) -> None:
        """Which is why nothing that serves a CRM may call it."""
        for action in ("unsubscribe", "delete"):
            address = f"{action}@example.com"
            caller.create(address)
            caller.door.contact(action=action, email=address)
            answer = self.signed_up(caller, address)
            person = caller.who(address)

            assert (answer.status_code, answer.json()["action"]) == (200, "updated")
            assert person["email_address"]["permission_to_send"] == "explicit"
            assert "opt_out_date" not in person["email_address"]
            assert "deleted_at" not in person
            assert person["list_memberships"] == [caller.list_id]

    def test_it_only_adds(self, caller: Caller) -> None:
        other = caller.door.list(action="create", name="Others")["list_id"]
        made(caller, first_name="Fern", list_memberships=[other])
        self.signed_up(caller, last_name="Hill", street_address={"kind": "home", "city": "Westlake"})
        person = caller.who(ADDRESS)

        assert (person["first_name"], person["last_name"]) == ("Fern", "Hill")
        assert person["list_memberships"] == [other, caller.list_id]
        assert person["street_addresses"][0]["city"] == "Westlake"

    def test_with_confirmed_opt_in_somebody_new_has_to_confirm(self, caller: Caller) -> None:
        caller.door.switch(confirmed_opt_in=True)
        self.signed_up(caller)

        assert caller.who(ADDRESS)["email_address"]["permission_to_send"] == "pending_confirmation"

    @pytest.mark.off_contract
    def test_an_address_beyond_fifty_characters_or_no_list_is_refused(self, caller: Caller) -> None:
        assert self.signed_up(caller, f"{'x' * 40}@example.com").status_code == 400
        assert self.signed_up(caller, list_memberships=[]).status_code == 400
        assert caller.walk(status="all") == []


class TestDeleting:
    def test_a_deleted_contact_is_off_every_list_and_still_there(self, caller: Caller) -> None:
        path = f"/contacts/{made(caller)['contact_id']}"
        answer = caller.delete(path)
        person = caller.get(path, include="list_memberships").json()

        assert (answer.status_code, answer.content) == (204, b"")
        assert "deleted_at" in person
        assert person["list_memberships"] == []

    def test_an_unknown_contact_cannot_be_deleted(self, caller: Caller) -> None:
        assert caller.delete(f"/contacts/{caller.list_id}").status_code == 404


class TestTooOften:
    def test_an_address_written_too_often_is_no_address_for_two_days(self, caller: Caller) -> None:
        caller.door.switch(signup_abuse_most=2)
        before = made(caller)
        put(caller, before)
        path = f"/contacts/{before['contact_id']}"
        body = {"update_source": "Account", "email_address": {"address": ADDRESS}}

        refused = caller.put(path, body)
        assert refused.status_code == 400
        assert "not a valid email address" in refused.text
        assert made(caller, "other@example.com")
        caller.door.advance(2 * DAY - 60)
        assert caller.put(path, body).status_code == 400
        caller.door.advance(61)
        assert caller.put(path, body).status_code == 200


class TestHistory:
    def test_single_writes_say_whom_they_were_about_but_not_what(self, caller: Caller) -> None:
        contact = made(caller, first_name="Secretive")
        put(caller, contact, first_name="Secretive")
        caller.delete(f"/contacts/{contact['contact_id']}")
        created, written, deleted = caller.door.state()["history"]

        assert created["emails"] == written["emails"] == [ADDRESS]
        assert written["contact_id"] == deleted["contact_id"] == contact["contact_id"]
        assert "Secretive" not in str((created, written, deleted))


class TestListsAndFields:
    def test_a_list_is_made_once_and_deleted_by_an_activity(self, caller: Caller) -> None:
        first = caller.post("/contact_lists", {"name": "Herbs", "description": "of spring"})
        again = caller.post("/contact_lists", {"name": "Herbs"})
        list_id = first.json()["list_id"]
        made(caller, list_memberships=[list_id])
        gone = caller.delete(f"/contact_lists/{list_id}")
        activity = caller.get(f"/activities/{gone.json()['activity_id']}").json()

        assert (first.status_code, again.status_code, gone.status_code) == (201, 409, 202)
        assert gone.headers["location"] == f"/v3/activities/{activity['activity_id']}"
        assert activity["state"] == "completed"
        assert caller.get(f"/contact_lists/{list_id}").status_code == 404
        assert caller.who(ADDRESS)["list_memberships"] == []

    def test_a_custom_field_is_made_once_and_takes_its_values_with_it(self, caller: Caller) -> None:
        first = caller.post("/contact_custom_fields", {"label": "Shoe size", "type": "number"})
        again = caller.post("/contact_custom_fields", {"label": "Shoe size", "type": "string"})
        field = first.json()["custom_field_id"]
        made(caller, custom_fields=[{"custom_field_id": field, "value": "44"}])

        assert (first.status_code, again.status_code) == (201, 409)
        assert first.json()["name"] == "shoe_size"
        assert caller.get(f"/contact_custom_fields/{field}").json() == first.json()
        assert caller.delete(f"/contact_custom_fields/{field}").status_code == 204
        assert caller.who(ADDRESS)["custom_fields"] == []
        assert caller.delete(f"/contact_custom_fields/{field}").status_code == 404

    def test_some_accounts_know_text_and_dates_only(self, caller: Caller) -> None:
        caller.door.switch(custom_field_types="string_and_date")

        assert caller.post("/contact_custom_fields", {"label": "Shoe size", "type": "number"}).status_code == 400
        assert caller.post("/contact_custom_fields", {"label": "Since", "type": "date"}).status_code == 201
