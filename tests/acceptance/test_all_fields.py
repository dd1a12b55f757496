"""The whole contact model, end to end: imported, read back, and silent the second time; and its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

TYPES = ("string", "text_area", "number", "currency", "date", "datetime", "boolean")
#: A value for each type, as a CRM may write it, and how it is sent.
VALUES = {
    "string": ("as it is", "as it is"),
    "text_area": ("a longer text, of a few words", "a longer text, of a few words"),
    "number": ("5.00", "5"),
    "currency": ("1200.50", "1200.5"),
    "date": ("5/31/2024", "2024-05-31"),
    "datetime": ("2024-05-31 14:00:00+02", "2024-05-31T12:00:00Z"),
    "boolean": ("t", "true"),
}
CUSTOM = {f"f{number}": TYPES[number % len(TYPES)] for number in range(25)}
NAMES = {"first_name": "Ada", "last_name": "Lovelace", "job_title": "Countess", "company_name": "Analytical Engines"}
DATES = {"birthday_month": "12", "birthday_day": "10", "anniversary": "1835-07-08"}
PHONES = {"mobile_phone": "555-010-0123", "work_phone": "555-010-0124", "home_phone": "555-010-0125"}
ADDRESSES = {
    f"{kind}_{part}": f"{kind} {part}"
    for kind in ("home", "work", "other")
    for part in ("street", "city", "state", "postal_code", "country")
}


def people(installation: Installation, *rows: dict[str, str]) -> None:
    """A CRM table of text columns, with these rows."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    installation.sql(f"CREATE TABLE people ({', '.join(f'{name} text' for name in columns)})")
    for row in rows:
        marks = ", ".join(["%s"] * len(row))
        installation.sql(f"INSERT INTO people ({', '.join(row)}) VALUES ({marks})", *row.values())
    (installation.folder / "people.sql").write_text("SELECT * FROM people")


def connect(installation: Installation) -> Said:
    return installation.connect("acme", "--contacts-sql", "people.sql")


def define(installation: Installation, **types: str) -> None:
    for label, type_ in types.items():
        installation.api.door.custom_field(label=label, type=type_)


def silent(installation: Installation) -> None:
    """A second run and a forced full one change nothing."""
    imports = installation.api.imported()
    assert installation.run()["api"]["calls"] == 0
    full = installation.run("acme", "--full")
    assert (full["counts"]["added"], full["counts"]["updated"], full["drift"]["members"]) == (0, 0, 0)
    assert installation.api.imported() == imports


def custom_values(installation: Installation, address: str) -> dict[str, str]:
    state = installation.api.door.state()
    names = {found["custom_field_id"]: found["name"] for found in state["custom_fields"]}
    there = installation.api.members()[address]["custom_fields"]
    return {names[found["custom_field_id"]]: found["value"] for found in there}


def test_every_field_of_the_contact_model_arrives_and_stays(installation: Installation) -> None:
    define(installation, **CUSTOM)
    custom = {f"cf_{name}": VALUES[type_][0] for name, type_ in CUSTOM.items()}
    people(
        installation,
        {"contact_id": "1", "email": "ada@example.com", **NAMES, **DATES, **PHONES, **ADDRESSES, **custom},
    )
    assert connect(installation).code == 0

    report = installation.run()

    assert (report["state"], report["counts"]["added"], report["field_refused"]) == ("completed", 1, 0)
    there = installation.api.members()["ada@example.com"]
    assert {name: there[name] for name in NAMES} == NAMES
    assert {name: str(there[name]) for name in DATES} == DATES
    assert {f"{phone['kind']}_phone": phone["phone_number"] for phone in there["phone_numbers"]} == PHONES
    assert {
        f"{place['kind']}_{part}": place[part]
        for place in there["street_addresses"]
        for part in ("street", "city", "state", "postal_code", "country")
    } == ADDRESSES
    assert custom_values(installation, "ada@example.com") == {name: VALUES[type_][1] for name, type_ in CUSTOM.items()}
    silent(installation)


@pytest.mark.parametrize(
    ("type_", "before", "same", "other"),
    [
        ("number", "5", "5.00", "6"),
        ("currency", "9.90", "9.9", "9.95"),
        ("date", "2024-05-31", "05/31/2024", "2024-06-01"),
        ("datetime", "2024-05-31 12:00:00+00", "2024-05-31T14:00:00+02:00", "2024-05-31 13:00:00+00"),
        ("boolean", "yes", "true", "no"),
        ("string", "5", "5", "5.00"),
    ],
)
def test_a_value_in_another_form_of_its_type_is_no_change(
    installation: Installation, type_: str, before: str, same: str, other: str
) -> None:
    define(installation, thing=type_)
    people(installation, {"contact_id": "1", "email": "ada@example.com", "cf_thing": before})
    connect(installation)
    installation.run()

    installation.sql("UPDATE people SET cf_thing = %s", same)
    assert installation.run()["api"]["calls"] == 0
    installation.sql("UPDATE people SET cf_thing = %s", other)
    assert installation.run()["counts"]["updated"] == 1


def test_a_value_written_there_in_another_form_is_the_same(installation: Installation) -> None:
    define(installation, since="date", seats="number")
    door, list_id = installation.api.door, installation.api.list_id
    there = {"cf:since": "5/31/2024", "cf:seats": "5.0"}
    door.contact(action="create", email="ada@example.com", list_id=list_id, fields=there)
    row = {"contact_id": "1", "email": "ada@example.com", "cf_since": "2024-05-31", "cf_seats": "5"}
    people(installation, row)
    connect(installation)

    assert installation.run()["counts"]["unchanged"] == 1
    assert installation.api.imported() == []


def test_a_value_that_does_not_fit_is_left_out_and_said(installation: Installation) -> None:
    define(installation, seats="number", since="date")
    row = {"contact_id": "1", "email": "ada@example.com", "cf_seats": "many", "cf_since": "2024-05-31"}
    people(installation, row)
    connect(installation)

    report = installation.run()

    assert (report["counts"]["added"], report["field_refused"]) == (1, 1)
    assert ("1", "skip", "cf_seats", "skipped", "field_refused") in installation.rows(report["run_id"])
    assert custom_values(installation, "ada@example.com") == {"since": "2024-05-31"}
    silent(installation)


def test_a_field_that_is_changed_to_what_does_not_fit_is_said_once(installation: Installation) -> None:
    define(installation, seats="number")
    people(installation, {"contact_id": "1", "email": "ada@example.com", "cf_seats": "5"})
    connect(installation)
    installation.run()
    installation.sql("UPDATE people SET cf_seats = 'many'")

    said = installation.run()

    assert (said["field_refused"], said["counts"]["unchanged"], said["api"]["calls"]) == (1, 1, 0)
    assert installation.run()["field_refused"] == 0
    assert custom_values(installation, "ada@example.com") == {"seats": "5"}


@pytest.mark.parametrize("type_", ["single_select", "multi_select", "hologram"])
def test_a_custom_field_that_needs_a_choice_is_found_when_connecting(installation: Installation, type_: str) -> None:
    define(installation, colour=type_)
    people(installation, {"contact_id": "1", "email": "ada@example.com", "cf_colour": "red", "cf_nothing": "x"})

    said = connect(installation)

    assert said.code == 2
    assert f"the custom field 'colour' is of type {type_}, which can't be filled from a CRM" in said.err
    assert "the account has no custom field 'nothing'" in said.err
    assert "leave the column cf_NAME out" in said.err


def _with_phones(installation: Installation, *kinds: str) -> dict[str, Any]:
    phones = {f"{kind}_phone": f"555-010-020{number}" for number, kind in enumerate(kinds)}
    door = installation.api.door
    return door.contact(action="create", email="ada@example.com", list_id=installation.api.list_id, fields=phones)


def test_a_fourth_phone_is_left_out_before_it_is_sent(installation: Installation) -> None:
    _with_phones(installation, "home", "other")
    row = {"contact_id": "1", "email": "ada@example.com", "mobile_phone": "555-010-0300", "work_phone": "555-010-0301"}
    people(installation, row)
    connect(installation)

    report = installation.run()

    assert (report["state"], report["counts"]["updated"], report["field_refused"]) == ("completed", 1, 1)
    assert ("1", "skip", "work_phone", "skipped", "field_refused") in installation.rows(report["run_id"])
    kinds = {phone["kind"] for phone in installation.api.members()["ada@example.com"]["phone_numbers"]}
    assert kinds == {"home", "other", "mobile"}
    silent(installation)


def test_a_contact_with_three_other_phones_is_said_and_left_alone(installation: Installation) -> None:
    _with_phones(installation, "home", "other", "work")
    people(installation, {"contact_id": "1", "email": "ada@example.com", "mobile_phone": "555-010-0300"})
    connect(installation)

    report = installation.run()

    assert (report["counts"]["unchanged"], report["field_refused"]) == (1, 1)
    assert installation.api.imported() == []


def test_a_twenty_sixth_custom_field_is_left_out_before_it_is_sent(installation: Installation) -> None:
    define(installation, **{f"old{number}": "string" for number in range(24)}, new1="string", new2="string")
    there = {f"cf:old{number}": "x" for number in range(24)}
    door, list_id = installation.api.door, installation.api.list_id
    door.contact(action="create", email="ada@example.com", list_id=list_id, fields=there)
    people(installation, {"contact_id": "1", "email": "ada@example.com", "cf_new1": "one", "cf_new2": "two"})
    connect(installation)

    report = installation.run()

    assert (report["counts"]["updated"], report["field_refused"]) == (1, 1)
    assert ("1", "skip", "cf_new2", "skipped", "field_refused") in installation.rows(report["run_id"])
    assert custom_values(installation, "ada@example.com")["new1"] == "one"
    silent(installation)


def test_who_is_on_fifty_lists_is_rejected_before_anything_is_sent(installation: Installation) -> None:
    door = installation.api.door
    lists = [door.list(action="create", name=f"L{number}")["list_id"] for number in range(50)]
    door.contact(action="create", email="ada@example.com")
    for list_id in lists:
        door.contact(action="join_list", email="ada@example.com", list_id=list_id)
    people(installation, {"contact_id": "1", "email": "ada@example.com"}, {"contact_id": "2", "email": "b@example.com"})
    connect(installation)

    report = installation.run()

    assert (report["state"], report["counts"]["rejected"], report["counts"]["added"]) == (
        "completed_with_problems",
        1,
        1,
    )
    assert ("1", "skip", None, "rejected", "too_many_lists") in installation.rows(report["run_id"])
    assert installation.api.imported() == ["b@example.com"]
    assert installation.run()["api"]["calls"] == 0
    door.contact(action="leave_list", email="ada@example.com", list_id=lists[0])
    assert installation.run("acme", "--full")["counts"]["added"] == 1
