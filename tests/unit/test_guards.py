"""Which changes are too many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.guard import Changes, Field, exceeded
from reconciler.limits import Limits

QUIET = Changes(members=10_000, added=0, updated=0)
DEFAULT = Limits()


def names(found: Changes, limits: Limits = DEFAULT) -> list[str]:
    return [each.name for each in exceeded(found, limits)]


@pytest.mark.parametrize(
    ("members", "added", "expected"),
    [
        (10_000, 3000, []),
        (10_000, 3001, ["additions"]),
        (100, 199, []),  # of a small list few are much, and so few are never held
        (100, 200, ["additions"]),
        (0, 200, ["additions"]),
    ],
)
def test_additions_are_held_beyond_thirty_percent_of_the_list_and_at_least_two_hundred(
    members: int, added: int, expected: list[str]
) -> None:
    assert names(Changes(members=members, added=added, updated=0)) == expected


def test_updates_are_measured_by_themselves() -> None:
    assert names(replace(QUIET, added=2999, updated=3001)) == ["updates"]


@pytest.mark.parametrize(
    ("updated", "changed", "expected"),
    [
        (900, 501, ["one field"]),
        (1200, 501, []),  # not over half of the updates
        (900, 500, []),  # not over 5 % of the list
        (199, 199, []),
    ],
)
def test_one_field_that_changes_everywhere_is_held(updated: int, changed: int, expected: list[str]) -> None:
    assert names(replace(QUIET, updated=updated, fields={"company_name": Field(changed, 1)})) == expected


@pytest.mark.parametrize(("changed", "alike", "expected"), [(200, 101, ["same value"]), (200, 100, []), (199, 199, [])])
def test_one_new_value_for_most_is_held(changed: int, alike: int, expected: list[str]) -> None:
    assert names(replace(QUIET, updated=1000, fields={"first_name": Field(changed, alike)})) == expected


def test_a_contact_limit_holds_who_would_be_new_in_the_account() -> None:
    limits = replace(DEFAULT, contact_limit=500)

    assert names(replace(QUIET, active=450, people=50), limits) == []
    assert names(replace(QUIET, active=450, people=51), limits) == ["contact limit"]
    assert names(replace(QUIET, active=600, people=0), limits) == []  # nobody new: nothing to hold
    assert names(replace(QUIET, active=450, people=51)) == []


def test_what_is_exceeded_is_said_with_name_percentage_limit_and_counts() -> None:
    found = Changes(10_000, 4200, 900, {"first_name": Field(800, 700), "city": Field(600, 2)})

    assert [str(each) for each in exceeded(found, DEFAULT)] == [
        "additions: 4,200 are added in 24 hours, 42 % of 10,000 members (limit 30 %)",
        "same value: first_name gets the same value for 700 of 800 members (limit half)",
        "one field: city changes for 600 of 900 updated, 6 % of 10,000 members (limit 5 %)",
    ]


@given(
    found=st.builds(
        Changes,
        members=st.integers(0, 10_000),
        added=st.integers(0, 10_000),
        updated=st.integers(0, 10_000),
        fields=st.dictionaries(
            st.sampled_from(["first_name", "city"]),
            st.integers(0, 10_000).flatmap(lambda all_: st.builds(Field, st.just(all_), st.integers(0, all_))),
        ),
    ),
    more=st.integers(0, 1000),
)
def test_what_exceeds_still_exceeds_when_more_is_added(found: Changes, more: int) -> None:
    before = set(names(found)) & {"additions", "updates"}

    assert before <= set(names(replace(found, added=found.added + more, updated=found.updated + more)))
