"""CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from reconciler import spreadsheet


def written(*rows: list[object]) -> list[list[str]]:
    stream = io.StringIO(newline="")
    spreadsheet.write(stream, ["email"], rows)
    stream.seek(0)
    return list(csv.reader(stream))


@given(st.sampled_from("=+-@\t"), st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_what_looks_like_a_formula_is_text(beginning: str, rest: str) -> None:
    assert written([beginning + rest]) == [["email"], [f"'{beginning}{rest}"]]


def test_what_is_missing_is_empty_and_the_rest_stays_as_it_is() -> None:
    assert written([None], ["ada, countess"], ["1815"]) == [["email"], [""], ["ada, countess"], ["1815"]]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_who_takes_one_mark_off_has_the_value_as_it_was(value: str) -> None:
    _, [cell] = written([value]) if value else ([], [""])

    assert cell.removeprefix("'") == value
