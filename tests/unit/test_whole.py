from __future__ import annotations

import json
from typing import Any

from reconciler.constant_contact import wire
from reconciler.constant_contact.whole import Whole, creation, replacement

LIST, TIER, SIZE = "list-1", "field-1", "field-2"
MAPPED = wire.Mapped(LIST, ("first_name", "mobile_phone", "home_city", "cf_tier"), {"tier": TIER})
PHONES = [{"phone_number_id": "p1", "phone_number": "555-0100", "kind": "work", "created_at": "2026-01-01T00:00:00Z"}]
PLACES = [{"street_address_id": "a1", "kind": "home", "street": "1 Road", "city": "Rome"}]
ANSWER: dict[str, Any] = {
    "contact_id": "00000000-0000-4000-8000-000000000001",
    "email_address": {"address": "ann@example.com", "permission_to_send": "explicit", "opt_in_source": "Contact"},
    "first_name": "Ann",
    "company_name": "Bakery",
    "birthday_month": 5,
    "birthday_day": 31,
    "list_memberships": ["list-9", LIST],
    "taggings": ["tag-1"],
    "notes": [{"note_id": "n1", "content": "likes bread"}],
    "phone_numbers": PHONES,
    "street_addresses": PLACES,
    "custom_fields": [{"custom_field_id": SIZE, "value": "", "choice_ids": ["000001"]}],
}


def whole(**changed: Any) -> Whole:
    answer = {**ANSWER, **changed}
    return Whole(wire.member(answer, MAPPED), answer)


def body(address: str = "ann@example.com", **values: str) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(replacement(whole(), address, values, MAPPED))
    return sent


def test_another_address_takes_all_of_the_top_level_along_and_no_sub_resource() -> None:
    assert body("new@example.com") == {
        "email_address": {"address": "new@example.com", "permission_to_send": "explicit"},
        "first_name": "Ann",
        "company_name": "Bakery",
        "birthday_month": 5,
        "birthday_day": 31,
        "update_source": "Account",
    }


def test_the_lists_are_never_sent() -> None:
    assert "list_memberships" not in body(first_name="Anna", mobile_phone="1", home_city="Bonn", cf_tier="gold")


def test_a_changed_phone_leaves_the_others() -> None:
    assert body(mobile_phone="555-0199")["phone_numbers"] == [
        {"phone_number": "555-0100", "kind": "work"},
        {"phone_number": "555-0199", "kind": "mobile"},
    ]


def test_the_unprefixed_phone_is_of_kind_other() -> None:
    assert body(phone="555-0199")["phone_numbers"][-1] == {"phone_number": "555-0199", "kind": "other"}


def test_a_cleared_phone_goes_and_the_others_stay() -> None:
    assert body(work_phone="")["phone_numbers"] == []


def test_a_changed_part_of_an_address_leaves_its_other_parts() -> None:
    assert body(home_city="Bonn")["street_addresses"] == [{"kind": "home", "street": "1 Road", "city": "Bonn"}]


def test_a_changed_custom_field_leaves_the_others_with_their_choices() -> None:
    assert body(cf_tier="gold")["custom_fields"] == [
        {"custom_field_id": SIZE, "value": "", "choice_ids": ["000001"]},
        {"custom_field_id": TIER, "value": "gold"},
    ]


def test_an_empty_value_clears_a_field_of_the_top_level_by_leaving_it_out() -> None:
    assert "company_name" not in body(company_name="")


def test_a_cleared_birthday_goes_whole() -> None:
    sent = body(birthday_month="", birthday_day="")

    assert not {"birthday_month", "birthday_day"} & set(sent)


def test_a_new_contact_is_implicit_and_on_the_one_list() -> None:
    values = {"first_name": "Ann", "birthday_month": "5", "birthday_day": "1"}

    assert json.loads(creation("ann@example.com", values, MAPPED)) == {
        "email_address": {"address": "ann@example.com", "permission_to_send": "implicit"},
        "first_name": "Ann",
        "birthday_month": 5,
        "birthday_day": 1,
        "create_source": "Account",
        "list_memberships": [LIST],
    }


def test_a_contact_is_kept_where_permission_lists_tags_and_notes_are_as_before() -> None:
    assert whole().is_kept_by(whole(first_name="Anna", list_memberships=[LIST, "list-9"]))


def test_another_permission_is_seen() -> None:
    assert not whole().is_kept_by(whole(email_address={"address": "ann@example.com", "permission_to_send": "implicit"}))


def test_a_lost_list_or_tag_is_seen() -> None:
    assert not whole().is_kept_by(whole(list_memberships=[LIST]))
    assert not whole().is_kept_by(whole(taggings=[]))
