"""The token endpoint: what is asked, and what each answer means."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from reconciler.constant_contact.oauth import SCOPE, DeviceCode, OAuth, Pair, RefreshUnanswered, TokenSlots, Waiting
from reconciler.credentials import Application
from reconciler.errors import AccessRefused, ApiError, ApiUnavailable, DailyLimitReached, GrantEnded, Throttled
from reconciler.secret import Secret
from reconciler.slots import Slot

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC = Application(Secret("the-key"))
CONFIDENTIAL = Application(Secret("the-key"), Secret("a+b/c:d"))
OLD = Secret("the-refresh-token")
GRANTED = {"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 86400, "token_type": "Bearer"}


@dataclass
class Slots:
    """Slots that are so many seconds away; None: there is none."""

    away: float | None = 0.0
    taken: int = 0

    def reserve(self) -> float | None:
        self.taken += 1
        return self.away


@dataclass
class DaySlots:
    """The same, each on a day."""

    away: float | None = 0.0
    taken: int = 0

    def reserve(self) -> Slot | None:
        self.taken += 1
        return None if self.away is None else Slot(self.away, dt.date(2026, 5, 31))


@dataclass
class Server:
    """Answers every request alike, and remembers what it was asked."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        content = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return httpx.Response(self.status, text=content, headers=self.headers)

    @property
    def form(self) -> dict[str, str]:
        return dict(urllib.parse.parse_qsl(self.asked[-1].content.decode()))


def oauth(server: Callable[[httpx.Request], httpx.Response], *, seconds: float = 5) -> OAuth:
    transport = httpx.MockTransport(server)
    return OAuth("https://auth.example.com/v1/", Slots(), transport=transport, total_seconds=seconds)


def refused(status: int, body: object) -> ApiError:
    with pytest.raises(ApiError) as found:
        oauth(Server(status, body)).refresh(PUBLIC, OLD)
    return found.value


def test_an_application_without_a_secret_names_itself_in_the_body() -> None:
    server = Server(body=GRANTED)

    pair = oauth(server).refresh(PUBLIC, OLD)

    assert pair == Pair(Secret("new-access"), Secret("new-refresh"), 86400.0)
    assert str(server.asked[0].url) == "https://auth.example.com/v1/token"
    assert "Authorization" not in server.asked[0].headers
    assert server.form == {
        "client_id": "the-key",
        "grant_type": "refresh_token",
        "refresh_token": "the-refresh-token",
    }


def test_a_confidential_application_proves_itself_by_basic_alone() -> None:
    """Both at once are refused."""
    server = Server(body=GRANTED)

    oauth(server).refresh(CONFIDENTIAL, OLD)

    scheme, _, credentials = server.asked[0].headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials)) == ("Basic", b"the-key:a%2Bb%2Fc%3Ad")
    assert server.form == {"grant_type": "refresh_token", "refresh_token": "the-refresh-token"}


@pytest.mark.parametrize("status", [400, 401])
def test_a_refresh_token_that_is_no_good_ends_the_grant(status: int) -> None:
    error = refused(status, {"error": "invalid_grant", "error_description": "The refresh token is invalid or expired."})

    assert isinstance(error, GrantEnded)
    assert "The refresh token is invalid or expired." in str(error)


@pytest.mark.parametrize("body", [{"error": "invalid_client"}, {"error": "unauthorized_client"}, [], "", "<html>"])
def test_any_other_refusal_is_of_the_api_key(body: object) -> None:
    error = refused(401, body)

    assert type(error) is AccessRefused
    assert "the API key, not the token" in str(error)
    assert "client_secret" in error.advice


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, {"error_key": "throttled"}, Throttled),
        (503, "<html>", ApiUnavailable),
        (500, "", RefreshUnanswered),
        (502, "<html>", RefreshUnanswered),
        (404, [{"error_key": "x"}], RefreshUnanswered),
        (200, "", RefreshUnanswered),
        (200, [], RefreshUnanswered),
        (200, {"refresh_token": "x"}, RefreshUnanswered),
        (200, {"access_token": 7}, RefreshUnanswered),
        (200, {"access_token": "t\u00f6ken"}, RefreshUnanswered),
        (200, {"access_token": "two\nlines"}, RefreshUnanswered),
        (200, {"access_token": " "}, RefreshUnanswered),
        (200, {"access_token": "good", "refresh_token": "two words"}, RefreshUnanswered),
        (200, "x" * 200_000, RefreshUnanswered),
    ],
)
def test_what_passes_is_no_refusal_and_says_whether_it_may_have_been_done(
    status: int, body: object, kind: type[ApiError]
) -> None:
    assert type(refused(status, body)) is kind


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_what_never_left_uses_nothing_up(error: type[httpx.TransportError]) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        raise error("the-refresh-token", request=request)

    with pytest.raises(ApiUnavailable) as found:
        oauth(server).refresh(PUBLIC, OLD)

    assert type(found.value) is ApiUnavailable
    assert "the-refresh-token" not in str(found.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    server = Server(status, "", {"Location": "https://elsewhere.example.com/token"})

    with pytest.raises(RefreshUnanswered):
        oauth(server).refresh(PUBLIC, OLD)

    assert len(server.asked) == 1


def test_an_answer_that_drips_is_given_up_after_the_whole_time() -> None:
    """Every byte begins the client's own timeout anew."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_drip, args=(listening,), daemon=True).start()
        slow = OAuth(f"http://127.0.0.1:{listening.getsockname()[1]}", Slots(), total_seconds=0.5)
        began = time.monotonic()

        with pytest.raises(RefreshUnanswered):
            slow.refresh(PUBLIC, OLD)

    assert time.monotonic() - began < 3


def _drip(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        for letter in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40:
            try:
                connection.send(bytes([letter]))
            except OSError:
                return
            time.sleep(0.1)


def test_the_device_flow_asks_for_a_token_that_can_be_renewed() -> None:
    server = Server(
        body={"device_code": "d", "user_code": "BCDF-GHJK", "verification_uri": "https://a.example.com/activate"}
    )

    code = oauth(server).start(CONFIDENTIAL)

    assert (code.user_code, code.address) == ("BCDF-GHJK", "https://a.example.com/activate")
    assert (code.seconds, code.interval) == (600.0, 5.0)
    assert server.form == {"client_id": "the-key", "scope": SCOPE}
    assert "d" not in repr(code.code)


CODE = {"device_code": "d", "user_code": "U", "verification_uri": "https://a.example.com"}


@pytest.mark.parametrize("seconds", [1e12, 1e300, -1, 0, "NaN", "Infinity", None, True, "soon"])
def test_a_time_that_can_not_be_is_not_said(seconds: object) -> None:
    server = Server(body={**GRANTED, **CODE, "expires_in": seconds})

    assert oauth(server).refresh(PUBLIC, OLD).seconds is None
    assert oauth(server).start(PUBLIC).seconds == 600.0


@pytest.mark.parametrize("seconds", [1e12, -1, "NaN", None])
def test_a_pause_that_can_not_be_is_five_seconds(seconds: object) -> None:
    assert oauth(Server(body={**CODE, "interval": seconds})).start(PUBLIC).interval == 5.0


@pytest.mark.parametrize("name", ["device_code", "user_code", "verification_uri"])
@pytest.mark.parametrize("value", ["", " ", None, 7])
def test_a_code_without_one_of_its_parts_is_trouble_that_passes(name: str, value: object) -> None:
    with pytest.raises(ApiUnavailable):
        oauth(Server(body={**CODE, name: value})).start(PUBLIC)


@pytest.mark.parametrize("body", [{}, {"device_code": "d", "user_code": "U"}, {"device_code": 7}, [], ""])
def test_an_answer_without_a_code_is_trouble_that_passes(body: object) -> None:
    with pytest.raises(ApiUnavailable):
        oauth(Server(body=body)).start(PUBLIC)


@pytest.mark.parametrize(("word", "slower"), [("authorization_pending", False), ("slow_down", True)])
def test_nobody_has_consented_yet(word: str, slower: bool) -> None:
    api = oauth(Server(400, {"error": word}))

    assert api.poll(PUBLIC, _code()) == Waiting(slower=slower)


@pytest.mark.parametrize("word", ["access_denied", "expired_token", "invalid_grant", "invalid_client"])
def test_the_waiting_is_over(word: str) -> None:
    with pytest.raises(AccessRefused):
        oauth(Server(400, {"error": word})).poll(PUBLIC, _code())


def test_a_consent_is_a_pair() -> None:
    server = Server(body=GRANTED)

    assert oauth(server).poll(PUBLIC, _code()) == Pair(Secret("new-access"), Secret("new-refresh"), 86400.0)
    assert server.form["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"


def _code() -> DeviceCode:
    found = {"device_code": "d", "user_code": "U", "verification_uri": "https://a.example.com"}
    return oauth(Server(body=found)).start(PUBLIC)


def test_a_token_request_is_a_second_apart_from_the_next_and_counts_in_the_day() -> None:
    own, day = DaySlots(1.25), DaySlots(0.1)

    assert TokenSlots(own, day).reserve() == 1.25
    assert (own.taken, day.taken) == (1, 1)


def test_a_day_that_is_spent_takes_no_slot_of_the_tokens() -> None:
    own = DaySlots()
    api = OAuth("https://auth.example.com", TokenSlots(own, DaySlots(None)))

    with pytest.raises(DailyLimitReached):
        api.slot()
    assert own.taken == 0
