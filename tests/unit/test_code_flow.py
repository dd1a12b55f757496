"""The authorization code flow: where the browser is sent, and what each answer to the code means."""

from __future__ import annotations

import base64
import json
import secrets
import urllib.parse
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.constant_contact import code_flow
from reconciler.constant_contact.oauth import SCOPE, OAuth, Pair
from reconciler.credentials import Application
from reconciler.errors import AccessRefused, ApiError, ApiUnavailable
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.constant_contact.code_flow import Begun

AUTH_URL = "https://auth.example.com/oauth2/default/v1"
BACK = "http://127.0.0.1:8765/oauth/callback"
PUBLIC = Application(Secret("the-key"))
CONFIDENTIAL = Application(Secret("the-key"), Secret("the-client-secret"))
#: Neither is long enough in one piece to be taken out of an answer for that alone.
CODE, VERIFIER = Secret("the-code-of-the-browser"), Secret("the.verifier.of.this.sign-in.that.is.long.enough")
GRANTED = {"access_token": "new-access", "refresh_token": "new-refresh", "expires_in": 86400, "token_type": "Bearer"}
#: RFC 7636, appendix B.
OCTETS = bytes([
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
    91, 88, 5, 88, 83, 132, 141, 121,
])  # fmt: skip


class AnySlot:
    """Every moment is one."""

    def reserve(self) -> float | None:
        return 0.0


def begun(application: Application = PUBLIC, redirect_uri: str = BACK, auth_url: str = AUTH_URL) -> Begun:
    return code_flow.begin(auth_url, application, redirect_uri, secrets.token_bytes)


def query(address: str) -> dict[str, str]:
    found = urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query, keep_blank_values=True)
    assert len(found) == len(dict(found))
    return dict(found)


def exchanged(answer: Callable[[httpx.Request], httpx.Response], application: Application = PUBLIC) -> Pair:
    oauth = OAuth(AUTH_URL, AnySlot(), transport=httpx.MockTransport(answer))
    return code_flow.exchange(oauth, application, CODE, VERIFIER, BACK)


def refused(status: int, body: object) -> ApiError:
    content = body if isinstance(body, str) else json.dumps(body)
    with pytest.raises(ApiError) as found:
        exchanged(lambda _: httpx.Response(status, text=content))
    return found.value


def test_the_verifier_and_its_challenge_are_those_of_the_standards_example() -> None:
    given_bytes = iter([bytes(32), OCTETS])
    found = code_flow.begin(AUTH_URL, PUBLIC, BACK, lambda _: next(given_bytes))

    assert found.verifier.reveal() == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert query(found.address)["code_challenge"] == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("application", [PUBLIC, CONFIDENTIAL])
def test_the_browser_is_sent_with_everything_but_the_secrets(application: Application) -> None:
    found = begun(application, auth_url=f"{AUTH_URL}/")
    place, _, _ = found.address.partition("?")

    assert place == f"{AUTH_URL}/authorize"
    assert query(found.address) == {
        "client_id": "the-key",
        "redirect_uri": BACK,
        "response_type": "code",
        "scope": SCOPE,
        "state": found.state.reveal(),
        "code_challenge": code_flow.challenge(found.verifier.reveal()),
        "code_challenge_method": "S256",
    }
    assert found.redirect_uri == BACK
    assert found.verifier.reveal() not in found.address


def test_scopes_are_parted_by_a_plus() -> None:
    assert f"scope={SCOPE.replace(' ', '+')}&" in begun().address


def test_state_and_verifier_are_of_32_random_bytes_each_and_new_every_time() -> None:
    asked: list[int] = []

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return secrets.token_bytes(count)

    found = [code_flow.begin(AUTH_URL, PUBLIC, BACK, random_bytes) for _ in range(2)]
    texts = {each.reveal() for one in found for each in (one.state, one.verifier)}

    assert asked == [32] * 4
    assert {len(base64.urlsafe_b64decode(text + "=")) for text in texts} == {32}
    assert len(texts) == 4


def test_nothing_secret_is_seen_where_a_sign_in_is_printed() -> None:
    found = begun()

    assert found.state.reveal() not in repr(found)
    assert found.verifier.reveal() not in repr(found)


@given(redirect_uri=st.text(st.characters(exclude_categories=["Cs"])), key=st.text(st.characters(codec="ascii")))
def test_whatever_the_redirect_address_and_the_key_are_they_change_nothing_else(redirect_uri: str, key: str) -> None:
    found = query(begun(Application(Secret(key)), redirect_uri).address)

    assert (found.pop("redirect_uri"), found.pop("client_id")) == (redirect_uri, key)
    assert set(found) == {"response_type", "scope", "state", "code_challenge", "code_challenge_method"}


@pytest.mark.parametrize("application", [PUBLIC, CONFIDENTIAL])
def test_a_code_is_exchanged_with_its_verifier_and_one_proof_of_the_application(application: Application) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=GRANTED)

    assert exchanged(answer, application) == Pair(Secret("new-access"), Secret("new-refresh"), 86400.0)
    form = dict(urllib.parse.parse_qsl(asked[0].content.decode()))
    assert str(asked[0].url) == f"{AUTH_URL}/token"
    assert ("client_id" in form, "Authorization" in asked[0].headers) == (
        (True, False) if application is PUBLIC else (False, True)
    )
    form.pop("client_id", None)
    assert form == {
        "grant_type": "authorization_code", "code": CODE.reveal(), "redirect_uri": BACK,
        "code_verifier": VERIFIER.reveal(),
    }  # fmt: skip


@pytest.mark.parametrize("status", [400, 401])
def test_a_code_that_is_no_good_is_said_in_constant_contacts_words_and_what_to_do(status: int) -> None:
    body = {"error": "invalid_grant", "error_description": "The authorization code is invalid or has expired."}
    error = refused(status, body)

    assert type(error) is AccessRefused
    assert "The authorization code is invalid or has expired." in str(error)
    assert "sign in again" in error.advice


@pytest.mark.parametrize("body", [{"error": "invalid_client"}, {"error": "unauthorized_client"}, [], "<html>"])
def test_any_other_refusal_is_of_the_application(body: object) -> None:
    error = refused(401, body)

    assert type(error) is AccessRefused
    assert "the API key" in str(error)


@pytest.mark.parametrize("word", ["invalid_grant", "invalid_client", "server_error"])
@pytest.mark.parametrize("status", [400, 500])
def test_neither_code_nor_verifier_is_in_a_refusal_that_repeats_them(word: str, status: int) -> None:
    repeated = f"code={CODE.reveal()} verifier={VERIFIER.reveal()}"
    error = refused(status, {"error": word, "error_description": repeated})

    assert "code=***" in str(error)
    assert CODE.reveal() not in str(error) + error.advice
    assert VERIFIER.reveal() not in str(error) + error.advice


@pytest.mark.parametrize(
    ("status", "body"),
    [(429, {"error_key": "throttled"}), (500, ""), (502, "<html>"), (302, ""), (200, ""), (200, {"access_token": " "})],
)
def test_trouble_is_no_refusal(status: int, body: object) -> None:
    assert type(refused(status, body)) is ApiUnavailable


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
def test_a_server_out_of_reach_is_no_refusal_and_shows_nothing(error: type[httpx.TransportError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error(CODE.reveal(), request=request)

    with pytest.raises(ApiUnavailable) as found:
        exchanged(answer)

    assert CODE.reveal() not in str(found.value)


@pytest.mark.parametrize("code", ["", " ", "two words", "a\nb", "c\u00f6de", "\udc80", "a\0b"])
def test_what_can_be_no_code_is_not_sent(code: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise AssertionError("it was sent")

    oauth = OAuth(AUTH_URL, AnySlot(), transport=httpx.MockTransport(answer))
    with pytest.raises(AccessRefused) as found:
        code_flow.exchange(oauth, PUBLIC, Secret(code), VERIFIER, BACK)

    assert "sign in again" in found.value.advice
