from __future__ import annotations

import json

import httpx
import pytest

from reconciler.constant_contact import answers
from reconciler.constant_contact.answers import Throttled
from reconciler.errors import (
    AccessRefused,
    ApiError,
    ApiRefused,
    ApiUnavailable,
    DailyLimitReached,
    Forbidden,
    NotFound,
    OutcomeUnknown,
)

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


def an_answer(content: object = None, status: int = 400) -> httpx.Response:
    text = content if isinstance(content, str) else json.dumps(content)
    return httpx.Response(status, content=text.encode())


class TestWords:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (
                {"error_key": "contacts.api.validation.error", "error_message": "Bad name"},
                "contacts.api.validation.error: Bad name",
            ),
            ([{"error_key": "first", "error_message": "one"}, {"error_message": "two"}], "first: one; two"),
            ({"message": "no access"}, "no access"),
            ({"error": "invalid_grant", "error_description": "expired"}, "invalid_grant: expired"),
            (["one", "two"], "one; two"),
            ("<html><body>Bad Gateway</body></html>", "an answer that is not JSON"),
            ("", "no reason given"),
            (" \n", "no reason given"),
            ([], "no reason given"),
            ({}, "no reason given"),
            (None, "no reason given"),
            ({"unheard_of": "words"}, "no reason given"),
        ],
    )
    def test_a_body_of_any_form_gives_its_words(self, content: object, words: str) -> None:
        assert answers.words(an_answer(content)) == words

    def test_bytes_that_are_no_text_give_no_words(self) -> None:
        assert answers.words(httpx.Response(400, content=b"\x80\xff")) == "an answer that is not JSON"

    def test_addresses_are_masked(self) -> None:
        said = answers.words(an_answer({"error_message": "ann.lee@example.com is on the list already"}))

        assert said == "a***@example.com is on the list already"

    def test_tokens_are_left_out(self) -> None:
        said = answers.words(an_answer({"message": f"Bearer {TOKEN} is wrong, so is {TOKEN}"}))

        assert said == "Bearer *** is wrong, so is ***"

    def test_words_without_end_are_cut(self) -> None:
        assert len(answers.words(an_answer({"message": "no " * 1000}))) <= 500


class TestTrouble:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, ApiRefused),
            (401, AccessRefused),
            (403, Forbidden),
            (404, NotFound),
            (409, ApiRefused),
            (413, ApiRefused),
            (415, ApiRefused),
            (429, Throttled),
            (500, ApiUnavailable),
            (502, ApiUnavailable),
            (503, ApiUnavailable),
            (504, ApiUnavailable),
        ],
    )
    def test_each_status_is_its_own_kind_of_trouble(self, status: int, kind: type[ApiError]) -> None:
        assert type(answers.trouble(an_answer({}, status))) is kind

    @pytest.mark.parametrize(
        "content",
        [
            {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"},
            [{"error_key": "quota_exceeded", "error_message": "over the daily quota"}],
            {"message": "Limit Exceeded"},
        ],
    )
    def test_the_days_limit_is_told_from_too_many_a_second(self, content: object) -> None:
        assert type(answers.trouble(an_answer(content, 429))) is DailyLimitReached

    @pytest.mark.parametrize(
        "content",
        [
            {"error_key": "throttled", "error_message": "Too Many Requests"},
            [{"error_key": "too_many_requests", "error_message": "1000 queued activities"}],
            "<html>Too Many Requests</html>",
            "",
        ],
    )
    def test_too_many_a_second_or_in_the_queue_is_a_matter_of_patience(self, content: object) -> None:
        assert type(answers.trouble(an_answer(content, 429))) is Throttled

    @pytest.mark.parametrize("status", [401, 403, 404, 429, 400, 500])
    def test_the_message_carries_constant_contacts_own_words(self, status: int) -> None:
        assert "for this reason" in str(answers.trouble(an_answer({"message": "for this reason"}, status)))

    @pytest.mark.parametrize("status", [401, 403, 500])
    def test_where_there_is_something_to_do_it_is_said(self, status: int) -> None:
        assert answers.trouble(an_answer({}, status)).advice

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
    def test_no_message_shows_an_address_or_a_token(self, status: int) -> None:
        error = answers.trouble(an_answer({"message": f"ann.lee@example.com with {TOKEN}"}, status))

        assert "ann.lee" not in str(error)
        assert TOKEN not in str(error)

    def test_patience_is_trouble_that_passes_and_an_unknown_outcome_is_not_taken_for_it(self) -> None:
        assert issubclass(Throttled, ApiUnavailable)
        assert not issubclass(Throttled, OutcomeUnknown)


class TestBody:
    def test_the_json_of_a_good_answer_is_given(self) -> None:
        assert answers.body(an_answer({"lists": []}, 200)) == {"lists": []}

    @pytest.mark.parametrize("content", [b"<html></html>", b"", b"\x80\xff", b'{"contacts": ['])
    def test_a_good_status_with_anything_else_is_trouble_that_passes(self, content: bytes) -> None:
        with pytest.raises(ApiUnavailable, match="answered 200 with something that is not JSON"):
            answers.body(httpx.Response(200, content=content))
