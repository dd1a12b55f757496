"""Signing in with a browser, from the program's address to its tokens: at the simulated Constant Contact, over HTTP."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from reconciler.constant_contact import code_flow
from reconciler.constant_contact.oauth import OAuth, Pair
from reconciler.credentials import Application
from reconciler.errors import AccessRefused, ApiUnavailable
from reconciler.secret import Secret
from tests.browsing import answered

if TYPE_CHECKING:
    from reconciler.constant_contact.code_flow import Begun
    from tests.simulated import Caller

pytestmark = pytest.mark.http

BACK = "http://127.0.0.1:8765/oauth/callback"
SECRET = "a+b secret"


class AnySlot:
    """Every moment is one."""

    def reserve(self) -> float | None:
        return 0.0


def application(caller: Caller, secret: str = "") -> Application:
    return Application(Secret(caller.api_key), Secret(secret) if secret else None)


def begun(caller: Caller, secret: str = "") -> Begun:
    return code_flow.begin(caller.auth_url, application(caller, secret), BACK, secrets.token_bytes)


def code_of(sign_in: Begun) -> Secret:
    back = answered(sign_in.address, "Allow")
    assert back.address == sign_in.redirect_uri
    assert Secret(back.query["state"]) == sign_in.state
    return Secret(back.query["code"])


def exchanged(caller: Caller, code: Secret, verifier: Secret, secret: str = "", redirect_uri: str = BACK) -> Pair:
    oauth = OAuth(caller.auth_url, AnySlot())
    return code_flow.exchange(oauth, application(caller, secret), code, verifier, redirect_uri)


@pytest.mark.parametrize("secret", ["", SECRET])
def test_a_consent_in_the_browser_becomes_tokens_that_work_and_can_be_renewed(caller: Caller, secret: str) -> None:
    caller.door.switch(client_secret=secret)
    sign_in = begun(caller, secret)
    pair = exchanged(caller, code_of(sign_in), sign_in.verifier, secret)
    caller.access_token = pair.access_token.reveal()

    assert caller.get("/contacts").status_code == 200
    assert caller.get("/account/summary").status_code == 200
    assert pair.seconds == 86_400.0
    assert pair.refresh_token is not None
    renewed = OAuth(caller.auth_url, AnySlot()).refresh(application(caller, secret), pair.refresh_token)
    assert renewed.access_token != pair.access_token


def test_a_denial_in_the_browser_brings_the_state_back_and_no_code(caller: Caller) -> None:
    sign_in = begun(caller)
    back = answered(sign_in.address, "Deny")

    assert (back.query["error"], "code" in back.query) == ("access_denied", False)
    assert Secret(back.query["state"]) == sign_in.state


def test_a_code_that_was_used_or_belongs_to_another_sign_in_says_to_sign_in_again(caller: Caller) -> None:
    first, second = begun(caller), begun(caller)
    used, swapped, elsewhere = code_of(first), code_of(second), code_of(first)
    exchanged(caller, used, first.verifier)

    for code, verifier, redirect_uri in (
        (used, first.verifier, BACK),
        (swapped, first.verifier, BACK),
        (elsewhere, first.verifier, f"{BACK}/"),
    ):
        with pytest.raises(AccessRefused) as found:
            exchanged(caller, code, verifier, redirect_uri=redirect_uri)
        assert "sign in again" in found.value.advice


def test_a_code_that_is_five_minutes_old_says_to_sign_in_again(caller: Caller) -> None:
    sign_in = begun(caller)
    code = code_of(sign_in)
    caller.door.advance(300)

    with pytest.raises(AccessRefused) as found:
        exchanged(caller, code, sign_in.verifier)
    assert "The authorization code is invalid or has expired." in str(found.value)


def test_a_wrong_client_secret_is_told_apart_and_leaves_the_code_good(caller: Caller) -> None:
    caller.door.switch(client_secret=SECRET)
    sign_in = begun(caller, SECRET)
    code = code_of(sign_in)

    with pytest.raises(AccessRefused) as found:
        exchanged(caller, code, sign_in.verifier, "another")
    assert "client_secret" in found.value.advice
    assert exchanged(caller, code, sign_in.verifier, SECRET).refresh_token is not None


def test_an_answer_that_is_lost_passes_and_the_code_is_used_up_by_it(caller: Caller) -> None:
    sign_in = begun(caller)
    code = code_of(sign_in)
    caller.door.fault(operation="token", fault="drop_after")

    with pytest.raises(ApiUnavailable):
        exchanged(caller, code, sign_in.verifier)
    with pytest.raises(AccessRefused):
        exchanged(caller, code, sign_in.verifier)
