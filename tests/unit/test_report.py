from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain import KEPT_OFF, Bucket, Reason, State
from reconciler.report import Cause, Members, Retry, Standing, conclude
from tests.builders import NOON, a_problem, a_report, a_standing, some_members

BALANCED = {"contacts": True, "members": True, "standing": True}


class TestBalances:
    def test_a_run_whose_numbers_meet_balances(self) -> None:
        assert a_report().balances == BALANCED

    def test_each_contact_that_was_read_or_carried_in_is_in_one_bucket(self) -> None:
        counts = {Bucket.ADDED: 2, Bucket.SUPPRESSED: 1, Bucket.IN_DOUBT: 1}

        assert a_report(counts, read=3, carried_in=1).balances["contacts"]
        assert not a_report(counts, read=3, carried_in=0).balances["contacts"]
        assert not a_report(counts, read=4, carried_in=1).balances["contacts"]

    def test_a_run_without_a_call_says_nothing_of_the_members_and_balances(self) -> None:
        assert a_report(members=None).balances["members"]

    def test_the_members_before_and_what_came_and_went_are_the_members_after(self) -> None:
        assert Members(before=8, added=3, joined_elsewhere=2, left_elsewhere=4, after=9).balances
        assert not some_members(after=10).balances
        assert not a_report(members=some_members(after=10)).balances["members"]

    def test_every_contact_is_on_the_list_or_held_back(self) -> None:
        assert a_standing().balances
        assert not a_standing(contacts=11).balances

    def test_every_member_is_from_the_crm_still_on_the_list_or_one_of_the_others(self) -> None:
        assert a_standing(members=11, still_on_list=2).balances
        assert not a_standing(members=11).balances

    def test_both_sides_count_the_same_people_on_the_list(self) -> None:
        one_less = Standing(
            contacts=10, held_back={"opted_out": 2}, on_list=8, members=9, from_crm=7, still_on_list=0, others=2
        )

        assert not one_less.balances

    @given(st.dictionaries(st.sampled_from(Bucket), st.integers(0, 9)))
    def test_any_counts_balance_with_their_own_sum(self, counts: dict[Bucket, int]) -> None:
        assert a_report(counts, read=sum(counts.values())).balances["contacts"]


class TestBuckets:
    @pytest.mark.parametrize("reason", sorted(KEPT_OFF))
    def test_who_is_kept_off_is_counted_as_suppressed(self, reason: Reason) -> None:
        assert reason.bucket == Bucket.SUPPRESSED

    @pytest.mark.parametrize(
        ("reason", "bucket"),
        [
            (Reason.UNCHANGED, Bucket.UNCHANGED),
            (Reason.NO_EMAIL, Bucket.NO_EMAIL),
            (Reason.INVALID, Bucket.INVALID),
            (Reason.DUPLICATE, Bucket.DUPLICATE),
            (Reason.REJECTED, Bucket.REJECTED),
            (Reason.NEEDS_SINGLE_WRITE, Bucket.REJECTED),
            (Reason.MEMBERSHIP_UNCLEAR, Bucket.DEFERRED),
            (Reason.ADDRESS_TAKEN, Bucket.DEFERRED),
            (Reason.MOVED, Bucket.DEFERRED),
        ],
    )
    def test_every_other_reason_has_its_bucket(self, reason: Reason, bucket: Bucket) -> None:
        assert reason.bucket == bucket

    @pytest.mark.parametrize("reason", Reason)
    def test_no_reason_is_without_a_bucket(self, reason: Reason) -> None:
        assert reason.bucket in Bucket


class TestStates:
    @pytest.mark.parametrize("state", State)
    def test_a_state_stands_where_nothing_is_wrong(self, state: State) -> None:
        assert conclude(state, BALANCED, []) == state

    @pytest.mark.parametrize("state", [State.COMPLETED, State.NOTHING_TO_DO, State.OBSERVED])
    @pytest.mark.parametrize("name", BALANCED)
    def test_a_sum_that_does_not_meet_is_a_problem_of_the_run(self, state: State, name: str) -> None:
        assert conclude(state, BALANCED | {name: False}, []) == State.COMPLETED_WITH_PROBLEMS

    @pytest.mark.parametrize(
        "state",
        [State.HELD, State.DISCONNECTED, State.QUOTA, State.FAILED, State.CANCELLED, State.ABANDONED],
    )
    def test_what_stopped_a_run_is_said_before_anything_else(self, state: State) -> None:
        assert conclude(state, dict.fromkeys(BALANCED, False), [a_problem()]) == state

    @pytest.mark.parametrize(
        "code",
        [
            "invalid",
            "needs_single_write",
            "rejected",
            "refused_by_import",
            "not_taken",
            "not_yet_seen",
            "still_running",
            "unanswered",
            "unavailable",
        ],
    )
    def test_somebody_newly_refused_or_in_doubt_makes_a_run_one_with_problems(self, code: str) -> None:
        assert conclude(State.COMPLETED, BALANCED, [a_problem(code)]) == State.COMPLETED_WITH_PROBLEMS

    @pytest.mark.parametrize("code", ["invalid", "rejected"])
    def test_what_was_reported_before_is_no_news(self, code: str) -> None:
        assert conclude(State.COMPLETED, BALANCED, [a_problem(code, is_new=False)]) == State.COMPLETED

    @pytest.mark.parametrize("code", ["duplicate", "field_refused", "moved", "address_taken", "membership_unclear"])
    def test_what_needs_nobody_now_leaves_a_run_completed(self, code: str) -> None:
        assert conclude(State.COMPLETED, BALANCED, [a_problem(code)]) == State.COMPLETED


class TestJson:
    def test_the_report_is_json_and_says_which_version_of_it(self) -> None:
        found = json.loads(json.dumps(a_report().to_json()))

        assert found["schema_version"] == 1
        assert found["state"] == "completed"
        assert found["balanced"] == BALANCED

    def test_times_are_utc_whatever_zone_they_came_in(self) -> None:
        there = dt.datetime(2024, 5, 31, 14, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))

        assert a_report(started_at=there).to_json()["started_at"] == "2024-05-31T12:00:00Z"

    def test_every_bucket_is_there_also_where_it_is_empty(self) -> None:
        counts = a_report({Bucket.ADDED: 2}, read=2).to_json()["counts"]

        assert counts == {"read": 2, "carried_in": 0} | dict.fromkeys(map(str, Bucket), 0) | {"added": 2}

    def test_reasons_operations_and_what_is_held_back_are_in_order(self) -> None:
        report = a_report(
            suppressed={Reason.UNSUBSCRIBED: 1, Reason.LEFT_LIST: 1},
            standing=a_standing(held_back={"opted_out": 1, "invalid": 1}),
            calls={"getList": 2, "getContacts": 1},
        ).to_json()

        assert list(report["suppressed"]) == ["left_list", "unsubscribed"]
        assert list(report["standing"]["crm"]["held_back"]) == ["invalid", "opted_out"]
        assert list(report["api"]["by_operation"]) == ["getContacts", "getList"]

    def test_what_is_behind_a_bucket_is_there_with_who_acts(self) -> None:
        causes = [Cause(Bucket.SUPPRESSED, "unsubscribed", "nobody", 3), Cause(Bucket.IN_DOUBT, None, "nobody", 1)]

        assert a_report(causes=causes).to_json()["reasons"] == [
            {"bucket": "suppressed", "code": "unsubscribed", "who": "nobody", "count": 3},
            {"bucket": "in_doubt", "code": None, "who": "nobody", "count": 1},
        ]

    def test_the_imports_and_the_mapping_are_named(self) -> None:
        found = a_report(activities=["a1", "a2"], mapping_digest="f" * 64).to_json()

        assert found["api"]["activities"] == ["a1", "a2"]
        assert found["mapping"] == {"digest": "f" * 64}

    def test_calls_are_summed(self) -> None:
        assert a_report(calls={"getList": 2, "getContacts": 1}).to_json()["api"]["calls"] == 3

    def test_a_run_without_a_call_has_no_members(self) -> None:
        assert a_report(members=None).to_json()["members"] is None

    def test_a_problem_is_new_where_the_run_before_did_not_have_it(self) -> None:
        problems = [a_problem(first_seen_run=812), a_problem(first_seen_run=811)]

        assert [found["new"] for found in a_report(problems=problems).to_json()["problems"]] == [True, False]

    def test_whether_a_verdict_is_news_stays_between_us(self) -> None:
        expected = {
            "code": "invalid",
            "who": "crm",
            "action": "correct the address in the CRM",
            "count": 1,
            "first_seen_run": 812,
            "new": True,
            "retry": "at",
            "next_retry": "2024-05-31T12:00:00Z",
        }
        assert a_report(problems=[a_problem(retry=Retry.AT, next_retry=NOON, is_new=False)]).to_json()["problems"] == [
            expected
        ]

    def test_equal_runs_are_equal_byte_for_byte(self) -> None:
        assert json.dumps(a_report().to_json()) == json.dumps(a_report().to_json())
