"""Whether a source is taken at its word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import SourceShrunk
from reconciler.guard import is_believable

COUNTS = st.integers(min_value=0, max_value=10**7)


@pytest.mark.parametrize(
    ("read", "last", "expected"),
    [(0, 0, True), (0, 1, False), (1, 1, True), (1, 2, True), (1, 3, False), (500, 1000, True), (499, 1000, False)],
)
def test_none_or_less_than_half_of_last_time_is_not_believed(read: int, last: int, *, expected: bool) -> None:
    assert is_believable(read, last) is expected


@given(read=COUNTS, last=COUNTS)
def test_a_source_that_has_grown_is_believed(read: int, last: int) -> None:
    assert is_believable(max(read, last), last)


@given(last=COUNTS, approved=COUNTS)
def test_what_somebody_approved_of_is_believed(last: int, approved: int) -> None:
    assert is_believable(approved, last, approved)


def test_half_of_what_was_approved_of_needs_another_word() -> None:
    assert is_believable(40, 1000, 50)
    assert not is_believable(24, 1000, 50)
    assert not is_believable(0, 1000, 50)


def test_the_share_that_is_missing_is_told() -> None:
    assert "40 contacts, 98 % fewer than the 1,400 of last time" in str(SourceShrunk(40, 1400))
    assert "0 contacts, 100 % fewer than the 3 of last time" in str(SourceShrunk(0, 3))
    assert "1 contact, 67 % fewer" in str(SourceShrunk(1, 3))
