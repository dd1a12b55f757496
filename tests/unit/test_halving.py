"""Whom a refused import was refused for, found by halving."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.halving import ENOUGH, Found, Search, halve

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

WORDS = "something is wrong"


@dataclass
class There:
    """The other side: it refuses whatever has a bad one in it."""

    bad: Collection[int]
    taken: list[int] = field(default_factory=list)
    calls: list[Sequence[int]] = field(default_factory=list)

    def __call__(self, part: Sequence[int]) -> str | None:
        self.calls.append(part)
        if set(part) & set(self.bad):
            return WORDS
        self.taken.extend(part)
        return None


def halved(people: Collection[int], there: There, search: Search | None = None) -> Found[int]:
    return halve(list(people), WORDS, there, search or Search(40))


@pytest.mark.parametrize(("size", "bad", "most"), [(500, {77}, 19), (500, {0}, 19), (40_000, {39_999}, 32)])
def test_one_bad_contact_of_many_is_found_and_all_others_go(size: int, bad: set[int], most: int) -> None:
    there = There(bad)

    found = halved(range(size), there)

    assert [one for one, _ in found.refused] == list(bad)
    assert sorted(there.taken) == sorted(set(range(size)) - bad)
    assert found.left == []
    assert len(there.calls) <= most


@pytest.mark.parametrize(("size", "most"), [(500, 22), (40_000, 40)])
def test_where_all_are_refused_it_is_nobody_s_own_fault_and_few_calls_say_so(size: int, most: int) -> None:
    there, search = There(range(size)), Search(40)

    found = halved(range(size), there, search)

    assert (search.has_sent, search.alone, found.sent) == (False, ENOUGH, 0)
    assert len(there.calls) <= most
    where = sorted(one for one, _ in found.refused)
    assert where[-1] - where[0] > size / 2, "they are not neighbours"


def test_a_beginning_that_is_all_bad_is_not_taken_for_everybody() -> None:
    """Who came in together is bad together, and stands together in the plan."""
    there, search = There(range(200)), Search(40)

    halved(range(400), there, search)

    assert len(there.taken) >= 200


def test_few_calls_are_spent_on_single_contacts_while_nothing_was_taken() -> None:
    there, search = There(range(0, 400, 10)), Search(8)

    found = halved(range(400), there, search)

    assert search.has_sent
    assert len(there.calls) == 8
    assert len(there.taken) + len(found.left) + len(found.refused) == 400


def test_without_calls_left_the_rest_waits() -> None:
    there, search = There({10, 200, 300, 450}), Search(12)

    found = halved(range(500), there, search)

    assert (len(there.calls), search.calls) == (12, 0)
    assert found.sent == len(there.taken) > 0
    assert len(there.taken) + len(found.left) + len(found.refused) == 500


def test_a_later_batch_that_is_refused_is_asked_for_one_contact_while_nothing_was_taken() -> None:
    """The first batch alone does not say that it is everybody."""
    there, search = There([*range(100), 140]), Search(40)
    halved(range(100), there, search)
    spent = len(there.calls)

    found = halved(range(100, 200), there, search)

    assert there.calls[spent] == [150]
    assert [one for one, _ in found.refused] == [140]
    assert sorted(there.taken) == sorted(set(range(100, 200)) - {140})


def test_five_batches_in_which_nobody_is_taken_are_enough() -> None:
    there, search = There(range(600)), Search(40)

    spent = []
    for first in range(0, 500, 100):
        assert not search.is_in_vain
        halved(range(first, first + 100), there, search)
        spent.append(len(there.calls))

    assert search.is_in_vain
    assert [later - earlier for earlier, later in itertools.pairwise(spent)] == [1, 1, 1, 1]


def test_a_run_in_which_anything_was_taken_is_never_in_vain() -> None:
    there, search = There(range(100)), Search(40, has_sent=True)

    found = halved(range(100), there, search)

    assert (search.calls, len(there.calls)) == (0, 40)
    assert len(found.refused) > ENOUGH
    assert not search.is_in_vain


@pytest.mark.parametrize("size", [1, 2, 5, 500])
def test_after_a_refusal_that_passes_nobody_is_refused_who_was_not_sent_alone(size: int) -> None:
    there = There(())

    found = halved(range(size), there)

    if size > 1:
        assert found.refused == []
        assert sorted([*there.taken, *found.left]) == list(range(size))


@given(size=st.integers(1, 300), data=st.data(), calls=st.integers(0, 60), has_sent=st.booleans())
def test_each_contact_goes_is_refused_or_waits_and_no_good_one_is_refused(
    size: int, data: st.DataObject, calls: int, has_sent: bool
) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=12))
    there, search = There(bad), Search(calls, has_sent=has_sent)

    found = halved(range(size), there, search)

    refused = [one for one, _ in found.refused]
    assert sorted([*there.taken, *refused, *found.left]) == list(range(size))
    assert set(refused) <= bad
    assert len(there.calls) == calls - search.calls <= calls
    assert found.sent == len(there.taken)
    assert (search.has_sent, search.alone) == (has_sent or bool(there.taken), len(refused))


@pytest.mark.parametrize("calls", range(ENOUGH, 3 * ENOUGH))
@pytest.mark.parametrize("size", range(1, 3 * ENOUGH))
def test_where_all_are_refused_no_halving_takes_the_calls_that_say_so(size: int, calls: int) -> None:
    search = Search(calls)
    found = halved(range(size), There(range(size)), search)
    assert search.alone == min(size, ENOUGH) or not found.left


@given(size=st.integers(1, 300), data=st.data(), calls=st.integers(5, 60))
def test_while_nothing_was_taken_a_search_ends_with_a_contact_that_is_or_with_enough_that_are_not(
    size: int, data: st.DataObject, calls: int
) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1), min_size=1))
    search = Search(calls)

    found = halved(range(size), There(bad), search)

    assert search.has_sent or search.alone == ENOUGH or not found.left
