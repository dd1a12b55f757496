from __future__ import annotations

import dataclasses

import pytest

from reconciler.errors import UsageError
from reconciler.limits import Limits, check_order, parse

NAMES = [item.name for item in dataclasses.fields(Limits)]


def fault(**pairs: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse(pairs)
    return str(caught.value)


class TestDefaults:
    def test_a_connection_that_chose_nothing_has_the_defaults(self) -> None:
        assert Limits.of({}) == Limits()

    def test_what_was_chosen_replaces_its_default_only(self) -> None:
        assert Limits.of({"batch_contacts": 7}) == Limits(batch_contacts=7)

    def test_what_another_version_knew_is_left_out(self) -> None:
        assert Limits.of({"of_another_version": 7}) == Limits()

    def test_a_renewal_comes_before_the_lease_ends_and_a_request_ends_before_it_too(self) -> None:
        limits = Limits()

        assert limits.lease_renew_seconds < limits.import_request_seconds < limits.lease_seconds < limits.grace_seconds

    def test_a_batch_is_no_larger_than_an_import_may_be(self) -> None:
        assert Limits().batch_bytes <= 4_000_000
        assert Limits().batch_contacts <= 40_000

    @pytest.mark.parametrize("name", NAMES)
    def test_each_default_could_have_been_chosen(self, name: str) -> None:
        default = getattr(Limits(), name)

        assert parse({name: str(default)}) == {name: default}


class TestParsing:
    @pytest.mark.parametrize("text", ["1_0", "\u0661\u0660", "\uff11\uff10", "ten", "", "1e", "nan", "+-1"])
    @pytest.mark.parametrize("name", ["poll_first_seconds", "batch_contacts"])
    def test_a_number_is_one_as_people_write_it(self, name: str, text: str) -> None:
        assert f"{name} needs a number" in fault(**{name: text})

    def test_a_time_may_be_a_fraction_of_a_second_and_a_number_of_contacts_is_whole(self) -> None:
        chosen = parse({"poll_first_seconds": "0.5", "batch_contacts": "500"})

        assert chosen == {"poll_first_seconds": 0.5, "batch_contacts": 500}
        assert isinstance(chosen["batch_contacts"], int)

    @pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "-inf", "1e400", "5 minutes"])
    def test_what_is_no_number_of_seconds_is_refused(self, text: str) -> None:
        assert repr(text) in fault(interval_seconds=text)

    @pytest.mark.parametrize("text", ["1.5", "-1", "many", "1e3"])
    def test_what_is_no_number_of_contacts_is_refused(self, text: str) -> None:
        assert repr(text) in fault(batch_contacts=text)

    @pytest.mark.parametrize(
        "name", ["slice_contacts", "batch_contacts", "batch_bytes", "crm_statement_seconds", "lease_seconds"]
    )
    def test_nothing_can_be_chosen_that_would_stop_every_run_without_a_word(self, name: str) -> None:
        assert name in fault(**{name: "0"})

    @pytest.mark.parametrize(("name", "text"), [("batch_contacts", "40001"), ("batch_bytes", "4000001")])
    def test_a_batch_can_not_be_chosen_larger_than_an_import_may_be(self, name: str, text: str) -> None:
        assert name in fault(**{name: text})

    def test_every_fault_is_named_at_once(self) -> None:
        told = fault(speed="9", colour="red", interval_seconds="soon", batch_contacts="5")

        assert all(name in told for name in ("speed", "colour", "interval_seconds"))
        assert "batch_contacts" not in told

    def test_the_advice_names_the_settings_there_are(self) -> None:
        with pytest.raises(UsageError) as caught:
            parse({"speed": "9"})

        assert all(name in caught.value.advice for name in NAMES)


def test_times_that_protect_each_other_stay_in_their_order() -> None:
    check_order(Limits())

    with pytest.raises(UsageError, match="lease_seconds"):
        check_order(Limits(lease_seconds=300))
