from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from reconciler.domain import Reason, Status
from reconciler.judging import Sent, judge
from reconciler.judging import seen as seen_of
from reconciler.ledger.batches import Batch
from reconciler.receipts import Deferred, InDoubt, KeptOff, Rejected, Verified
from tests.builders import MEMBER, NOON, a_member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.domain import Present
    from reconciler.receipts import Receipt

PATIENCE = 900.0
EARLY, LATE = PATIENCE - 1, PATIENCE


def a_sent(
    member: Present | None,
    values: Mapping[str, str] | None = None,
    *,
    before: Mapping[str, str] | None = None,
    shown: Mapping[str, str] | None = None,
    is_add: bool = True,
    was_known: bool = True,
) -> Sent:
    return Sent("c1", is_add, values or {}, before or {}, shown or {}, member, was_known=was_known)


def seen(sent: Sent, *, is_done: bool = True) -> Receipt | None:
    return seen_of(sent, is_done=is_done)


def a_batch(
    ended_seconds_ago: float | None = LATE,
    *,
    activity_id: str | None = "a1",
    counts: Mapping[str, int] | None = None,
    state: str = "completed",
) -> Batch:
    has_ended = ended_seconds_ago is not None
    return Batch(1, activity_id, NOON, 1, counts or {}, has_ended, 1000.0, ended_seconds_ago, state)


def judged(sent: Sent, batch: Batch | None = None) -> Receipt:
    return judge(sent, batch or a_batch(), PATIENCE)


class TestSeen:
    def test_a_member_on_the_list_with_the_values_sent_is_verified(self) -> None:
        sent = a_sent(a_member(fields={"first_name": "Ann"}), {"first_name": "Ann"})

        assert seen(sent) == Verified("c1", MEMBER)

    def test_a_contact_sent_without_a_field_is_verified_by_being_on_the_list(self) -> None:
        assert seen(a_sent(a_member())) == Verified("c1", MEMBER)

    def test_who_is_not_there_is_not_seen(self) -> None:
        assert seen(a_sent(None)) is None

    def test_who_is_not_on_the_list_is_not_seen(self) -> None:
        assert seen(a_sent(a_member(on_list=False))) is None

    def test_who_shows_the_old_value_is_not_seen_yet(self) -> None:
        sent = a_sent(a_member(fields={"city": "Rome"}), {"city": "Bonn"}, before={"city": "Rome"})

        assert seen(sent) is None

    def test_who_shows_nothing_is_not_seen_yet(self) -> None:
        assert seen(a_sent(a_member(), {"city": "Bonn"})) is None

    def test_who_is_known_by_hash_only_is_not_seen_yet(self) -> None:
        assert seen(a_sent(a_member(is_hash_only=True), {"city": "Bonn"})) is None

    @pytest.mark.parametrize(
        ("field", "sent", "there"),
        [("phone", "(555) 010-0100", "5550100100"), ("anniversary", "5/31/2024", "2024-05-31")],
    )
    def test_a_value_in_another_form_is_seen_without_an_echo(self, field: str, sent: str, there: str) -> None:
        assert seen(a_sent(a_member(fields={field: there}), {field: sent})) == Verified("c1", MEMBER)

    def test_a_value_in_another_letter_case_is_seen_and_kept_as_its_echo(self) -> None:
        sent = a_sent(a_member(fields={"city": "BONN"}), {"city": "Bonn"})

        assert seen(sent) == Verified("c1", MEMBER, shown={"city": "BONN"})

    def test_a_value_that_is_neither_the_new_nor_the_old_one_is_its_echo(self) -> None:
        sent = a_sent(a_member(fields={"city": "Muenchen"}), {"city": "München"}, before={"city": "Rome"})

        assert seen(sent) == Verified("c1", MEMBER, shown={"city": "Muenchen"})

    def test_the_echo_of_a_field_that_was_not_sent_is_kept(self) -> None:
        there = {"city": "Muenchen", "first_name": "Ann"}
        sent = a_sent(a_member(fields=there), {"first_name": "Ann"}, shown={"city": "Muenchen"})

        assert seen(sent) == Verified("c1", MEMBER, shown={"city": "Muenchen"})

    def test_the_echo_of_a_field_that_is_shown_as_sent_is_forgotten(self) -> None:
        sent = a_sent(a_member(fields={"city": "Bonn"}), {"city": "Bonn"}, shown={"city": "Muenchen"})

        assert seen(sent) == Verified("c1", MEMBER)

    @pytest.mark.parametrize(
        ("reason", "member"),
        [
            (Reason.UNSUBSCRIBED, a_member(status=Status.UNSUBSCRIBED)),
            (Reason.DELETED_THERE, a_member(status=Status.DELETED, on_list=False)),
            (Reason.NOT_MAILABLE, a_member(status=Status.TEMP_HOLD)),
            (Reason.LEFT_LIST, a_member(left=True, on_list=False)),
        ],
    )
    def test_who_turned_out_to_be_off_is_kept_off(self, reason: Reason, member: Present) -> None:
        assert seen(a_sent(member)) == KeptOff("c1", MEMBER, reason)

    def test_another_value_is_no_echo_of_a_write_of_which_nothing_says_that_it_came(self) -> None:
        there = a_member(fields={"city": "Oslo"})
        sent = a_sent(there, {"city": "Bonn"}, before={"city": "Rome"}, is_add=False)

        assert seen(sent, is_done=False) is None
        assert seen(sent) == Verified("c1", MEMBER, shown={"city": "Oslo"})

    def test_another_value_is_an_echo_beside_one_that_only_this_write_can_have_put_there(self) -> None:
        there = a_member(fields={"city": "Muenchen", "first_name": "Ann"})
        values = {"city": "München", "first_name": "Ann"}

        came = a_sent(there, values, before={"city": "Rome", "first_name": "Anna"}, is_add=False)
        stood_there = a_sent(there, values, before={"city": "Rome", "first_name": "Ann"}, is_add=False)

        assert seen(came, is_done=False) == Verified("c1", MEMBER, shown={"city": "Muenchen"})
        assert seen(stood_there, is_done=False) is None


class TestJudging:
    def test_what_is_seen_in_the_last_look_is_verified(self) -> None:
        assert judged(a_sent(a_member())) == Verified("c1", MEMBER)

    def test_an_import_without_an_activity_never_arrived_and_is_sent_again(self) -> None:
        batch = a_batch(None, activity_id=None)

        assert judged(a_sent(None), batch) == Deferred(
            "c1", "not_arrived", "the import never arrived; it is sent again"
        )

    def test_what_may_be_the_import_and_still_runs_after_six_hours_is_an_alarm(self) -> None:
        batch = dataclasses.replace(a_batch(None, activity_id=None), age_seconds=6 * 3600.0, is_overdue=True)

        assert judged(a_sent(None), batch) == Deferred(
            "c1", "stuck", "what may be the import still runs after 6 hours; it is sent again"
        )

    @pytest.mark.parametrize("member", [None, a_member(on_list=False), a_member()])
    @pytest.mark.parametrize("ended", [None, 0.0, EARLY])
    def test_nothing_is_said_too_early(self, member: Present | None, ended: float | None) -> None:
        sent = a_sent(member, {"city": "Bonn"})

        assert judged(sent, a_batch(ended)) == InDoubt(
            "c1", "not_yet_seen", "sent, and not yet shown by Constant Contact"
        )

    @pytest.mark.parametrize("count", ["error_count", "correctable_count", "cannot_add_to_list_count"])
    def test_who_is_missing_while_the_import_counts_refusals_was_refused(self, count: str) -> None:
        receipt = judged(a_sent(None), a_batch(0.0, counts={"person_count": 3, count: 2}))

        assert isinstance(receipt, Rejected)
        assert receipt.code == "refused_by_import"
        assert f"({count} 2)" in receipt.message

    def test_counts_of_the_others_say_nothing_of_a_member(self) -> None:
        receipt = judged(a_sent(a_member(on_list=False)), a_batch(EARLY, counts={"error_count": 1}))

        assert isinstance(receipt, InDoubt)

    @pytest.mark.parametrize("state", ["failed", "cancelled", "timed_out"])
    def test_an_import_that_failed_as_a_whole_refused_nobody_and_is_sent_again(self, state: str) -> None:
        receipt = judged(a_sent(None), a_batch(state=state))

        assert isinstance(receipt, Deferred)
        assert receipt.code == "import_failed"

    def test_who_is_still_not_in_the_account_was_not_taken(self) -> None:
        receipt = judged(a_sent(None))

        assert isinstance(receipt, Rejected)
        assert receipt.code == "not_taken"

    def test_who_was_known_before_and_is_not_on_the_list_was_not_taken_where_the_import_left_somebody_out(self) -> None:
        receipt = judged(a_sent(a_member(on_list=False)), a_batch(counts={"error_count": 1}))

        assert isinstance(receipt, Rejected)
        assert receipt.code == "not_taken"

    def test_whom_an_import_brought_and_who_is_not_on_the_list_any_more_has_left(self) -> None:
        left = KeptOff("c1", MEMBER, Reason.LEFT_LIST)
        known, new = a_sent(a_member(on_list=False)), a_sent(a_member(on_list=False), was_known=False)

        assert judged(known) == left
        assert judged(new, a_batch(counts={"error_count": 1})) == left
        assert judged(new, a_batch(state="failed")) == left
        assert judged(new, a_batch(None, activity_id=None)) == left
        assert isinstance(judged(known, a_batch(state="failed")), Deferred)
        assert isinstance(judged(known, a_batch(None, activity_id=None)), Deferred)

    def test_who_was_deleted_and_let_in_again_and_is_still_deleted_was_not_taken(self) -> None:
        deleted = a_member(status=Status.DELETED, on_list=False)

        receipt = judged(dataclasses.replace(a_sent(deleted), may_rejoin=True))

        assert isinstance(receipt, Rejected)
        assert receipt.code == "not_taken"

    def test_a_field_that_still_shows_the_old_value_was_not_taken_and_the_person_is_on_the_list(
        self,
    ) -> None:
        there = {"city": "Rome", "first_name": "Ann"}
        sent = a_sent(a_member(fields=there), {"city": "Bonn", "first_name": "Ann"}, before={"city": "Rome"})

        assert judged(sent) == Verified("c1", MEMBER, untaken={"city": "Rome"})

    def test_a_field_that_still_shows_nothing_was_not_taken_by_the_import(self) -> None:
        assert judged(a_sent(a_member(), {"city": "Bonn"})) == Verified("c1", MEMBER, untaken={"city": ""})

    def test_the_value_that_a_refused_field_shows_is_no_echo_of_it(self) -> None:
        sent = a_sent(a_member(fields={"city": "Rome"}), {"city": "Bonn"}, before={"city": "Rome"})

        receipt = judged(sent)

        assert isinstance(receipt, Verified)
        assert receipt.shown == {}
