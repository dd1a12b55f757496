"""What the end of a run says of its connection."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from reconciler import ladder
from reconciler.domain import Bucket, State
from reconciler.limits import Limits
from reconciler.quarantine import Failure, KeysFailing, NoWord, Success, Written, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING_WRITTEN = Written(0, 0)
ALONE = KeysFailing(1, 1)
NOBODY: Mapping[Bucket, int] = {}


def judged(
    state: State,
    reason: str | None = None,
    failures: int = 0,
    written: Written = NOTHING_WRITTEN,
    keys: Any = ALONE,
    counts: Mapping[Bucket, int] = NOBODY,
    code: str = "",
) -> Failure | Success | NoWord:
    connection = SimpleNamespace(limits=Limits(), failures=failures)
    problems = [SimpleNamespace(code=code)] if code else []
    report = SimpleNamespace(state=state, reason=reason, message="why", counts=counts, problems=problems)
    return judge(cast("Any", connection), cast("Any", report), written, keys)


@pytest.mark.parametrize("state", [State.COMPLETED, State.NOTHING_TO_DO, State.COMPLETED_WITH_PROBLEMS])
def test_a_run_that_goes_well_ends_it(state: State) -> None:
    assert judged(state, failures=9) == Success()


WITH_PROBLEMS = State.COMPLETED_WITH_PROBLEMS


@pytest.mark.parametrize("code", ["import_failed", "not_arrived"])
def test_imports_that_come_to_nothing_again_and_again_are_failures_though_each_run_has_sent_something(
    code: str,
) -> None:
    found = judged(WITH_PROBLEMS, failures=4, counts={Bucket.IN_DOUBT: 31}, code=code)

    assert found == Failure(code, "imports come to nothing", is_quarantined=True, pause_seconds=300)
    assert judged(WITH_PROBLEMS, failures=4, counts={Bucket.IN_DOUBT: 30, Bucket.ADDED: 1}, code=code) == Success()


def test_what_stops_a_run_after_it_has_sent_something_is_its_failure_where_nothing_came_of_it() -> None:
    found = judged(WITH_PROBLEMS, "unavailable", failures=4, counts={Bucket.IN_DOUBT: 1}, code="unavailable")

    assert found == Failure("unavailable", "why", is_quarantined=True, pause_seconds=300)


@pytest.mark.parametrize("why_everything_was_compared", [None, "first_run", "daily_sweep"])
def test_a_run_that_only_waits_for_an_import_says_nothing(why_everything_was_compared: str | None) -> None:
    found = judged(
        WITH_PROBLEMS, why_everything_was_compared, failures=4, counts={Bucket.IN_DOUBT: 1}, code="still_running"
    )

    assert found == NoWord()


def test_a_contact_that_has_to_wait_for_another_reason_keeps_no_connection_in_quarantine() -> None:
    assert judged(State.NOTHING_TO_DO, failures=9, counts={Bucket.DEFERRED: 1}, code="membership_unclear") == Success()


@pytest.mark.parametrize("state", [State.HELD, State.DISCONNECTED, State.QUOTA, State.CANCELLED, State.ABANDONED])
def test_what_is_no_failure_of_the_whole_says_nothing(state: State) -> None:
    assert judged(state, "list_gone", failures=9) == NoWord()


def test_the_fifth_failure_in_a_row_is_quarantine_and_each_one_more_doubles_the_pause_up_to_a_day() -> None:
    found = [judged(State.FAILED, "crm", failures) for failures in range(16)]

    assert [one.is_quarantined for one in found if isinstance(one, Failure)] == [False] * 4 + [True] * 12
    pauses = [one.pause_seconds for one in found if isinstance(one, Failure)]
    assert pauses[:8] == [None, None, None, None, 300, 600, 1200, 2400]
    assert pauses[-1] == 86_400


@pytest.mark.parametrize(
    ("written", "is_failure"),
    [(Written(20, 8), False), (Written(20, 9), True), (Written(19, 19), False), (Written(1000, 401), True)],
)
def test_more_than_40_percent_of_at_least_20_writes_refused_is_quarantine_at_once(
    written: Written, *, is_failure: bool
) -> None:
    found = judged(State.COMPLETED_WITH_PROBLEMS, written=written)

    assert isinstance(found, Failure) == is_failure
    if isinstance(found, Failure):
        assert (found.is_quarantined, found.reason, found.pause_seconds) == (True, "many_refused", 300)


@pytest.mark.parametrize(
    ("keys", "is_down"),
    [
        (KeysFailing(3, 3), True),
        (KeysFailing(2, 2), False),
        (KeysFailing(10, 3), False),
        (KeysFailing(10, 6), True),
    ],
)
def test_where_many_keys_fail_alike_it_is_constant_contact(keys: KeysFailing, *, is_down: bool) -> None:
    assert isinstance(judged(State.FAILED, "unavailable", 9, keys=keys), NoWord) == is_down


def test_what_is_a_connection_s_own_trouble_is_no_outage_however_many_have_it() -> None:
    assert isinstance(judged(State.FAILED, "crm", 9, keys=KeysFailing(9, 9)), Failure)


def test_a_refused_mapping_is_tried_again_by_ticks_and_is_no_quarantine() -> None:
    found = judged(State.HELD, "batch_refused", 2)

    assert found == Failure("batch_refused", "why", is_quarantined=False, pause_seconds=1200)


def test_the_pause_of_a_contact_grows_to_a_day_is_spread_and_ends_with_the_tenth_try() -> None:
    assert [ladder.pause_of_contact(tries, 1.0) for tries in (1, 2, 3, 9, 10)] == [300, 600, 1200, 76_800, None]
    assert ladder.pause_of_contact(4, 0.5) == 1200
    assert ladder.pause(40) == 86_400


def test_the_defaults_are_those_that_are_documented() -> None:
    limits = dataclasses.asdict(Limits())

    assert limits["quarantine_failures"] == 5
    assert (limits["quarantine_percent"], limits["quarantine_least"], limits["outage_keys"]) == (40, 20, 3)
