from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.addresses import fold
from reconciler.errors import StatementError
from reconciler.extract import contact, contacts
from reconciler.mapping import Column, faults

if TYPE_CHECKING:
    from reconciler.domain import Contact

DOMAIN = "@example.com"


def normalised(address: str | None, **values: str) -> Contact:
    return contact("c1", address, values, eligible=True, opted_out=False)


def of_length(length: int) -> str:
    """A well-formed address of so many characters. A local part has at most 64."""
    domain = "@" + "d" * 20 + ".example.com"
    return "a" * (length - len(domain)) + domain


def columns(*names: str, **types: str) -> list[Column]:
    return [Column(name, types.get(name, "text")) for name in names]


class TestAddresses:
    @pytest.mark.parametrize("length", [50, 51, 80])
    def test_an_address_of_up_to_80_characters_is_taken(self, length: int) -> None:
        found = normalised(of_length(length))

        assert len(found.address) == length
        assert (found.address, found.folded, found.fault) == (of_length(length), of_length(length), "")

    def test_an_address_of_81_characters_is_not(self) -> None:
        found = normalised(of_length(81))

        assert found.fault == "longer than the 80 characters Constant Contact takes"
        assert found.folded == ""

    @pytest.mark.parametrize(
        "address",
        [
            "ann",
            "ann@",
            "@example.com",
            "ann@example",
            "ann lee@example.com",
            "ann@@example.com",
            "ann..lee@example.com",
            "ann@example.com.",
            "ann@example.com, bob@example.com",
            "Ann Lee <ann@example.com>",
            '"ann lee"@example.com',
            "ann@-example.com",
            "ann@localhost",
            "ann@[127.0.0.1]",
        ],
    )
    def test_what_is_no_address_is_kept_with_its_fault_and_matches_nobody(self, address: str) -> None:
        found = normalised(address)

        assert found.fault.startswith("not an e-mail address: ")
        assert (found.address, found.folded) == (address, "")

    @pytest.mark.parametrize("blank", [None, "", " ", "\t\n", "\u00a0"])
    def test_no_address_is_no_fault(self, blank: str | None) -> None:
        found = normalised(blank)

        assert (found.address, found.folded, found.fault) == ("", "", "")

    @pytest.mark.parametrize("around", ["{}", " {}", "{}\n", "\t{} \r\n", "\u00a0{}"])
    def test_blanks_around_an_address_are_none_of_it(self, around: str) -> None:
        assert normalised(around.format("ann@example.com")).address == "ann@example.com"

    def test_the_letter_case_is_kept_for_sending_and_folded_for_comparing(self) -> None:
        found = normalised("Ann.Lee@EXAMPLE.com")

        assert found.address == "Ann.Lee@example.com"
        assert found.folded == "ann.lee@example.com"

    def test_a_plus_sign_makes_another_address(self) -> None:
        assert normalised("ann+news@example.com").folded == "ann+news@example.com"

    def test_dots_in_the_local_part_make_another_address(self) -> None:
        assert normalised("a.nn@example.com").folded != normalised("ann@example.com").folded

    def test_an_international_domain_is_one_address_in_both_its_forms(self) -> None:
        assert normalised("ann@BÜCHER.de").folded == normalised("ann@xn--bcher-kva.de").folded != ""

    @pytest.mark.parametrize("shown", ["ann@xn--bcher-kva.de", "Ann@XN--BCHER-KVA.de", "ann@bücher.de"])
    def test_constant_contact_may_show_a_domain_in_either_form(self, shown: str) -> None:
        assert fold(shown) == normalised("ann@bücher.de").folded

    @pytest.mark.parametrize("domain", ["xn--", "xn--a-", "xn--\u00fc", "xn--0000d", "xn--99999999", "a.xn--b.xn--c"])
    def test_what_only_looks_like_an_encoded_domain_is_no_trouble(self, domain: str) -> None:
        assert fold(fold(f"ann@{domain}").encode().decode()) == fold(f"ann@{domain}")

    def test_an_accent_is_one_letter_however_it_is_written(self) -> None:
        composed = "jos\u00e9@example.com"
        decomposed = unicodedata.normalize("NFD", composed)

        assert normalised(decomposed).folded == normalised(composed).folded == composed

    def test_an_accent_is_not_taken_away(self) -> None:
        assert normalised("josé@example.com").folded != normalised("jose@example.com").folded

    def test_a_wrong_address_without_end_is_cut(self) -> None:
        assert len(normalised("a" * 5000).address) < 1000

    @given(st.text(max_size=100))
    def test_any_text_is_an_address_with_a_key_or_has_a_fault_or_is_blank(self, text: str) -> None:
        found = normalised(text)

        assert bool(found.folded) is (bool(found.address) and not found.fault)
        assert bool(found.address) is bool(text.strip())

    @given(st.emails())
    def test_normalising_twice_changes_nothing_more(self, address: str) -> None:
        once = normalised(address)
        twice = normalised(once.address)

        assert (twice.address, twice.folded) == (once.address, once.folded)

    @given(st.text(max_size=30))
    def test_folding_twice_changes_nothing_more(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)


class TestFields:
    def test_a_name_of_200_characters_is_left_out_and_the_person_goes(self) -> None:
        found = normalised("ann@example.com", first_name="A" * 200, last_name="Lee")

        assert found.fields == {"last_name": "Lee"}
        assert found.refused == {"first_name": "longer than the 50 characters Constant Contact takes (200)"}
        assert found.fault == ""

    def test_empty_is_empty(self) -> None:
        assert normalised("ann@example.com", first_name="  ").fields == {}


class TestIds:
    @pytest.mark.parametrize("contact_id", [None, ""])
    def test_a_contact_without_an_id_is_a_fault_of_the_statement(self, contact_id: str | None) -> None:
        with pytest.raises(StatementError, match="contact_id is NULL or empty"):
            contact(contact_id, "ann@example.com", {}, eligible=True, opted_out=False)

    def test_an_id_of_255_characters_is_taken(self) -> None:
        assert contact("c" * 255, None, {}, eligible=True, opted_out=False).contact_id == "c" * 255

    def test_a_longer_id_is_a_fault_of_the_statement(self) -> None:
        with pytest.raises(StatementError, match="longer than 255 characters"):
            contact("c" * 256, None, {}, eligible=True, opted_out=False)


class TestRows:
    def test_a_row_is_read_by_the_names_of_its_columns(self) -> None:
        rows = [("Lee", "ann@example.com", True, "c1", False)]

        [found] = contacts(rows, ["last_name", "email", "opted_out", "contact_id", "eligible"])

        assert found.contact_id == "c1"
        assert found.address == "ann@example.com"
        assert found.fields == {"last_name": "Lee"}
        assert (found.eligible, found.opted_out) == (False, True)

    def test_without_the_columns_everybody_is_eligible_and_nobody_opted_out(self) -> None:
        [found] = contacts([("c1", "ann@example.com")], ["contact_id", "email"])

        assert (found.eligible, found.opted_out) == (True, False)

    def test_who_may_be_eligible_is_not_and_who_may_have_opted_out_has_not(self) -> None:
        [found] = contacts([("c1", "a@example.com", None, None)], ["contact_id", "email", "eligible", "opted_out"])

        assert (found.eligible, found.opted_out) == (False, False)

    def test_a_missing_value_is_no_field(self) -> None:
        [found] = contacts([("c1", "ann@example.com", None, "")], ["contact_id", "email", "first_name", "last_name"])

        assert found.fields == {}


class TestColumns:
    def test_an_id_and_an_address_are_enough(self) -> None:
        assert faults(columns("contact_id", "email")) == []

    def test_every_column_that_is_known_may_be_there(self) -> None:
        types = {
            "changed_at": "timestamp with time zone",
            "row_age": "integer",
            "eligible": "boolean",
            "opted_out": "boolean",
        }
        found = columns("contact_id", "email", "first_name", "work_city", "cf_level", *types, **types)

        assert faults(found) == []

    def test_every_fault_is_named_at_once(self) -> None:
        found = columns("email", "email", "shoe_size", "changed_at", "phone", "other_phone")

        assert faults(found) == [
            "the column contact_id is missing",
            "the column email is there twice",
            "the column shoe_size is none that the reconciler knows",
            "phone and other_phone are one place at Constant Contact: keep one of them",
            "the column changed_at is of type text, it must be timestamp with time zone",
        ]

    @pytest.mark.parametrize(("count", "said"), [(25, []), (26, ["a contact has at most 25 custom fields"])])
    def test_a_contact_has_at_most_25_custom_fields(self, count: int, said: list[str]) -> None:
        assert faults(columns("contact_id", "email", *(f"cf_{number}" for number in range(count)))) == said
