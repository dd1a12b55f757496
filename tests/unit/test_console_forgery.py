"""Whether a form was sent from a page of the console."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.console import forgery
from reconciler.console.asked import Asked

OURS: Final = "https://sync.example.com"
TOKEN: Final = "a" * 64


def asked(form: dict[str, str] | None = None, /, **headers: str) -> Asked:
    told = {"host": "sync.example.com", **{name.replace("_", "-"): value for name, value in headers.items()}}
    given_form = {"form_token": TOKEN} if form is None else form
    return Asked("POST", "/", wants_json=False, query={}, form=given_form, headers=told, cookies={}, place="",
                 request_id="", names={})  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [{"origin": OURS}, {"sec_fetch_site": "same-origin"}, {"origin": OURS, "sec_fetch_site": "same-origin"}],
)
def test_a_form_of_a_page_of_the_console_is_believed(headers: dict[str, str]) -> None:
    assert forgery.suspicion(asked(**headers), OURS, TOKEN) is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example.com",
        "http://sync.example.com",
        "https://sync.example.com:8443",
        "https://sync.example.com.evil.example.com",
        "https://sync.example.com/",
        "https://SYNC.example.com",
        "https://sync.example.com@evil.example.com",
        f"{OURS}, https://evil.example.com",
        "chrome-extension://abcdef",
    ],
)
@pytest.mark.parametrize("site", ["same-origin", None])
def test_a_form_of_another_origin_is_not_whatever_else_it_says(origin: str, site: str | None) -> None:
    headers = {"origin": origin, **({"sec_fetch_site": site} if site else {})}
    assert forgery.suspicion(asked(**headers), OURS, TOKEN) == "its origin is another one"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "SAME-ORIGIN", "same-origin, same-origin"])
def test_a_form_that_a_browser_says_is_from_another_site_is_not(site: str) -> None:
    assert forgery.suspicion(asked(sec_fetch_site=site), OURS, TOKEN) == "it came from another site"
    assert forgery.suspicion(asked(sec_fetch_site=site, origin=OURS), OURS, TOKEN) == "it came from another site"


def test_a_form_that_does_not_say_where_it_is_from_is_not() -> None:
    assert forgery.suspicion(asked(), OURS, TOKEN) == "nothing says where it came from"
    assert forgery.suspicion(asked(referer=f"{OURS}/"), OURS, TOKEN) == "nothing says where it came from"


@given(st.text())
def test_only_the_token_of_the_session_is_one(token: str) -> None:
    found = forgery.suspicion(asked({"form_token": token}, origin=OURS), OURS, TOKEN)
    assert (found is None) == (token == TOKEN)


@pytest.mark.parametrize("form", [{}, {"form_token": ""}, {"Form_Token": TOKEN}, {"form_token": TOKEN.upper()}])
def test_a_form_without_its_token_is_not_believed(form: dict[str, str]) -> None:
    assert forgery.suspicion(asked(form, origin=OURS), OURS, TOKEN) == "it has not the token of its session"
