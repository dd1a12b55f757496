"""What fits into which custom field, and when two values are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import custom_types, fields
from reconciler.errors import UsageError


@pytest.mark.parametrize(
    ("type_", "same"),
    [
        ("number", ["5", "5.0", "5.00", "+5", "005", "5."]),
        ("number", ["0", "-0", "0.00", "-0.0"]),
        ("number", ["-1234.5", "-1234.50"]),
        ("currency", ["1200", "1200.00"]),
        ("date", ["2024-05-31", "05/31/2024", "5/31/2024", "2024/5/31", "5-31-2024"]),
        ("datetime", ["2024-05-31T12:00:00Z", "2024-05-31 14:00:00+02", "2024-05-31 12:00:00.25", "2024-05-31 12:00"]),
        ("datetime", ["2024-05-31", "2024-05-31T00:00:00+00:00"]),
        ("boolean", ["true", "TRUE", "t", "yes", "1"]),
        ("boolean", ["false", "f", "No", "0"]),
    ],
)
def test_the_forms_of_one_value_are_the_same(type_: str, same: list[str]) -> None:
    assert {custom_types.written(type_, text) for text in same} == {custom_types.written(type_, same[0])}
    assert [custom_types.fault(type_, text) for text in same] == [None] * len(same)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("number", "five"),
        ("number", "1,200"),
        ("number", "1e3"),
        ("number", "٣"),
        ("number", "NaN"),
        ("number", "."),
        ("currency", "$5.00"),
        ("date", "31.05.2024"),
        ("date", "2024-02-30"),
        ("date", "infinity"),
        ("datetime", "noon"),
        ("datetime", "0001-01-01 00:00:00+14"),
        ("datetime", "20240531"),
        ("boolean", "maybe"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_type_is_named(type_: str, text: str) -> None:
    assert f"of type {type_}" in (custom_types.fault(type_, text) or "")
    assert custom_types.written(type_, text) == text


@pytest.mark.parametrize("type_", ["string", "text_area"])
def test_text_stays_as_it_is(type_: str) -> None:
    assert custom_types.written(type_, "5.00") == "5.00"
    assert custom_types.fault(type_, "=cmd()") is None


@given(st.sampled_from(custom_types.FILLABLE), st.text(max_size=30))
def test_what_is_written_is_read_as_the_same(type_: str, text: str) -> None:
    once = custom_types.written(type_, text)

    assert custom_types.written(type_, once) == once
    assert (custom_types.fault(type_, once) is None) == (custom_types.fault(type_, text) is None)


def test_a_value_that_does_not_fit_is_left_out_and_the_others_go() -> None:
    values = {"cf_age": "old", "cf_since": "5/31/2024", "first_name": "Ada"}

    assert fields.usable(values, {"age": "number", "since": "date"}) == (
        {"cf_since": "2024-05-31", "first_name": "Ada"},
        {"cf_age": "the custom field is of type number: it takes a number such as 1234.5"},
    )


def test_every_custom_field_that_cannot_be_filled_is_named_with_its_type() -> None:
    there = {"colour": "single_select", "age": "number"}

    with pytest.raises(UsageError) as refused:
        custom_types.check(["age", "colour", "shoe"], there)

    assert str(refused.value) == (
        "the account has no custom field 'shoe'; "
        "the custom field 'colour' is of type single_select, which can't be filled from a CRM"
    )
    assert "the account has: age (number)" in (refused.value.advice or "")
