"""What a token may in the simulated Constant Contact, and what it is told where it may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from tests.simulated import Caller

pytestmark = pytest.mark.http


def test_a_missing_scope_is_named(caller: Caller) -> None:
    caller.door.switch(scopes="contact_data")
    refused = caller.get("/account/summary")

    assert refused.status_code == 403
    assert "account_read" in refused.json()["error_message"]
    assert caller.get("/contacts").status_code == 200


def test_a_token_may_no_more_than_was_asked_for(caller: Caller) -> None:
    caller.door.switch(device_approval_polls=1)
    form = {"client_id": caller.api_key, "scope": "account_read"}
    device = httpx.post(f"{caller.auth_url}/device/authorize", data=form, trust_env=False).json()
    kind = "urn:ietf:params:oauth:grant-type:device_code"
    pair = caller.token(grant_type=kind, device_code=device["device_code"], client_id=caller.api_key).json()
    caller.access_token = pair["access_token"]

    assert caller.get("/account/summary").status_code == 200
    assert caller.get("/contacts").status_code == 403


@pytest.mark.parametrize(
    ("missing", "method", "path", "body"),
    [
        ("contacts:write", "POST", "/contacts", {"create_source": "Account", "first_name": "Fern"}),
        ("contacts:read", "GET", "/contacts", None),
        ("contacts:lists:read", "GET", "/contact_lists", None),
        ("contacts:lists:write", "POST", "/contact_lists", {"name": "Herbs"}),
        ("account:read", "GET", "/account/summary", None),
    ],
)
def test_a_missing_privilege_is_named(caller: Caller, missing: str, method: str, path: str, body: Any) -> None:
    everything = str(caller.door.switch()["privileges"]).split(",")
    caller.door.switch(privileges=",".join(each for each in everything if each != missing))
    answer = caller.http.request(method, f"/v3{path}", json=body, headers=caller.headers())

    assert answer.status_code == 403
    assert missing in answer.json()["error_message"]
    told = {each["privilege_name"] for each in caller.get("/account/user/privileges").json()}
    assert told == set(everything) - {missing}


def test_an_application_that_is_off_may_nothing(caller: Caller) -> None:
    caller.door.switch(application="off")

    assert caller.get("/account/user/privileges").status_code == 403
    assert "deactivated" in caller.get("/contacts").text


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("object", {"error_key": "forbidden", "error_message": "The application is deactivated."}),
        ("array", [{"error_key": "forbidden", "error_message": "The application is deactivated."}]),
        ("message", {"message": "The application is deactivated."}),
    ],
)
def test_a_refusal_has_the_form_that_the_switch_says(caller: Caller, form: str, body: object) -> None:
    caller.door.switch(application="off", forbidden_body=form)

    assert caller.get("/contacts").json() == body
