from __future__ import annotations

import json

import httpx
import pytest

from reconciler.constant_contact import answers
from reconciler.errors import (
    AccessRefused,
    ApiError,
    ApiRefused,
    ApiUnavailable,
    Conflict,
    DailyLimitReached,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    QueueFull,
    Throttled,
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
            (301, ApiUnavailable),
            (302, ApiUnavailable),
            (307, ApiUnavailable),
            (409, Conflict),
            (418, ApiRefused),
            (422, ApiRefused),
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
            "<html>Too Many Requests</html>",
            "",
        ],
    )
    def test_too_many_a_second_is_a_matter_of_patience(self, content: object) -> None:
        assert type(answers.trouble(an_answer(content, 429))) is Throttled

    @pytest.mark.parametrize(
        "content",
        [
            [{"error_key": "too_many_requests", "error_message": "1000 queued activities"}],
            {"error_message": "You exceeded 1,000 queued activities for this user account."},
            {"message": "You exceeded 1,000 queued activities for this user account."},
        ],
    )
    def test_a_full_queue_is_neither_the_day_nor_the_second(self, content: object) -> None:
        assert type(answers.trouble(an_answer(content, 429))) is QueueFull

    @pytest.mark.parametrize(
        ("said", "because", "advice"),
        [
            ("Insufficient scope for this request", "the token lacks a scope", "contact_data"),
            ("The user lacks the privilege contacts:write", "lacks a privilege", "account's owner"),
            ("You do not have permission", "lacks a privilege", "account's owner"),
            ("The application was deactivated", "the application is off", "My Applications"),
            ("Forbidden", "Forbidden", "scopes"),
        ],
    )
    def test_a_403_says_which_of_its_causes_it_is_where_the_text_does(
        self, said: str, because: str, advice: str
    ) -> None:
        error = answers.trouble(an_answer({"error_key": "forbidden", "error_message": said}, 403))

        assert because in str(error)
        assert advice in error.advice

    @pytest.mark.parametrize("end", ["", ".", '"'])
    @pytest.mark.parametrize(
        "member_id", ["61d00338-96f0-11ef-b2a0-fa163eafb85e", "61D00338-96F0-11EF-B2A0-FA163EAFB85E"]
    )
    def test_a_conflict_names_the_other_contact(self, member_id: str, end: str) -> None:
        said = f"Validation failed: Email already exists for contact {member_id}{end}"
        error = answers.trouble(an_answer([{"error_key": "contacts.api.conflict", "error_message": said}], 409))

        assert isinstance(error, Conflict)
        assert error.member_id == "61d00338-96f0-11ef-b2a0-fa163eafb85e"

    @pytest.mark.parametrize("content", [{}, "", "<html></html>", {"message": "simultaneous requests"}])
    def test_a_conflict_that_names_nobody_is_one_all_the_same(self, content: object) -> None:
        error = answers.trouble(an_answer(content, 409))

        assert isinstance(error, Conflict)
        assert error.member_id is None
        assert "another contact" not in str(error)

    def test_a_conflict_about_an_address_says_so(self) -> None:
        error = answers.trouble(an_answer([{"error_key": "conflict", "error_message": "Email already exists"}], 409))

        assert "another contact with this address" in str(error)

    @pytest.mark.parametrize(("asked", "patience"), [("2", 2.0), ("3600", 60.0), ("soon", None), ("", None)])
    def test_a_wait_that_is_asked_for_is_heeded_within_reason(self, asked: str, patience: float | None) -> None:
        error = answers.trouble(httpx.Response(429, headers={"Retry-After": asked}))

        assert isinstance(error, Throttled)
        assert error.patience == patience

    def test_a_redirect_says_that_it_was_not_followed(self) -> None:
        error = answers.trouble(httpx.Response(302, headers={"Location": "https://elsewhere.example.com/token"}))

        assert "sends us elsewhere (302); that was not followed" in str(error)

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


class TestDisguised:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            ([{"error_key": "contacts.api.validation.error", "error_message": "no"}], ApiRefused),
            ({"error_key": "unauthorized", "error_message": "Unauthorized"}, AccessRefused),
            ({"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}, DailyLimitReached),
            ({"error_key": "throttled", "error_message": "Too Many Requests"}, Throttled),
            ([{"error_key": "contacts.api.not_found", "error_message": "no"}], NotFound),
            ([{"error_key": "contacts.api.conflict", "error_message": "Email already exists"}], Conflict),
            ({"error": "server_error", "error_description": "went wrong"}, ApiUnavailable),
            ([{"error_key": "never.heard.of", "error_message": "no"}], ApiUnavailable),
        ],
    )
    def test_an_error_with_a_good_status_is_an_error(self, content: object, kind: type[ApiError]) -> None:
        assert type(answers.disguised(an_answer(content, 200))) is kind

    @pytest.mark.parametrize(
        "content",
        [
            {"contacts": [], "_links": {}},
            {"activity_id": "x", "activity_errors": ["Line 2: Invalid birthday"], "state": "completed"},
            [{"privilege_id": 1, "privilege_name": "contacts:write"}],
            "Email address,error\nada@example.com,",
            "{ not json",
            "",
        ],
    )
    def test_what_was_asked_for_is_none(self, content: object) -> None:
        assert answers.disguised(an_answer(content, 200)) is None


class TestBody:
    def test_the_json_of_a_good_answer_is_given(self) -> None:
        assert answers.body(an_answer({"lists": []}, 200)) == {"lists": []}

    @pytest.mark.parametrize("content", [b"<html></html>", b"", b"\x80\xff", b'{"contacts": ['])
    def test_a_good_status_with_anything_else_is_trouble_that_passes(self, content: bytes) -> None:
        with pytest.raises(ApiUnavailable, match="answered 200 with something that is not JSON"):
            answers.body(httpx.Response(200, content=content))

    @pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream"])
    def test_another_type_of_content_is_not_taken_for_json(self, kind: str) -> None:
        with pytest.raises(ApiUnavailable, match="not JSON"):
            answers.body(httpx.Response(200, content=b"{}", headers={"Content-Type": kind}))

    def test_a_page_for_people_is_no_file(self) -> None:
        with pytest.raises(ApiUnavailable, match="a page instead of a file"):
            answers.file(httpx.Response(200, html="<html></html>"))
