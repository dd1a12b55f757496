from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import fields


class TestNames:
    @pytest.mark.parametrize("column", ["first_name", "birthday_day", "phone", "work_postal_code", "cf_level"])
    def test_a_field_is_known_by_its_columns_name(self, column: str) -> None:
        assert fields.is_field(column)

    @pytest.mark.parametrize("column", ["email", "name", "cf_", "cf", "First_Name", "billing_city"])
    def test_any_other_column_is_no_field(self, column: str) -> None:
        assert not fields.is_field(column)


class TestLimits:
    @pytest.mark.parametrize(
        ("field", "most"),
        [
            ("first_name", 50),
            ("company_name", 50),
            ("home_city", 50),
            ("home_street", 255),
            ("cf_a", 255),
            ("phone", 25),
        ],
    )
    def test_a_value_may_be_as_long_as_constant_contact_takes_and_no_longer(self, field: str, most: int) -> None:
        assert fields.longest(field) == most
        assert fields.fault(field, "5" * most) is None
        assert fields.fault(field, "5" * (most + 1)) == (
            f"longer than the {most} characters Constant Contact takes ({most + 1})"
        )

    @pytest.mark.parametrize("value", ["2024-05-31", "05/31/2024", "5/31/2024", "2024/05/31", "05-31-2024"])
    def test_an_anniversary_may_be_written_in_the_documented_forms(self, value: str) -> None:
        assert fields.fault("anniversary", value) is None

    @pytest.mark.parametrize("value", ["31.05.2024", "2024-02-30", "May 31", "2024-05-31T00:00:00"])
    def test_an_anniversary_that_is_no_such_day_is_refused(self, value: str) -> None:
        assert fields.fault("anniversary", value) is not None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("birthday_month", "0"),
            ("birthday_month", "13"),
            ("birthday_month", "May"),
            ("birthday_day", "32"),
            ("birthday_day", "-1"),
            ("birthday_day", "1.0"),
            ("birthday_day", "٣"),
        ],
    )
    def test_a_birthday_outside_the_calendar_is_refused(self, field: str, value: str) -> None:
        assert fields.fault(field, value) is not None

    @pytest.mark.parametrize(
        ("field", "value"), [("birthday_month", "12"), ("birthday_day", "31"), ("birthday_day", "01")]
    )
    def test_a_birthday_of_the_calendar_is_taken(self, field: str, value: str) -> None:
        assert fields.fault(field, value) is None


class TestSameness:
    @pytest.mark.parametrize(
        ("field", "one", "other"),
        [
            ("phone", "+1 (555) 010-0100", "15550100100"),
            ("anniversary", "5/31/2024", "2024-05-31"),
            ("birthday_day", "07", "7"),
            ("first_name", " Ann  Lee", "Ann Lee"),
        ],
    )
    def test_the_form_of_a_value_makes_no_difference(self, field: str, one: str, other: str) -> None:
        assert fields.same_as(field, one) == fields.same_as(field, other)

    @pytest.mark.parametrize(
        ("field", "one", "other"),
        [
            ("phone", "5550100", "5550101"),
            ("phone", "none", "n/a"),
            ("anniversary", "2024-05-31", "2024-05-30"),
            ("birthday_day", "1", "10"),
            ("first_name", "Ann", "ANN"),
            ("cf_code", "007", "7"),
        ],
    )
    def test_another_value_does(self, field: str, one: str, other: str) -> None:
        assert fields.same_as(field, one) != fields.same_as(field, other)

    def test_a_value_was_taken_whatever_its_letter_case(self) -> None:
        assert fields.taken_as("first_name", "ANN") == fields.taken_as("first_name", "Ann")

    @given(st.text())
    def test_tidying_twice_changes_nothing_more(self, value: str) -> None:
        assert fields.tidy(fields.tidy(value)) == fields.tidy(value)

    @given(st.sampled_from(fields.STANDARD), st.text(max_size=30))
    def test_a_value_is_the_same_as_itself_tidied(self, field: str, value: str) -> None:
        tidied = fields.tidy(value)

        assert fields.same_as(field, tidied) == fields.same_as(field, fields.tidy(tidied))


class TestUsable:
    def test_values_are_tidied(self) -> None:
        assert fields.usable({"first_name": "  Ann \n Lee "}) == ({"first_name": "Ann Lee"}, {})

    def test_blank_values_are_neither_sent_nor_refused(self) -> None:
        assert fields.usable({"first_name": "", "last_name": " \t"}) == ({}, {})

    def test_one_bad_field_leaves_the_others_alone(self) -> None:
        kept, refused = fields.usable({"first_name": "A" * 200, "last_name": "Lee"})

        assert kept == {"last_name": "Lee"}
        assert refused == {"first_name": "longer than the 50 characters Constant Contact takes (200)"}

    def test_of_more_than_three_phones_the_first_by_kind_are_kept(self) -> None:
        phones = {name: f"555-010{number}" for number, name in enumerate(sorted(fields.PHONES))}

        kept, refused = fields.usable(phones)

        assert sorted(kept) == ["home_phone", "mobile_phone", "work_phone"]
        assert refused == dict.fromkeys(["other_phone", "phone"], "a contact has at most 3 phones")

    def test_a_phone_that_is_refused_takes_no_place(self) -> None:
        phones = dict.fromkeys(("work_phone", "home_phone", "other_phone"), "555-0100") | {"mobile_phone": "5" * 26}

        assert sorted(fields.usable(phones)[0]) == ["home_phone", "other_phone", "work_phone"]

    @pytest.mark.parametrize("half", [{"birthday_day": "5"}, {"birthday_month": "5"}])
    def test_half_a_birthday_is_refused(self, half: dict[str, str]) -> None:
        assert fields.usable(half) == ({}, dict.fromkeys(half, "a birthday needs its month and its day"))

    def test_half_a_birthday_is_left_when_its_other_half_is_wrong(self) -> None:
        kept, refused = fields.usable({"birthday_month": "13", "birthday_day": "5"})

        assert kept == {}
        assert sorted(refused) == ["birthday_day", "birthday_month"]

    def test_a_birthday_that_no_year_has_is_refused(self) -> None:
        """An import refuses the whole contact for it; and only the address can keep a person off."""
        kept, refused = fields.usable({"birthday_month": "2", "birthday_day": "30", "first_name": "Ann"})

        assert kept == {"first_name": "Ann"}
        assert refused == dict.fromkeys(["birthday_day", "birthday_month"], "not a day of that month")

    def test_a_birthday_on_a_leap_day_is_kept(self) -> None:
        assert fields.usable({"birthday_month": "2", "birthday_day": "29"})[1] == {}

    @given(st.dictionaries(st.sampled_from(fields.STANDARD), st.text(max_size=60)))
    def test_every_filled_field_is_kept_or_refused(self, values: dict[str, str]) -> None:
        kept, refused = fields.usable(values)

        assert sorted([*kept, *refused]) == sorted(name for name, value in values.items() if value.strip())
        assert all(fields.fault(name, value) is None for name, value in kept.items())


class TestWhole:
    def test_a_field_of_its_own_goes_alone(self) -> None:
        assert fields.whole(["first_name"], ["first_name", "last_name", "home_city"]) == {"first_name"}

    def test_an_address_goes_with_its_filled_parts_only(self) -> None:
        assert fields.whole(["home_city"], ["home_city", "home_street", "work_street"]) == {"home_city", "home_street"}

    def test_nothing_changed_is_nothing_to_send(self) -> None:
        assert fields.whole([], ["home_city", "birthday_day"]) == set()
