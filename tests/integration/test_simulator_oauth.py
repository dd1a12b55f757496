"""How the simulated Constant Contact lets people in: tokens, the device flow, what a token may."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import httpx
import pytest

from reconciler.simulator import Simulator
from tests.simulated import DAY, calling

if TYPE_CHECKING:
    from tests.simulated import Caller

pytestmark = pytest.mark.http


class TestAccess:
    @pytest.mark.off_contract
    def test_a_request_without_a_token_is_forbidden(self, caller: Caller) -> None:
        answer = caller.http.get("/v3/contacts")

        assert answer.status_code == 403
        assert answer.json() == {"message": "Forbidden"}

    def test_a_wrong_token_is_unauthorized_in_the_gateways_words(self, caller: Caller) -> None:
        answer = caller.http.get("/v3/contacts", headers={"Authorization": "Bearer wrong"})

        assert answer.status_code == 401
        assert answer.json() == {"error_key": "unauthorized", "error_message": "Unauthorized"}
        assert answer.headers["www-authenticate"] == "Bearer realm=api.cc.email"

    @pytest.mark.parametrize("action", ["expire", "revoke"])
    def test_an_ended_token_is_refused_and_a_new_one_is_good(self, caller: Caller, action: str) -> None:
        caller.door.token(action)
        assert caller.get("/contacts").status_code == 401

        caller.access_token = caller.door.token("new")["access_token"]

        assert caller.get("/contacts").status_code == 200

    def test_an_access_token_looks_like_a_real_one_and_differs_between_simulators(self, caller: Caller) -> None:
        with Simulator() as other:
            assert len(caller.access_token) > 1_000
            assert caller.access_token != other.access_token

    def test_a_rotating_refresh_token_is_good_once(self, caller: Caller) -> None:
        before = caller.door.token("new")["refresh_token"]
        form = {"grant_type": "refresh_token", "client_id": caller.api_key, "refresh_token": before}
        first = caller.token(**form)
        again = caller.token(**form)
        caller.access_token = first.json()["access_token"]

        assert first.json()["refresh_token"] != before
        assert caller.get("/contacts").status_code == 200
        assert again.status_code == 400
        assert again.json()["error"] == "invalid_grant"

    def test_a_token_lives_as_long_as_it_is_told_to(self, caller: Caller) -> None:
        caller.door.switch(token_seconds=DAY)
        caller.access_token = caller.door.token("new")["access_token"]
        caller.door.advance(DAY - 60)
        assert caller.get("/contacts").status_code == 200

        caller.door.advance(120)

        assert caller.get("/contacts").status_code == 401

    def test_the_account_says_who_it_is_and_what_the_token_may(self, caller: Caller) -> None:
        assert caller.get("/account/summary").json()["encoded_account_id"] == "a07e1simulated"
        assert "contacts:write" in {each["privilege_name"] for each in caller.get("/account/user/privileges").json()}

    def test_an_access_token_is_a_jwt_that_says_when_it_ends_and_what_it_may(self, caller: Caller) -> None:
        parts = caller.access_token.split(".")
        claims = said(caller.access_token)

        assert len(parts) == 3
        assert 1_050 <= len(caller.access_token) <= 1_150
        assert claims["cid"] == caller.api_key
        assert claims["scp"] == ["contact_data", "account_read", "offline_access"]
        assert datetime.fromtimestamp(claims["exp"], UTC).isoformat() == "2100-01-01T00:00:00+00:00"

    def test_a_token_that_ends_says_so(self, caller: Caller) -> None:
        caller.door.switch(token_seconds=DAY)
        claims = said(caller.door.token("new")["access_token"])

        assert claims["exp"] - claims["iat"] == DAY

    def test_at_real_speed_a_token_ends_after_a_day(self) -> None:
        for caller in calling(speed="real"):
            claims = said(caller.access_token)
            before = caller.get("/contact_lists").status_code
            caller.door.advance(DAY)

            assert claims["exp"] - claims["iat"] == DAY
            assert (before, caller.get("/contact_lists").status_code) == (200, 401)


class TestRefreshing:
    def refreshed(self, caller: Caller, refresh_token: str) -> httpx.Response:
        return caller.token(grant_type="refresh_token", client_id=caller.api_key, refresh_token=refresh_token)

    def test_a_long_lived_refresh_token_stays_the_same(self, caller: Caller) -> None:
        caller.door.switch(refresh_tokens="long_lived")
        before = caller.door.token("new")["refresh_token"]
        answers = [self.refreshed(caller, before).json() for _ in range(2)]

        assert {each["refresh_token"] for each in answers} == {before}
        assert answers[0]["access_token"] != answers[1]["access_token"]
        assert answers[0]["expires_in"] == DAY

    def test_after_180_idle_days_a_refresh_token_is_worth_nothing(self, caller: Caller) -> None:
        first = self.refreshed(caller, caller.door.token("new")["refresh_token"]).json()["refresh_token"]
        caller.door.advance(179 * DAY)
        second = self.refreshed(caller, first).json()["refresh_token"]
        caller.door.advance(180 * DAY + 1)
        late = self.refreshed(caller, second)

        assert late.status_code == 400
        assert late.json() == {
            "error": "invalid_grant",
            "error_description": "The refresh token is invalid or expired.",
        }

    def test_refreshes_are_counted_and_no_token_is_in_the_history(self, caller: Caller) -> None:
        before = caller.door.token("new")["refresh_token"]
        after = self.refreshed(caller, before).json()
        self.refreshed(caller, before)
        state = caller.door.state()

        assert state["tokens"] == {
            "refreshes": 1, "refused": 1, "access_tokens": 3, "refresh_tokens": 1, "device_grants": 0,
        }  # fmt: skip
        assert [entry["operation"] for entry in state["history"]] == ["token", "token"]
        for secret in (before, after["refresh_token"], after["access_token"]):
            assert secret not in str(state)

    def test_a_key_with_a_secret_wants_it_as_basic(self, caller: Caller) -> None:
        caller.door.switch(client_secret="a+b secret")
        form = {"grant_type": "refresh_token", "refresh_token": caller.door.token("new")["refresh_token"]}

        def asked(auth: tuple[str, str] | None, **more: str) -> httpx.Response:
            return httpx.post(f"{caller.auth_url}/token", data=form | more, auth=auth, trust_env=False)

        wrong, none = asked((caller.api_key, "wrong")), asked(None, client_id=caller.api_key)
        both = asked((caller.api_key, quote_plus("a+b secret")), client_id=caller.api_key)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
        assert (none.status_code, none.json()["error"]) == (401, "invalid_client")
        assert (both.status_code, both.json()["error"]) == (400, "invalid_request")
        assert asked((caller.api_key, quote_plus("a+b secret"))).status_code == 200

    def test_a_key_without_a_secret_says_only_who_it_is(self, caller: Caller) -> None:
        refresh_token = caller.door.token("new")["refresh_token"]
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        basic = httpx.post(f"{caller.auth_url}/token", data=form, auth=(caller.api_key, "any"), trust_env=False)

        assert basic.status_code == caller.token(**form).status_code == 401
        assert self.refreshed(caller, refresh_token).status_code == 200

    def test_the_token_endpoint_answers_once_a_second(self, caller: Caller) -> None:
        caller.door.switch(token_limit=True, refresh_tokens="long_lived")
        refresh_token = caller.door.token("new")["refresh_token"]
        answers = [self.refreshed(caller, refresh_token).status_code for _ in range(2)]
        caller.door.advance(1)

        assert answers == [200, 429]
        assert self.refreshed(caller, refresh_token).status_code == 200

    def test_an_answer_lost_after_the_rotation_is_lost_for_good(self, caller: Caller) -> None:
        before = caller.door.token("new")["refresh_token"]
        caller.door.fault(operation="token", fault="drop_after")
        with pytest.raises(httpx.RemoteProtocolError):
            self.refreshed(caller, before)

        assert self.refreshed(caller, before).json()["error"] == "invalid_grant"

    def test_another_kind_of_grant_is_not_supported(self, caller: Caller) -> None:
        answer = caller.token(grant_type="client_credentials", client_id=caller.api_key)

        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


class TestDeviceFlow:
    def begun(self, caller: Caller, scope: str = "contact_data offline_access") -> dict[str, Any]:
        form = {"client_id": caller.api_key, "scope": scope}
        answer = httpx.post(f"{caller.auth_url}/device/authorize", data=form, trust_env=False)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def polled(self, caller: Caller, device: dict[str, Any]) -> httpx.Response:
        kind = "urn:ietf:params:oauth:grant-type:device_code"
        return caller.token(grant_type=kind, device_code=device["device_code"], client_id=caller.api_key)

    def test_a_device_waits_until_somebody_approves_it(self, caller: Caller) -> None:
        device = self.begun(caller)
        waiting = self.polled(caller, device)
        caller.door.device(device["user_code"], "approve")
        caller.door.advance(device["interval"])
        pair = self.polled(caller, device)
        caller.access_token = pair.json()["access_token"]

        assert set(device) == {
            "device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval",
        }  # fmt: skip
        assert (waiting.status_code, waiting.json()["error"]) == (400, "authorization_pending")
        assert pair.json()["scope"] == "contact_data offline_access"
        assert caller.get("/contacts").status_code == 200
        assert caller.token(
            grant_type="refresh_token", client_id=caller.api_key, refresh_token=pair.json()["refresh_token"]
        ).is_success
        assert self.polled(caller, device).json()["error"] == "invalid_grant"

    def test_a_device_that_asks_too_often_is_told_to_slow_down(self, caller: Caller) -> None:
        device = self.begun(caller)
        errors = [self.polled(caller, device).json()["error"] for _ in range(2)]
        caller.door.advance(device["interval"])
        errors.append(self.polled(caller, device).json()["error"])
        caller.door.advance(device["interval"] + 10)
        errors.append(self.polled(caller, device).json()["error"])

        assert errors == ["authorization_pending", "slow_down", "slow_down", "authorization_pending"]

    def test_a_denied_device_and_one_that_waited_too_long_get_nothing(self, caller: Caller) -> None:
        denied, late = self.begun(caller), self.begun(caller)
        caller.door.device(denied["user_code"], "deny")

        assert self.polled(caller, denied).json()["error"] == "access_denied"
        caller.door.advance(late["expires_in"])
        assert self.polled(caller, late).json()["error"] == "expired_token"

    def test_a_device_can_be_approved_by_itself(self, caller: Caller) -> None:
        caller.door.switch(device_approval_polls=2, device_interval_seconds=0)
        device = self.begun(caller)

        assert [self.polled(caller, device).status_code for _ in range(2)] == [400, 200]

    def test_without_offline_access_there_is_no_refresh_token(self, caller: Caller) -> None:
        caller.door.switch(device_approval_polls=1)

        assert "refresh_token" not in self.polled(caller, self.begun(caller, "contact_data")).json()

    def test_an_unknown_client_or_scope_gets_no_code(self, caller: Caller) -> None:
        def asked(**form: str) -> httpx.Response:
            return httpx.post(f"{caller.auth_url}/device/authorize", data=form, trust_env=False)

        assert asked(client_id="nobody", scope="contact_data").json()["error"] == "invalid_client"
        assert asked(client_id=caller.api_key, scope="everything").json()["error"] == "invalid_scope"

    def test_the_page_says_which_code_waits_and_takes_the_decision(self, caller: Caller) -> None:
        device = self.begun(caller)
        page = httpx.get(device["verification_uri_complete"], trust_env=False)
        form = {"user_code": device["user_code"], "action": "approve"}
        done = httpx.post(device["verification_uri"], data=form, trust_env=False)
        wrong = httpx.post(device["verification_uri"], data=form | {"user_code": "<b>"}, trust_env=False)

        assert device["user_code"] in page.text
        assert "Approve" in page.text
        assert "approved" in done.text
        assert wrong.status_code == 400
        assert self.polled(caller, device).status_code == 200
        assert "/activate" not in {entry["path"] for entry in caller.door.state()["history"]}


def said(token: str) -> dict[str, Any]:
    """What a token says of itself."""
    payload = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))
