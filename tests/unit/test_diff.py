from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diff import diff
from reconciler.domain import Add, Policy, Readdress, Reason, Skip, Status, Update
from tests.builders import MEMBER, OTHER_MEMBER, a_candidate, a_member

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.domain import Candidate, Decision, Present


def decided(candidate: Candidate) -> Decision:
    """What is decided about one candidate alone."""
    [decision] = diff([candidate])
    return decision


def updated(candidate: Candidate) -> Mapping[str, str]:
    """The fields that are sent of one candidate that is updated."""
    decision = decided(candidate)
    assert isinstance(decision, Update), decision
    return decision.values


def skipped(candidate: Candidate) -> Skip:
    decision = decided(candidate)
    assert isinstance(decision, Skip), decision
    return decision


def told(candidates: Sequence[Candidate]) -> dict[str, str]:
    """For each contact the kind of its change, or its reason."""
    return {
        decision.contact_id: decision.reason.value if isinstance(decision, Skip) else type(decision).__name__.lower()
        for decision in diff(candidates)
    }


def pushed(candidates: Sequence[Candidate]) -> list[str]:
    return [decision.contact_id for decision in diff(candidates) if isinstance(decision, Add | Update | Readdress)]


def an_agreed(wanted: Mapping[str, str], there: Mapping[str, str], **more: Any) -> Candidate:
    """A candidate whose wanted values were pushed or found equal before."""
    return a_candidate(fields=wanted, member=a_member(fields=there), **({"applied": wanted} | more))


class TestAdding:
    def test_nobody_to_compare_gives_an_empty_plan(self) -> None:
        assert diff([]) == []

    def test_somebody_whom_the_account_lacks_is_added_with_every_filled_field(self) -> None:
        wanted = {"first_name": "Ann", "city": "Rome"}

        assert decided(a_candidate(fields=wanted)) == Add("c1", "ann@example.com", wanted, {}, wanted, None)

    def test_somebody_with_nothing_but_an_address_is_added(self) -> None:
        assert decided(a_candidate()) == Add("c1", "ann@example.com", {}, {}, {}, None)

    def test_somebody_whom_the_account_has_is_added_with_the_fields_that_differ_only(self) -> None:
        wanted = {"first_name": "Ann", "last_name": "Lee", "job_title": "Judge"}
        known = a_member(on_list=False, fields={"first_name": "Ann", "last_name": "Li"})

        expected = Add(
            "c1",
            "ann@example.com",
            {"job_title": "Judge", "last_name": "Lee"},
            {"last_name": "Li"},
            wanted,
            MEMBER,
        )
        assert decided(a_candidate(fields=wanted, member=known, is_linked=False)) == expected

    def test_somebody_known_by_hash_only_is_added_with_every_field(self) -> None:
        known = a_member(on_list=False, is_hash_only=True)

        expected = Add("c1", "ann@example.com", {"first_name": "Ann"}, {}, {"first_name": "Ann"}, MEMBER)
        assert decided(a_candidate(fields={"first_name": "Ann"}, member=known)) == expected

    def test_what_was_pushed_to_a_member_who_is_gone_is_sent_again(self) -> None:
        wanted = {"first_name": "Ann", "city": "Rome"}
        gone = a_candidate(fields=wanted, applied=wanted)

        assert decided(gone) == Add("c1", "ann@example.com", wanted, {}, wanted, None)


class TestUpdating:
    def test_only_the_fields_that_differ_are_sent(self) -> None:
        wanted = {"first_name": "Ann", "job_title": "Judge"}
        member = a_member(fields={"first_name": "Ann", "job_title": "Clerk"})

        expected = Update("c1", "ann@example.com", {"job_title": "Judge"}, {"job_title": "Clerk"}, wanted, MEMBER)
        assert decided(a_candidate(fields=wanted, member=member)) == expected

    def test_a_member_with_the_wanted_values_is_unchanged_and_both_sides_agree(self) -> None:
        wanted = {"first_name": "Ann"}
        candidate = a_candidate(fields=wanted, member=a_member(fields=wanted))

        assert decided(candidate) == Skip("c1", Reason.UNCHANGED, member_id=MEMBER, agreed=wanted)

    def test_a_blank_in_the_crm_keeps_what_is_there(self) -> None:
        candidate = a_candidate(fields={}, member=a_member(fields={"first_name": "Ann"}))

        assert skipped(candidate).reason == Reason.UNCHANGED

    def test_an_address_goes_whole_when_a_part_of_it_changed(self) -> None:
        wanted = {"home_street": "1 New St", "home_city": "Rome", "work_city": "Paris"}
        there = {"home_street": "1 Old St", "home_city": "Rome", "work_city": "Paris"}

        sent = updated(a_candidate(fields=wanted, member=a_member(fields=there)))

        assert sent == {"home_street": "1 New St", "home_city": "Rome"}

    def test_a_changed_address_goes_whole_also_where_a_part_of_it_has_drifted(self) -> None:
        wanted = {"home_street": "1 New St", "home_city": "Rome"}
        there = {"home_street": "1 Old St", "home_city": "Milan"}

        sent = updated(an_agreed(wanted, there, applied={"home_street": "1 Old St", "home_city": "Rome"}))

        assert sent == wanted

    def test_a_birthday_goes_whole_when_its_day_changed(self) -> None:
        wanted = {"birthday_month": "5", "birthday_day": "31"}
        member = a_member(fields={"birthday_month": "5", "birthday_day": "30"})

        assert updated(a_candidate(fields=wanted, member=member)) == wanted

    @pytest.mark.parametrize(
        ("field", "wanted", "there"),
        [
            ("mobile_phone", "(555) 010-0100", "555.010.0100"),
            ("anniversary", "05/31/2024", "2024-05-31"),
            ("birthday_month", "05", "5"),
            ("first_name", "Ann", " Ann "),
        ],
    )
    def test_the_same_value_in_another_form_is_unchanged(self, field: str, wanted: str, there: str) -> None:
        candidate = a_candidate(fields={field: wanted}, member=a_member(fields={field: there}))

        assert skipped(candidate).reason == Reason.UNCHANGED

    def test_a_phone_with_another_digit_is_sent(self) -> None:
        candidate = a_candidate(fields={"phone": "555-0101"}, member=a_member(fields={"phone": "555-0100"}))

        assert updated(candidate) == {"phone": "555-0101"}

    def test_a_name_in_another_letter_case_is_sent(self) -> None:
        candidate = a_candidate(fields={"last_name": "McDay"}, member=a_member(fields={"last_name": "MCDAY"}))

        assert updated(candidate) == {"last_name": "McDay"}

    def test_the_letter_case_of_the_address_is_no_difference(self) -> None:
        assert skipped(a_candidate(address="Ann@Example.com", member=a_member())).reason == Reason.UNCHANGED

    def test_fields_of_other_contacts_in_the_slice_are_no_difference(self) -> None:
        ann = a_candidate("c1", fields={"first_name": "Ann"}, member=a_member(fields={"first_name": "Ann"}))
        bob = a_candidate("c2", "bob@example.com", fields={"job_title": "Judge"})

        assert told([ann, bob]) == {"c1": "unchanged", "c2": "add"}


class TestEchoes:
    def test_a_value_shown_in_their_own_way_is_unchanged(self) -> None:
        echoed = an_agreed({"city": "Munich"}, {"city": "Muenchen"}, shown={"city": "Muenchen"})

        expected = Skip(
            "c1",
            Reason.UNCHANGED,
            member_id=MEMBER,
            agreed={"city": "Munich"},
            shown={"city": "Muenchen"},
        )
        assert decided(echoed) == expected

    def test_a_new_value_is_sent_although_the_echo_of_the_old_one_stands_there(self) -> None:
        changed = an_agreed(
            {"city": "Berlin"}, {"city": "Muenchen"}, applied={"city": "Munich"}, shown={"city": "Muenchen"}
        )

        assert updated(changed) == {"city": "Berlin"}

    def test_the_echo_of_a_value_that_is_no_longer_wanted_is_forgotten(self) -> None:
        corrected = an_agreed(
            {"city": "Berlin"}, {"city": "Berlin"}, applied={"city": "Munich"}, shown={"city": "Muenchen"}
        )

        assert skipped(corrected).shown == {}


class TestDrift:
    def test_a_value_changed_there_is_kept_and_reported(self) -> None:
        drifted = an_agreed({"first_name": "Ann"}, {"first_name": "Annie"})

        expected = Skip("c1", Reason.UNCHANGED, member_id=MEMBER, drifted=("first_name",), agreed={"first_name": "Ann"})
        assert decided(drifted) == expected

    def test_a_value_emptied_there_is_kept_empty_and_reported(self) -> None:
        assert skipped(an_agreed({"first_name": "Ann"}, {})).drifted == ("first_name",)

    def test_an_echo_that_was_changed_there_is_drift(self) -> None:
        drifted = an_agreed({"city": "Munich"}, {"city": "Bonn"}, shown={"city": "Muenchen"})

        assert skipped(drifted).drifted == ("city",)

    def test_where_both_sides_changed_the_crm_wins(self) -> None:
        both = an_agreed({"first_name": "Anna"}, {"first_name": "Annie"}, applied={"first_name": "Ann"})

        assert updated(both) == {"first_name": "Anna"}

    def test_an_update_leaves_the_fields_alone_that_have_drifted(self) -> None:
        wanted = {"first_name": "Ann", "job_title": "Judge"}
        there = {"first_name": "Annie", "job_title": "Clerk"}

        sent = updated(an_agreed(wanted, there, applied={"first_name": "Ann", "job_title": "Clerk"}))

        assert sent == {"job_title": "Judge"}

    def test_what_an_update_leaves_alone_is_reported_and_by_choice_it_is_overwritten(self) -> None:
        wanted = {"first_name": "Ann", "job_title": "Judge"}
        there = {"first_name": "Annie", "job_title": "Clerk"}
        candidate = an_agreed(wanted, there, applied={"first_name": "Ann", "job_title": "Clerk"})

        (kept,) = diff([candidate])
        (overwritten,) = diff([candidate], Policy(overwrite=("first_name",)))

        assert isinstance(kept, Update)
        assert isinstance(overwritten, Update)
        assert (kept.values, kept.drifted) == ({"job_title": "Judge"}, ("first_name",))
        assert (overwritten.values, overwritten.drifted) == (wanted, ())

    def test_by_choice_a_field_that_was_cleared_and_is_filled_there_is_cleared_again(self) -> None:
        candidate = an_agreed({}, {"job_title": "Clerk"}, applied={"job_title": ""})
        clear = Policy(clear=("job_title",))

        (kept,) = diff([candidate], clear)
        (cleared,) = diff([candidate], dataclasses.replace(clear, overwrite=("job_title",)))

        assert isinstance(kept, Skip)
        assert kept.drifted == ("job_title",)
        assert isinstance(cleared, Update)
        assert (cleared.values, cleared.drifted) == ({"job_title": ""}, ())

    def test_values_of_a_member_who_was_another_until_now_are_no_drift(self) -> None:
        """The contact's new address is already in the account: what was pushed went to the old member."""
        wanted = {"first_name": "Ann"}
        found = a_candidate(
            fields=wanted,
            applied=wanted,
            member=a_member(fields={"first_name": "Nan"}),
            linked=a_member(OTHER_MEMBER, fields=wanted),
        )

        assert updated(found) == wanted


class TestRefusedFields:
    def test_a_value_that_was_not_taken_is_not_sent_again(self) -> None:
        candidate = a_candidate(fields={"job_title": "Judge"}, member=a_member(), refused_fields={"job_title": "Judge"})

        assert decided(candidate) == Skip("c1", Reason.UNCHANGED, member_id=MEMBER)

    def test_another_value_of_a_field_that_was_not_taken_is_sent(self) -> None:
        candidate = a_candidate(fields={"job_title": "Clerk"}, member=a_member(), refused_fields={"job_title": "Judge"})

        assert updated(candidate) == {"job_title": "Clerk"}

    def test_a_refused_field_does_not_keep_the_others_back(self) -> None:
        candidate = a_candidate(
            fields={"job_title": "Judge", "first_name": "Ann"},
            member=a_member(),
            refused_fields={"job_title": "Judge"},
        )

        assert updated(candidate) == {"first_name": "Ann"}


#: What makes a contact skipped, in the order in which the reasons decide.
_REASONS: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.OUT_OF_SCOPE, {"eligible": False}),
    (Reason.OPTED_OUT, {"opted_out": True}),
    (Reason.INVALID, {"fault": "not an e-mail address"}),
    (Reason.UNSUBSCRIBED, {"member": a_member(status=Status.UNSUBSCRIBED)}),
    (Reason.LEFT_LIST, {"linked": a_member(OTHER_MEMBER, left=True)}),
    (Reason.REJECTED, {"rejected": "refused before"}),
    (Reason.ADDRESS_TAKEN, {"claimed": True}),
    (Reason.NEEDS_SINGLE_WRITE, {"address": f"{'a' * 39}@example.com"}),
]


class TestSkipping:
    @pytest.mark.parametrize(("reason", "given"), _REASONS, ids=[reason for reason, _ in _REASONS])
    def test_each_reason_keeps_a_contact_from_being_pushed(self, reason: Reason, given: dict[str, Any]) -> None:
        assert skipped(a_candidate(**given)).reason == reason

    @pytest.mark.parametrize("first", range(len(_REASONS)), ids=[reason for reason, _ in _REASONS])
    def test_the_earlier_reason_is_said_where_several_hold(self, first: int) -> None:
        given = {key: value for _, kwargs in _REASONS[first:] for key, value in kwargs.items()}

        assert skipped(a_candidate(**given)).reason == _REASONS[first][0]

    def test_who_is_on_as_many_lists_as_can_be_is_not_put_on_another(self) -> None:
        full = dataclasses.replace(a_member(on_list=False), lists_full=True)

        assert skipped(a_candidate(member=full)).reason == Reason.TOO_MANY_LISTS
        assert "50 lists" in skipped(a_candidate(member=full)).message
        on_it = dataclasses.replace(full, on_list=True)
        assert updated(a_candidate(fields={"first_name": "Ann"}, member=on_it)) == {"first_name": "Ann"}

    @pytest.mark.parametrize(
        "member",
        [a_member(on_list=False, left=True), a_member(status=Status.DELETED, on_list=False)],
        ids=["left", "deleted"],
    )
    def test_who_was_let_back_in_is_added(self, member: Present) -> None:
        assert isinstance(decided(a_candidate(member=member, may_rejoin=True)), Add)
        assert isinstance(decided(a_candidate(member=None, linked=member, may_rejoin=True)), Add | Readdress)

    @pytest.mark.parametrize(
        "member",
        [
            a_member(status=Status.UNSUBSCRIBED, on_list=False, left=True),
            dataclasses.replace(a_member(status=Status.DELETED, on_list=False), opted_out=True),
            dataclasses.replace(a_member(on_list=False, left=True), opted_out=True),
            a_member(status=Status.TEMP_HOLD, on_list=False, left=True),
        ],
    )
    def test_whoever_unsubscribed_or_is_not_mailable_is_let_in_by_nobody(self, member: Present) -> None:
        reasons = (Reason.UNSUBSCRIBED, Reason.NOT_MAILABLE)

        assert skipped(a_candidate(member=member, may_rejoin=True)).reason in reasons
        assert skipped(a_candidate(linked=member, may_rejoin=True)).reason in reasons

    def test_a_duplicate_s_own_leaving_counts_where_only_the_other_was_let_back_in(self) -> None:
        here, gone = a_member(on_list=False, left=True), a_member(OTHER_MEMBER, on_list=False, left=True)
        let_in = a_candidate("c1", member=here, may_rejoin=True)
        other = a_candidate("c2", member=here, linked=gone)

        assert told([let_in, other])["c1"] == Reason.LEFT_LIST

    @pytest.mark.parametrize(
        ("reason", "member"),
        [
            (Reason.UNSUBSCRIBED, a_member(status=Status.UNSUBSCRIBED)),
            (Reason.UNSUBSCRIBED, a_member(status=Status.UNSUBSCRIBED, left=True, on_list=False)),
            (Reason.DELETED_THERE, a_member(status=Status.DELETED, on_list=False)),
            (Reason.NOT_MAILABLE, a_member(status=Status.PENDING)),
            (Reason.NOT_MAILABLE, a_member(status=Status.TEMP_HOLD)),
            (Reason.NOT_MAILABLE, a_member(status=Status.NOT_SET, on_list=False)),
            (Reason.NOT_MAILABLE, a_member(status=Status.UNKNOWN)),
            (Reason.LEFT_LIST, a_member(on_list=False, left=True)),
        ],
    )
    def test_who_is_off_stays_off(self, reason: Reason, member: Present) -> None:
        candidate = a_candidate(fields={"first_name": "Ann"}, member=member)

        assert decided(candidate) == Skip("c1", reason, member_id=MEMBER)

    def test_who_is_gone_from_the_crm_is_out_of_scope(self) -> None:
        assert skipped(a_candidate(gone=True, member=a_member())).reason == Reason.OUT_OF_SCOPE

    def test_who_has_no_address_is_told_apart_from_who_has_a_wrong_one(self) -> None:
        nobody = a_candidate("c1", address="")
        wrong = a_candidate("c2", address="ann@", fault="not an e-mail address")

        assert told([nobody, wrong]) == {"c1": "no_email", "c2": "invalid"}

    def test_who_has_no_address_and_opted_out_has_opted_out(self) -> None:
        assert skipped(a_candidate(address="", opted_out=True)).reason == Reason.OPTED_OUT

    def test_an_invalid_address_says_what_is_wrong_with_it(self) -> None:
        assert skipped(a_candidate(fault="too long")).message == "too long"

    def test_a_reject_says_why(self) -> None:
        assert skipped(a_candidate(rejected="refused before")).message == "refused before"

    def test_who_was_missing_from_one_reading_waits_for_the_second(self) -> None:
        absent = a_candidate(fields={"first_name": "Ann"}, member=a_member(absent=True))

        assert skipped(absent).reason == Reason.MEMBERSHIP_UNCLEAR

    def test_who_is_missing_waits_also_under_a_changed_address(self) -> None:
        """Else somebody who may have left would be put back by way of the new address."""
        moved = a_candidate(
            fields={"first_name": "Bo", "last_name": "Li"},
            linked=a_member(OTHER_MEMBER, absent=True, fields={"first_name": "Ann", "last_name": "Lee"}),
        )

        assert skipped(moved).reason == Reason.MEMBERSHIP_UNCLEAR

    def test_who_is_missing_and_unsubscribed_is_unsubscribed(self) -> None:
        candidate = a_candidate(member=a_member(status=Status.UNSUBSCRIBED, absent=True))

        assert skipped(candidate).reason == Reason.UNSUBSCRIBED


class TestLongAddresses:
    @pytest.mark.parametrize(("length", "kind"), [(50, "add"), (51, "needs_single_write"), (80, "needs_single_write")])
    def test_an_import_takes_an_address_of_50_characters(self, length: int, kind: str) -> None:
        address = "a" * (length - len("@example.com")) + "@example.com"

        assert told([a_candidate(address=address)]) == {"c1": kind}

    def test_a_member_with_a_long_address_and_the_wanted_values_is_unchanged(self) -> None:
        long = a_candidate(address=f"{'a' * 60}@example.com", member=a_member())

        assert skipped(long).reason == Reason.UNCHANGED

    def test_a_member_with_a_long_address_is_updated_by_a_call_of_its_own(self) -> None:
        long = a_candidate(address=f"{'a' * 60}@example.com", member=a_member(), fields={"first_name": "Ann"})

        update = decided(long)

        assert isinstance(update, Update)
        assert update.is_single

    def test_who_is_new_to_the_account_is_created_singly_only_where_that_was_chosen(self) -> None:
        long = a_candidate(address=f"{'a' * 60}@example.com")

        (chosen,) = diff([long], Policy(create_singly=True))

        assert isinstance(chosen, Add)
        assert chosen.is_single

    def test_nobody_who_is_in_the_account_is_put_on_the_list_by_a_call_that_would_replace_their_lists(self) -> None:
        long = a_candidate(address=f"{'a' * 60}@example.com", member=a_member(on_list=False))

        (skip,) = diff([long], Policy(create_singly=True))

        assert isinstance(skip, Skip)
        assert skip.reason == Reason.NEEDS_SINGLE_WRITE
        assert "lists" in skip.message


class TestClearing:
    CLEAR = Policy(clear=("job_title", "mobile_phone"))

    def test_blank_keeps_what_is_there_unless_it_was_chosen_to_clear(self) -> None:
        blank = a_candidate(member=a_member(fields={"job_title": "Baker"}))

        assert told([blank]) == {"c1": "unchanged"}

    def test_a_blank_field_is_cleared_by_a_call_of_its_own(self) -> None:
        (update,) = diff([a_candidate(member=a_member(fields={"job_title": "Baker"}))], self.CLEAR)

        assert isinstance(update, Update)
        assert (update.values, update.before, update.is_single) == ({"job_title": ""}, {"job_title": "Baker"}, True)

    def test_what_an_import_can_do_goes_first_and_the_rest_is_decided_again(self) -> None:
        there = a_member(fields={"job_title": "Baker", "first_name": "Bob"})

        (update,) = diff([a_candidate(fields={"first_name": "Ann"}, member=there)], self.CLEAR)

        assert isinstance(update, Update)
        assert (update.values, update.is_single, update.has_rest) == ({"first_name": "Ann"}, False, True)
        assert "job_title" not in update.agreed

    def test_a_field_that_was_cleared_and_is_filled_there_again_is_drift(self) -> None:
        filled = a_candidate(member=a_member(fields={"job_title": "Baker"}), applied={"job_title": ""})

        (skip,) = diff([filled], self.CLEAR)

        assert isinstance(skip, Skip)
        assert skip.drifted == ("job_title",)

    def test_a_value_that_can_not_be_sent_is_not_blank(self) -> None:
        contact = dataclasses.replace(a_candidate().contact, refused={"job_title": "longer than 50 characters"})
        refused = dataclasses.replace(a_candidate(member=a_member(fields={"job_title": "Baker"})), contact=contact)

        assert [type(decision) for decision in diff([refused], self.CLEAR)] == [Skip]

    def test_clearing_that_was_refused_is_not_tried_again(self) -> None:
        refused = a_candidate(member=a_member(fields={"job_title": "Baker"}), refused_fields={"job_title": ""})

        assert [type(decision) for decision in diff([refused], self.CLEAR)] == [Skip]


class TestWhatAnImportDidNotTake:
    def test_it_is_tried_once_more_by_a_call_of_its_own(self) -> None:
        left = a_candidate(fields={"mobile_phone": "+44 1"}, member=a_member(), untaken={"mobile_phone": "+44 1"})

        update = decided(left)

        assert isinstance(update, Update)
        assert (update.values, update.is_single) == ({"mobile_phone": "+44 1"}, True)

    def test_another_value_goes_by_an_import_again(self) -> None:
        left = a_candidate(fields={"mobile_phone": "+44 2"}, member=a_member(), untaken={"mobile_phone": "+44 1"})

        update = decided(left)

        assert isinstance(update, Update)
        assert not update.is_single

    def test_other_fields_do_not_wait_for_it(self) -> None:
        fields = {"first_name": "Ann", "mobile_phone": "+44 1"}

        update = decided(a_candidate(fields=fields, member=a_member(), untaken={"mobile_phone": "+44 1"}))

        assert isinstance(update, Update)
        assert (update.values, update.has_rest) == ({"first_name": "Ann"}, True)


class TestDuplicates:
    def test_the_lowest_id_is_synced_and_the_others_say_which_one_it_is(self) -> None:
        first, second = diff([a_candidate("c2"), a_candidate("c1")])

        assert isinstance(first, Add)
        message = "the same address as contact c1, which is the one that is synced"
        assert second == Skip("c2", Reason.DUPLICATE, message)

    def test_the_one_with_the_name_that_the_member_shows_goes_before_the_lowest_id(self) -> None:
        member = a_member(fields={"first_name": "Bob", "last_name": "Day"})
        ann = a_candidate("c1", fields={"first_name": "Ann"}, member=member, is_linked=False)
        bob = a_candidate("c2", fields={"first_name": "Bob", "last_name": "Day"}, member=member, is_linked=False)

        assert told([ann, bob]) == {"c1": "duplicate", "c2": "unchanged"}

    def test_the_one_that_is_linked_goes_before_the_one_with_the_name(self) -> None:
        member = a_member(fields={"first_name": "Bob"})
        bob = a_candidate("c1", fields={"first_name": "Bob"}, member=member, is_linked=False)
        ann = a_candidate("c2", fields={"first_name": "Ann"}, member=member, is_linked=True)

        assert told([bob, ann]) == {"c1": "duplicate", "c2": "update"}

    @pytest.mark.parametrize("change", [{"eligible": False}, {"gone": True}])
    def test_the_next_takes_over_when_the_linked_one_is_no_longer_wanted(self, change: dict[str, Any]) -> None:
        member = a_member()
        linked = a_candidate("c1", member=member, **change)
        following = a_candidate("c2", member=member, is_linked=False)

        assert told([linked, following]) == {"c1": "out_of_scope", "c2": "unchanged"}

    def test_an_ineligible_duplicate_does_not_keep_the_other_off(self) -> None:
        assert told([a_candidate("c1", eligible=False), a_candidate("c2")]) == {"c1": "out_of_scope", "c2": "add"}

    def test_the_opt_out_of_one_counts_for_the_address(self) -> None:
        kept, out = diff([a_candidate("c1"), a_candidate("c2", opted_out=True)])

        assert kept == Skip("c1", Reason.OPTED_OUT, "contact c2, who has the same address, opted out")
        assert out == Skip("c2", Reason.OPTED_OUT)

    def test_the_opt_out_of_an_ineligible_one_counts_too(self) -> None:
        candidates = [a_candidate("c1"), a_candidate("c2", opted_out=True, eligible=False)]

        assert told(candidates) == {"c1": "opted_out", "c2": "out_of_scope"}

    def test_the_opt_out_of_one_who_is_gone_from_the_crm_does_not_count(self) -> None:
        candidates = [a_candidate("c1"), a_candidate("c2", opted_out=True, gone=True)]

        assert told(candidates) == {"c1": "add", "c2": "out_of_scope"}

    def test_the_state_of_the_member_of_one_who_is_gone_does_count(self) -> None:
        left = a_candidate("c2", gone=True, linked=a_member(OTHER_MEMBER, left=True, on_list=False))

        assert told([a_candidate("c1"), left]) == {"c1": "left_list", "c2": "out_of_scope"}

    def test_the_opt_out_of_one_address_leaves_the_other_addresses_alone(self) -> None:
        assert told([a_candidate("c1", "bo@example.com"), a_candidate("c2", opted_out=True)])["c1"] == "add"

    def test_contacts_without_an_address_are_no_duplicates_of_each_other(self) -> None:
        candidates = [a_candidate("c1", address=""), a_candidate("c2", address="")]

        assert told(candidates) == {"c1": "no_email", "c2": "no_email"}


class TestChangedAddresses:
    def test_the_linked_member_gets_the_new_address_and_keeps_everything_else(self) -> None:
        wanted = {"first_name": "Ann"}
        moved = a_candidate(address="new@example.com", fields=wanted, linked=a_member(OTHER_MEMBER, fields=wanted))

        assert decided(moved) == Readdress("c1", "new@example.com", {}, {}, wanted, OTHER_MEMBER)

    def test_who_changed_the_last_name_only_is_the_same_person(self) -> None:
        moved = a_candidate(
            fields={"first_name": "Ann", "last_name": "Lee"},
            linked=a_member(fields={"first_name": "Ann", "last_name": "Day"}),
        )

        assert isinstance(decided(moved), Readdress)

    def test_who_changed_first_and_last_name_too_is_another_person_and_added(self) -> None:
        wanted = {"first_name": "Bo", "last_name": "Li"}
        linked = a_member(fields={"first_name": "Ann", "last_name": "Day"})

        assert decided(a_candidate(fields=wanted, linked=linked)) == Add(
            "c1", "ann@example.com", wanted, {}, wanted, None
        )

    def test_another_person_is_added_with_the_fields_that_stayed_the_same_too(self) -> None:
        wanted = {"first_name": "Bo", "last_name": "Li", "company_name": "Acme"}
        linked = a_member(fields={"first_name": "Ann", "last_name": "Day", "company_name": "Acme"})
        before = {"first_name": "Ann", "last_name": "Day", "company_name": "Acme"}

        decision = decided(a_candidate(fields=wanted, linked=linked, applied=before))

        assert isinstance(decision, Add)
        assert decision.values == wanted

    def test_names_in_another_letter_case_are_the_same_person(self) -> None:
        moved = a_candidate(
            fields={"first_name": "ANN", "last_name": "DAY"},
            linked=a_member(fields={"first_name": "Ann", "last_name": "Day"}),
        )

        assert isinstance(decided(moved), Readdress)

    @pytest.mark.parametrize(
        ("reason", "linked"),
        [
            (Reason.UNSUBSCRIBED, a_member(OTHER_MEMBER, Status.UNSUBSCRIBED)),
            (Reason.LEFT_LIST, a_member(OTHER_MEMBER, left=True, on_list=False)),
            (Reason.DELETED_THERE, a_member(OTHER_MEMBER, Status.DELETED, on_list=False)),
        ],
    )
    @pytest.mark.parametrize("member", [None, a_member(), a_member(on_list=False)])
    def test_who_is_off_stays_off_under_the_new_address(
        self, reason: Reason, linked: Present, member: Present | None
    ) -> None:
        assert skipped(a_candidate(member=member, linked=linked)).reason == reason

    def test_the_new_address_of_a_member_of_the_account_is_that_member(self) -> None:
        known = a_candidate(member=a_member(on_list=False), linked=a_member(OTHER_MEMBER))

        assert decided(known) == Add("c1", "ann@example.com", {}, {}, {}, MEMBER)

    def test_an_address_that_another_contact_has_yet_to_leave_is_not_taken_from_it(self) -> None:
        assert skipped(a_candidate(member=a_member(), claimed=True)).reason == Reason.ADDRESS_TAKEN


def test_decisions_come_in_the_order_of_contact_ids() -> None:
    candidates = [a_candidate(contact_id, f"{contact_id}@example.com") for contact_id in ("c3", "c1", "c10", "c2")]

    assert [decision.contact_id for decision in diff(candidates)] == ["c1", "c10", "c2", "c3"]


_FIELDS = st.dictionaries(
    st.sampled_from(["first_name", "last_name", "home_city", "home_street", "mobile_phone", "birthday_day"]),
    st.sampled_from(["1", "2", "Ann", "555-0100", "5550100"]),
)


@st.composite
def _members(draw: st.DrawFn) -> Present:
    member = a_member(
        draw(st.sampled_from([MEMBER, OTHER_MEMBER])),
        draw(st.sampled_from(Status)),
        on_list=draw(st.booleans()),
        left=draw(st.booleans()),
        absent=draw(st.booleans()),
    )
    return dataclasses.replace(member, fields=draw(st.none() | _FIELDS))


@st.composite
def _slices(draw: st.DrawFn) -> list[Candidate]:
    """Some contacts of a few addresses; all contacts of one address meet the same member."""
    addresses = ["", "ann@example.com", "bob@example.com", f"{'a' * 60}@example.com"]
    members = {address: draw(st.none() | _members()) if address else None for address in addresses}
    drawn = draw(st.lists(st.sampled_from(addresses), max_size=7))
    return [
        a_candidate(
            f"c{number}",
            address,
            fields=draw(_FIELDS),
            member=members[address],
            linked=draw(st.none() | _members()),
            is_linked=draw(st.booleans()),
            eligible=draw(st.sampled_from([True, True, False])),
            opted_out=draw(st.sampled_from([False, False, True])),
            gone=draw(st.sampled_from([False, False, True])),
            applied=draw(_FIELDS),
            shown=draw(_FIELDS),
            refused_fields=draw(_FIELDS),
            rejected=draw(st.sampled_from(["", "", "refused before"])),
            claimed=draw(st.booleans()),
        )
        for number, address in enumerate(drawn)
    ]


def _is_kept_off(candidate: Candidate, candidates: Sequence[Candidate]) -> bool:
    """Whether nobody may put this contact on the list, said without the diff's own words."""
    mates = [mate for mate in candidates if mate.group == candidate.group]
    seen = [side for mate in mates for side in (mate.member, mate.linked) if side is not None]
    return (
        candidate.gone
        or not candidate.contact.eligible
        or any(mate.contact.opted_out and not mate.gone for mate in mates)
        or any(side.left or side.status not in (Status.EXPLICIT, Status.IMPLICIT) for side in seen)
    )


@settings(deadline=None)
@given(_slices())
def test_nobody_who_is_off_is_ever_pushed(candidates: list[Candidate]) -> None:
    off = {candidate.contact.contact_id for candidate in candidates if _is_kept_off(candidate, candidates)}

    assert off.isdisjoint(pushed(candidates))


@settings(deadline=None, max_examples=50)
@given(_slices())
def test_there_is_one_decision_for_each_candidate(candidates: list[Candidate]) -> None:
    expected = sorted(candidate.contact.contact_id for candidate in candidates)
    assert [decision.contact_id for decision in diff(candidates)] == expected


@settings(deadline=None, max_examples=50)
@given(_slices().flatmap(lambda slice_: st.tuples(st.just(slice_), st.permutations(slice_))))
def test_the_order_of_the_candidates_changes_nothing(slices: tuple[list[Candidate], list[Candidate]]) -> None:
    one_order, other_order = slices

    assert repr(diff(other_order)) == repr(diff(one_order))


@settings(deadline=None, max_examples=50)
@given(_slices())
def test_at_most_one_contact_of_an_address_is_pushed(candidates: list[Candidate]) -> None:
    group_of = {candidate.contact.contact_id: candidate.group for candidate in candidates}
    groups = [group_of[contact_id] for contact_id in pushed(candidates)]

    assert len(groups) == len(set(groups))


@settings(deadline=None, max_examples=50)
@given(_slices())
def test_what_is_sent_is_what_the_crm_wants_and_never_a_blank(candidates: list[Candidate]) -> None:
    wanted = {candidate.contact.contact_id: candidate.contact.fields for candidate in candidates}
    changes = [decision for decision in diff(candidates) if isinstance(decision, Add | Update)]

    assert all(change.values.items() <= wanted[change.contact_id].items() for change in changes)
    assert all(value for change in changes for value in change.values.values())
