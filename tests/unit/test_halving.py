"""Whom a refused import was refused for, found by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.halving import Found, halve

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

WORDS = "something is wrong"


def halved(size: int, bad: Collection[int], calls: int = 40) -> tuple[Found[int], list[int]]:
    """Halve so many contacts of which some are bad; also gives who was taken."""
    taken: list[int] = []

    def send(part: Sequence[int]) -> str | None:
        if set(part) & set(bad):
            return WORDS
        taken.extend(part)
        return None

    return halve(list(range(size)), WORDS, send, calls), taken


@pytest.mark.parametrize(("size", "bad", "most"), [(500, {77}, 19), (500, {0}, 19), (40_000, {39_999}, 32)])
def test_one_bad_contact_of_many_is_found_and_all_others_go(size: int, bad: set[int], most: int) -> None:
    found, taken = halved(size, bad)

    assert [one for one, _ in found.refused] == list(bad)
    assert sorted(taken) == sorted(set(range(size)) - bad)
    assert found.left == []
    assert found.calls <= most


def test_where_all_are_refused_it_is_nobody_s_own_fault_and_few_calls_say_so() -> None:
    found, taken = halved(500, range(500))

    assert found.is_everybody
    assert taken == []
    assert found.calls <= 25


def test_without_calls_left_the_rest_waits() -> None:
    found, taken = halved(500, {10, 200, 300, 450}, calls=12)

    assert found.calls == 12
    assert not found.is_everybody
    assert len(taken) + len(found.left) + len(found.refused) == 500


@pytest.mark.parametrize("size", [1, 2, 5, 500])
def test_after_a_refusal_that_passes_nobody_is_refused_who_was_not_sent_alone(size: int) -> None:
    found, taken = halved(size, ())

    if size > 1:
        assert found.refused == []
        assert sorted([*taken, *found.left]) == list(range(size))


@given(size=st.integers(1, 300), data=st.data(), calls=st.integers(0, 60))
def test_each_contact_goes_is_refused_or_waits_and_no_good_one_is_refused(
    size: int, data: st.DataObject, calls: int
) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=6))

    found, taken = halved(size, bad, calls)

    refused = [one for one, _ in found.refused]
    assert sorted([*taken, *refused, *found.left]) == list(range(size))
    assert set(refused) <= bad
    assert found.calls <= calls
    assert found.sent == len(taken)
