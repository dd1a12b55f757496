"""How the simulated Constant Contact lets an application in by a browser: the consent page, and the codes it gives."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import httpx
import pytest

from reconciler.simulator.codes import Asked, Codes
from tests.browsing import answered, came_back

if TYPE_CHECKING:
    from tests.simulated import Caller

pytestmark = pytest.mark.http

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
BACK = "http://127.0.0.1:8765/oauth/callback"


def announced(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def address(caller: Caller, **changed: str) -> str:
    """A good request's, but for what is changed; empty: left out."""
    query = {
        "client_id": caller.api_key, "redirect_uri": BACK, "response_type": "code", "state": "a state&more",
        "scope": "contact_data offline_access", "code_challenge": announced(VERIFIER), "code_challenge_method": "S256",
    }  # fmt: skip
    return f"{caller.auth_url}/authorize?" + urlencode({name: text for name, text in (query | changed).items() if text})


def code_of(caller: Caller, **changed: str) -> str:
    return answered(address(caller, **changed), "Allow").query["code"]


def redeemed(caller: Caller, code: str, **changed: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code", "client_id": caller.api_key, "code": code, "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }  # fmt: skip
    return caller.token(**{name: text for name, text in (form | changed).items() if text})


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


class TestThePage:
    def test_the_page_says_who_asks_for_what_and_where_it_leads(self, caller: Caller) -> None:
        page = httpx.get(address(caller), trust_env=False)

        assert page.headers["content-type"].startswith("text/html")
        told = (caller.api_key, "contact_data, offline_access", BACK, "Allow", "Deny")
        assert [each for each in told if each not in page.text] == []

    def test_who_allows_it_goes_back_with_a_code_and_the_state(self, caller: Caller) -> None:
        back = answered(address(caller), "Allow")

        assert back.address == BACK
        assert set(back.query) == {"code", "state"}
        assert back.query["state"] == "a state&more"

    def test_who_denies_it_goes_back_with_the_state_and_no_code(self, caller: Caller) -> None:
        back = answered(address(caller), "Deny")

        assert back.address == BACK
        assert set(back.query) == {"error", "error_description", "state"}
        assert (back.query["error"], back.query["state"]) == ("access_denied", "a state&more")

    def test_an_address_keeps_the_query_that_it_has(self, caller: Caller) -> None:
        back = answered(address(caller, redirect_uri=f"{BACK}?list=7"), "Allow")

        assert list(back.query) == ["list", "code", "state"]

    def test_looking_at_the_page_allows_nothing_and_neither_does_another_button(self, caller: Caller) -> None:
        asked = address(caller)

        assert httpx.get(f"{asked}&action=allow", trust_env=False).status_code == 200
        assert httpx.post(asked, data={"action": "perhaps"}, trust_env=False).status_code == 400

    @pytest.mark.parametrize("method", ["GET", "POST"])
    @pytest.mark.parametrize(
        "redirect_uri",
        [
            "",
            "https://example.com/callback",
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://example.com@127.0.0.1/",
            "http://example.com\\@127.0.0.1/",
            "http://127.0.0.1:80\\.example.com/",
            "http://127.0.0.1:80@example.com/",
            "http://localhost/a#b",
            "http://localhost/\r\nSet-Cookie: a=b",
            "http://localhost/\n",
            "http://localhost/é",
            "//127.0.0.1/callback",
            "javascript:alert(1)//127.0.0.1",
            "/callback",
        ],
    )
    def test_nobody_is_sent_to_an_address_that_is_not_of_this_machine(
        self, caller: Caller, redirect_uri: str, method: str
    ) -> None:
        asked = address(caller, redirect_uri=redirect_uri)
        answer = httpx.request(method, asked, data={"action": "allow"} if method == "POST" else None, trust_env=False)

        assert answer.status_code == 400
        assert "redirect_uri" in answer.text
        assert not {"location", "set-cookie"} & set(answer.headers)

    @pytest.mark.parametrize("redirect_uri", ["http://localhost", "https://localhost:1/a", "http://[::1]:8080?a=b"])
    def test_every_address_of_this_machine_is_good(self, caller: Caller, redirect_uri: str) -> None:
        assert answered(address(caller, redirect_uri=redirect_uri), "Allow").query["code"]

    def test_an_unknown_application_gets_a_page_and_no_redirect(self, caller: Caller) -> None:
        answer = httpx.get(address(caller, client_id="nobody"), trust_env=False)

        assert (answer.status_code, "location" in answer.headers) == (400, False)
        assert "client_id" in answer.text

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_type": ""}, "unsupported_response_type"),
            ({"state": ""}, "invalid_request"),
            ({"code_challenge": ""}, "invalid_request"),
            ({"code_challenge": "too-short"}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": ""}, "invalid_request"),
            ({"scope": ""}, "invalid_scope"),
            ({"scope": "contact_data everything"}, "invalid_scope"),
        ],
    )
    def test_another_fault_is_told_at_the_applications_address(
        self, caller: Caller, changed: dict[str, str], error: str
    ) -> None:
        back = came_back(httpx.get(address(caller, **changed), trust_env=False))

        assert (back.address, back.query["error"]) == (BACK, error)
        assert back.query.get("state", "") == changed.get("state", "a state&more")

    def test_what_was_asked_for_is_shown_as_text(self, caller: Caller) -> None:
        """A browser encodes what is in an address, but whoever asks need not be one."""
        parts = urlsplit(address(caller, redirect_uri=f"{BACK}?<b>'"))
        with contextlib.closing(http.client.HTTPConnection(parts.netloc)) as connection:
            connection.request("GET", f'{parts.path}?{parts.query}&x="><script>')
            answer = connection.getresponse()
            page = answer.read().decode()

        assert answer.status == 200
        assert "<b>'" not in page
        assert "<script>" not in page
        assert "?&lt;b&gt;&#x27;" in page

    def test_the_page_is_a_persons_and_not_in_the_history(self, caller: Caller) -> None:
        code = code_of(caller)
        redeemed(caller, code)
        state = caller.door.state()

        assert [entry["operation"] for entry in state["history"]] == ["token"]
        assert code not in str(state)


class TestCodes:
    def test_a_code_and_its_verifier_are_worth_a_pair(self, caller: Caller) -> None:
        pair = redeemed(caller, code_of(caller)).json()
        caller.access_token = pair["access_token"]

        assert set(pair) == {"token_type", "expires_in", "access_token", "scope", "refresh_token"}
        assert pair["scope"] == "contact_data offline_access"
        assert caller.get("/contacts").status_code == 200
        assert caller.token(
            grant_type="refresh_token", client_id=caller.api_key, refresh_token=pair["refresh_token"]
        ).is_success

    def test_without_offline_access_there_is_no_refresh_token(self, caller: Caller) -> None:
        assert "refresh_token" not in redeemed(caller, code_of(caller, scope="contact_data")).json()

    def test_a_code_is_good_once(self, caller: Caller) -> None:
        code = code_of(caller)
        first, again = redeemed(caller, code), redeemed(caller, code)

        assert first.status_code == 200
        assert refusal(again) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        "changed",
        [
            {"code_verifier": "x" * 43},
            {"code_verifier": ""},
            {"code_verifier": announced(VERIFIER)},
            {"redirect_uri": f"{BACK}/"},
            {"redirect_uri": ""},
        ],
    )
    def test_what_does_not_fit_is_refused_and_uses_the_code_up(self, caller: Caller, changed: dict[str, str]) -> None:
        code = code_of(caller)

        assert refusal(redeemed(caller, code, **changed)) == (400, "invalid_grant")
        assert refusal(redeemed(caller, code)) == (400, "invalid_grant")

    def test_a_verifier_is_long_enough_even_where_it_fits(self, caller: Caller) -> None:
        code = code_of(caller, code_challenge=announced("short"))

        assert refusal(redeemed(caller, code, code_verifier="short")) == (400, "invalid_grant")

    @pytest.mark.parametrize("code", ["", "made-up"])
    def test_a_code_that_nobody_gave_is_refused(self, caller: Caller, code: str) -> None:
        assert refusal(redeemed(caller, code)) == (400, "invalid_grant")

    def test_a_code_lives_for_five_minutes(self, caller: Caller) -> None:
        early, late = code_of(caller), code_of(caller)
        caller.door.advance(270)
        assert redeemed(caller, early).status_code == 200
        caller.door.advance(30)

        assert refusal(redeemed(caller, late)) == (400, "invalid_grant")

    def test_an_unknown_application_uses_no_code_up(self, caller: Caller) -> None:
        code = code_of(caller)

        assert refusal(redeemed(caller, code, client_id="nobody")) == (401, "invalid_client")
        assert redeemed(caller, code).status_code == 200

    def test_another_application_neither_redeems_a_code_nor_uses_it_up(self) -> None:
        codes = Codes("seed")
        code = codes.issue(Asked("ours", BACK, ("contact_data",), announced(VERIFIER)), 0.0)
        form = {"code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}

        assert codes.redeem("theirs", form, 1.0)[1] == ()
        assert codes.redeem("ours", form, 1.0) == ("", ("contact_data",))


class TestConfidential:
    """An application with a secret: it proves itself by that, and may use PKCE as well."""

    @pytest.fixture(autouse=True)
    def _secret(self, caller: Caller) -> None:
        caller.door.switch(client_secret="a-secret")

    def redeemed(self, caller: Caller, code: str, **more: Any) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **more}
        auth = (caller.api_key, "a-secret")
        return httpx.post(f"{caller.auth_url}/token", data=form, auth=auth, trust_env=False)

    def test_it_needs_its_secret_for_a_code(self, caller: Caller) -> None:
        code = code_of(caller)

        assert refusal(redeemed(caller, code)) == (401, "invalid_client")
        assert self.redeemed(caller, code, code_verifier=VERIFIER).status_code == 200

    def test_it_may_leave_out_the_challenge_and_then_there_is_no_verifier(self, caller: Caller) -> None:
        """A verifier for a code without a challenge is one that somebody took the challenge from (RFC 9700, 2.1.1)."""
        with_one, without = (code_of(caller, code_challenge="", code_challenge_method="") for _ in range(2))

        assert refusal(self.redeemed(caller, with_one, code_verifier=VERIFIER)) == (400, "invalid_grant")
        assert self.redeemed(caller, without).status_code == 200

    def test_a_challenge_that_was_given_is_checked(self, caller: Caller) -> None:
        assert refusal(self.redeemed(caller, code_of(caller))) == (400, "invalid_grant")
