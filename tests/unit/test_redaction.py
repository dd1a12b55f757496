from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.redaction import loggable, masked, redacted

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


class TestMasked:
    @pytest.mark.parametrize(
        ("address", "shown"),
        [
            ("jane.doe@example.com", "j***@example.com"),
            ("j@example.com", "j***@example.com"),
            ('"a@b"@example.com', '"***@example.com'),
            ("Ünal@bücher.example", "Ü***@bücher.example"),
            ("not an address", "***"),
            ("", "***"),
        ],
    )
    def test_only_the_first_letter_and_the_domain_are_shown(self, address: str, shown: str) -> None:
        assert masked(address) == shown


class TestRedacted:
    @pytest.mark.parametrize(
        "text",
        [
            "ann.lee@example.com",
            "<ann.lee@example.com>",
            '{"email":"ann.lee@example.com"}',
            "mailto:ann.lee@example.com?subject=x",
            "email=ann.lee@example.com&limit=1",
            "/v3/contacts?email=ann.lee%40example.com&status=all",
            "ann.lee+news@sub.example.com.",
            '"ann.lee smith"@example.com',
            "Ann.lee@EXAMPLE.com, ann.lee@example.com",
        ],
    )
    def test_no_address_is_left_in_full(self, text: str) -> None:
        assert "nn.lee" not in redacted(text)
        assert "xample" in redacted(text).casefold()

    @pytest.mark.parametrize(
        "text",
        [
            f"Bearer {TOKEN}",
            f"authorization: bearer {TOKEN}",
            f"the token {TOKEN} has expired",
            f'{{"access_token":"{TOKEN}"}}',
            "0123456789abcdef0123456789abcdef",
            "refresh_token=abcdefghijklmnopqrstuvwxyz0123456789",
        ],
    )
    def test_no_token_is_left(self, text: str) -> None:
        shown = redacted(text)

        assert "***" in shown
        assert TOKEN not in shown
        assert "0123456789" not in shown
        assert "c2lnbmF0dXJl" not in shown

    def test_ids_are_left_so_that_somebody_can_look_them_up(self) -> None:
        text = "no list 11111111-1111-4111-8111-111111111111"

        assert redacted(text) == text

    def test_usual_words_are_left_as_they_are(self) -> None:
        text = "contacts.api.validation.error: first_name is longer than 50 characters"

        assert redacted(text) == text

    def test_blanks_and_line_ends_become_one_blank(self) -> None:
        assert redacted("one\n  two\tthree ") == "one two three"

    def test_what_is_too_long_is_cut(self) -> None:
        assert len(redacted("no " * 1000)) <= 500

    @given(st.from_regex(r"[a-z0-9._+-]{2,20}", fullmatch=True), st.text(alphabet=" ,;<>()\n", max_size=3))
    def test_any_local_part_is_masked_wherever_it_stands(self, local: str, around: str) -> None:
        assert f"{local}@example.com" not in redacted(f"before{around} {local}@example.com {around}after")

    @given(st.text())
    def test_redacting_twice_changes_nothing_more(self, text: str) -> None:
        assert redacted(redacted(text)) == redacted(text)


class TestVeiled:
    def test_a_long_text_stays_whole_but_for_addresses_passwords_and_tokens(self) -> None:
        trace = "Traceback\n  File x\n" * 100
        told = (
            f"{trace}ann.lee@example.com postgresql://sage:pa/ss@db/x Bearer ab.cd== {TOKEN} _a_function_with_a_name()"
        )

        assert loggable(told) == (
            f"{trace}a***@example.com postgresql://***@db/x Bearer *** *** _a_function_with_a_name()"
        )
