from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import fields
from reconciler.constant_contact import wire
from reconciler.constant_contact.wire import Activity, Mapped
from reconciler.domain import Member, Status
from reconciler.errors import ApiUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LIST = "11111111-1111-4111-8111-111111111111"
CUSTOM = "22222222-2222-4222-8222-222222222222"
ALL = Mapped(LIST, ("first_name", "phone", "home_city", "cf_level"), {"level": CUSTOM})


def mapped(*names: str, **custom_fields: str) -> Mapped:
    return Mapped(LIST, names, custom_fields)


def read(answer: dict[str, Any], of: Mapped) -> Member:
    return wire.member({"contact_id": "00000000-0000-4000-8000-000000000001", **answer}, of)


class TestIncluding:
    def test_only_the_lists_are_asked_for_where_plain_fields_are_mapped(self) -> None:
        assert mapped("first_name", "birthday_day").include == "list_memberships"

    def test_the_sub_resources_of_mapped_fields_are_asked_for(self) -> None:
        assert ALL.include == "list_memberships,phone_numbers,street_addresses,custom_fields"


class TestReadingAMember:
    def test_an_answer_with_everything_is_read(self) -> None:
        answer = {
            "contact_id": "00000000-0000-4000-8000-000000000001",
            "email_address": {"address": "Ann@Example.com", "permission_to_send": "explicit"},
            "first_name": " Ann ",
            "last_name": "Lee",
            "phone_numbers": [{"phone_number": "555-0100", "kind": "other"}],
            "street_addresses": [{"kind": "home", "street": "1 New St", "city": "Rome"}],
            "custom_fields": [{"custom_field_id": CUSTOM, "value": "gold"}],
            "list_memberships": [LIST],
            "updated_at": "2024-05-31T12:00:00Z",
        }

        expected = Member(
            member_id="00000000-0000-4000-8000-000000000001",
            status=Status.EXPLICIT,
            on_list=True,
            address="Ann@Example.com",
            fields={"first_name": "Ann", "phone": "555-0100", "home_city": "Rome", "cf_level": "gold"},
            updated_at=dt.datetime(2024, 5, 31, 12, tzinfo=dt.UTC),
        )
        assert wire.member(answer, ALL) == expected

    def test_places_that_are_filled_by_what_is_not_ours_are_counted(self) -> None:
        answer = {
            "phone_numbers": [{"phone_number": "555-0100", "kind": kind} for kind in ("home", "work", "other")],
            "custom_fields": [{"custom_field_id": found, "value": "x"} for found in (CUSTOM, LIST)],
            "list_memberships": [f"l{number}" for number in range(50)],
        }

        assert read(answer, ALL).occupied == {"phones": 2, "custom_fields": 1, "lists": 50}
        assert read({**answer, "list_memberships": [LIST] * 50}, ALL).occupied == {"phones": 2, "custom_fields": 1}
        assert read(answer, mapped("work_phone")).occupied["phones"] == 2

    def test_a_custom_fields_value_has_the_one_form_of_its_type(self) -> None:
        typed = Mapped(LIST, ("cf_level",), {"level": CUSTOM}, {"level": "number"})
        answer = {"custom_fields": [{"custom_field_id": CUSTOM, "value": " 5.00 "}]}

        assert read(answer, typed).fields == {"cf_level": "5"}

    def test_who_unsubscribed_and_was_deleted_has_opted_out(self) -> None:
        address = {"address": "ann@example.com", "permission_to_send": "unsubscribed"}
        deleted = "2024-05-31T12:00:00Z"

        found = read({"email_address": address, "deleted_at": deleted}, ALL)

        assert found.status is Status.DELETED
        assert found.opted_out_at == dt.datetime(2024, 5, 31, 12, tzinfo=dt.UTC)
        with_date = read(
            {"email_address": {**address, "opt_out_date": "2024-01-01T00:00:00Z"}, "deleted_at": deleted}, ALL
        )
        assert with_date.opted_out_at == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)

    def test_an_answer_with_nothing_but_an_id_is_read(self) -> None:
        assert read({}, ALL) == Member(
            member_id="00000000-0000-4000-8000-000000000001", status=Status.NOT_SET, on_list=None
        )

    @pytest.mark.parametrize(("lists", "on_list"), [([LIST], True), (["another"], False), ([], False)])
    def test_who_is_on_the_list_is_known_by_the_memberships(self, lists: list[str], on_list: bool) -> None:
        assert read({"list_memberships": lists}, ALL).on_list is on_list

    @pytest.mark.parametrize("status", [status for status in Status if status not in ("deleted", "unknown")])
    def test_the_permission_is_the_status(self, status: Status) -> None:
        assert read({"email_address": {"permission_to_send": status.value}}, ALL).status == status

    def test_a_permission_that_is_not_known_is_not_mailable(self) -> None:
        found = read({"email_address": {"permission_to_send": "brand_new"}}, ALL)

        assert found.status == Status.UNKNOWN
        assert not found.status.is_mailable

    def test_a_contact_with_a_time_of_deletion_is_deleted_whatever_its_permission(self) -> None:
        answer = {"email_address": {"permission_to_send": "implicit"}, "deleted_at": "2024-05-31T12:00:00Z"}

        assert read(answer, ALL).status == Status.DELETED

    def test_the_time_of_an_opt_out_is_that_of_its_address(self) -> None:
        answer = {"email_address": {"permission_to_send": "unsubscribed", "opt_out_date": "2024-05-31T12:00:00Z"}}

        assert read(answer, ALL).opted_out_at == dt.datetime(2024, 5, 31, 12, tzinfo=dt.UTC)

    def test_fields_that_are_not_mapped_are_left_out(self) -> None:
        answer = {"first_name": "Ann", "last_name": "Lee", "custom_fields": [{"custom_field_id": "x", "value": "y"}]}

        assert read(answer, mapped("last_name")).fields == {"last_name": "Lee"}

    def test_a_birthday_is_two_numbers(self) -> None:
        answer = {"birthday_month": 5, "birthday_day": 31}

        assert read(answer, mapped("birthday_month", "birthday_day")).fields == {
            "birthday_month": "5",
            "birthday_day": "31",
        }

    def test_each_phone_is_known_by_its_kind(self) -> None:
        phones = [{"kind": kind, "phone_number": kind} for kind in ("home", "work", "mobile", "other", "fax")]

        assert read({"phone_numbers": phones}, mapped(*fields.PHONES[:4])).fields == {
            "home_phone": "home",
            "work_phone": "work",
            "mobile_phone": "mobile",
            "other_phone": "other",
        }

    def test_a_phone_without_a_kind_is_of_kind_other(self) -> None:
        answer = {"phone_numbers": [{"phone_number": "555-0100"}]}

        assert read(answer, mapped("other_phone")).fields == {"other_phone": "555-0100"}

    def test_blank_values_are_left_out(self) -> None:
        answer = {"first_name": "", "custom_fields": [{"custom_field_id": CUSTOM, "value": " "}]}

        assert read(answer, ALL).fields == {}


class TestWritingARow:
    def test_the_address_is_the_key_and_names_are_those_of_the_import(self) -> None:
        values = {
            "first_name": "Ann",
            "birthday_month": "05",
            "home_street": "1 New St",
            "home_postal_code": "12345",
            "work_postal_code": "54321",
            "mobile_phone": "555-0100",
            "cf_level": "gold",
        }

        assert json.loads(wire.import_row("ann@example.com", values)) == {
            "email": "ann@example.com",
            "first_name": "Ann",
            "birthday_month": 5,
            "street": "1 New St",
            "zip": "12345",
            "work_zip": "54321",
            "mobile_phone": "555-0100",
            "cf:level": "gold",
        }

    def test_no_two_fields_share_a_key(self) -> None:
        values = dict.fromkeys(fields.STANDARD, "1")

        assert len(json.loads(wire.import_row("a@example.com", values))) == len(fields.STANDARD) + 1

    @given(st.dictionaries(st.sampled_from(fields.NAMES), st.text(min_size=1, max_size=9)))
    def test_any_text_arrives_as_it_was_sent(self, values: dict[str, str]) -> None:
        row = wire.import_row("a@example.com", values)

        assert json.loads(row) == {"email": "a@example.com", **values}

    @given(st.lists(st.text(max_size=9), max_size=4))
    def test_the_size_of_a_body_is_known_before_it_is_made(self, names: list[str]) -> None:
        rows = [wire.import_row("a@example.com", {"first_name": name}) for name in names]
        body = wire.import_body(rows, LIST)

        assert len(body) == wire.import_overhead(LIST) + sum(map(len, rows)) + max(0, len(rows) - 1)
        assert json.loads(body) == {"import_data": [json.loads(row) for row in rows], "list_ids": [LIST]}


class TestReadingTheRest:
    def test_an_account_is_called_by_its_organization(self) -> None:
        found = wire.account({"encoded_account_id": "p1", "organization_name": "Appalix", "contact_email": "a@b.c"})

        assert (found.encoded_account_id, found.organization) == ("p1", "Appalix")

    def test_a_list_without_a_count_has_no_members(self) -> None:
        assert wire.contact_list({"list_id": LIST, "name": "News"}) == wire.ListFound(LIST, "News", 0)

    def test_an_activity_carries_its_counts_and_the_place_of_its_results(self) -> None:
        answer = {
            "activity_id": "a1",
            "state": "completed",
            "created_at": "2024-05-31T12:00:00Z",
            "status": {"person_count": 2, "error_count": 0, "note": "text"},
            "_links": {"results": {"href": "/v3/x"}},
            "source_file_name": "upload.json",
        }

        created = dt.datetime(2024, 5, 31, 12, tzinfo=dt.UTC)
        counts = {"person_count": 2, "error_count": 0}
        assert wire.activity(answer) == Activity("a1", "completed", counts, created, "/v3/x", "upload.json")

    def test_an_activity_that_has_just_begun_has_nothing_but_an_id(self) -> None:
        assert wire.activity({"activity_id": "a1"}) == Activity("a1", "", {})

    @pytest.mark.parametrize(
        ("state", "has_ended"),
        [
            ("initialized", False),
            ("processing", False),
            ("something new", False),
            ("completed", True),
            ("cancelled", True),
            ("failed", True),
            ("timed_out", True),
        ],
    )
    def test_an_activity_has_ended_in_the_documented_states_only(self, state: str, has_ended: bool) -> None:
        assert Activity("a1", state, {}).has_ended is has_ended


class TestTimes:
    @pytest.mark.parametrize(
        "text", ["2024-05-31T12:00:00Z", "2024-05-31T12:00:00", "2024-05-31T14:00:00+02:00", "2024-05-31T12:00:00.000Z"]
    )
    def test_a_time_is_read_with_or_without_its_zone(self, text: str) -> None:
        assert wire.moment(text) == dt.datetime(2024, 5, 31, 12, tzinfo=dt.UTC)

    @pytest.mark.parametrize("text", [None, "", "yesterday", 5, {}])
    def test_what_is_no_time_is_none(self, text: object) -> None:
        assert wire.moment(text) is None

    def test_a_time_is_asked_for_in_utc_without_a_plus_sign(self) -> None:
        there = dt.datetime(2024, 5, 31, 14, tzinfo=dt.timezone(dt.timedelta(hours=2)))

        assert wire.stamp(there) == "2024-05-31T12:00:00Z"


@pytest.mark.parametrize("read", [wire.account, wire.contact_list, wire.custom_field, wire.activity])
def test_an_answer_that_lacks_what_its_contract_promises_is_trouble_that_passes(
    read: Callable[[Mapping[str, Any]], object],
) -> None:
    with pytest.raises(ApiUnavailable, match="form"):
        read({"something": "else"})
