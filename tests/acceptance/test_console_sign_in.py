"""Signing in to the console by a one-time address, staying signed in, and signing out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import pytest

from reconciler.console.access import Role
from tests.console import ADDRESS, Console, open_console
from tests.signing import cookie, is_in, link, use, with_cookie

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation


@pytest.fixture
def console(lonely: Installation) -> Iterator[Console]:
    with open_console(lonely) as console:
        yield console


def test_an_address_signs_in_once(console: Console) -> None:
    text, first, second = link(console), console.visitor(), console.visitor()
    assert use(first, text).headers["location"] == "/"
    refused = use(second, text)
    assert (refused.status_code, "used already" in refused.text) == (403, True)
    assert (is_in(first), is_in(second)) == (True, False)


def test_of_two_who_use_an_address_at_the_same_moment_one_is_signed_in(console: Console) -> None:
    for _ in range(3):
        text, visitors = link(console), [console.visitor() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda visitor, text=text: use(visitor, text).status_code, visitors))
        assert sorted(answers) == [303, 403, 403, 403]
        assert sorted(map(is_in, visitors)) == [False, False, False, True]


def test_the_whole_address_can_be_pasted_too(console: Console) -> None:
    visitor = console.visitor()
    assert use(visitor, f"  {ADDRESS}/sign-in?link={link(console)}\n").status_code == 303
    assert is_in(visitor)


def test_an_address_is_good_for_ten_minutes(lonely: Installation, console: Console) -> None:
    young, old = link(console), link(console)
    lonely.later(minutes=9.9)
    assert use(console.visitor(), young).status_code == 303
    lonely.later(minutes=0.2)
    assert use(console.visitor(), old).status_code == 403


def test_whoever_only_looks_at_an_address_does_not_use_it_up(console: Console) -> None:
    text, visitor = link(console), console.visitor()
    for method in ("GET", "HEAD", "GET"):
        assert visitor.client.request(method, f"/sign-in?link={text}").status_code == 200
    assert not visitor.client.cookies
    assert use(visitor, text).status_code == 303


@pytest.mark.parametrize("text", ["", "x", "http://[", f"{ADDRESS}/sign-in?link=", "\0", "'; DROP TABLE x", "ü" * 90])
def test_what_is_no_such_address_signs_nobody_in(text: str, console: Console) -> None:
    link(console)
    visitor = console.visitor()
    assert use(visitor, text).status_code == 403
    assert not is_in(visitor)
    assert len(console.desk.failures._failures) == 1


def test_after_twenty_failures_nothing_is_tried_and_no_address_is_used_up(console: Console) -> None:
    text, visitor = link(console), console.visitor()
    assert {use(visitor, f"wrong-{n}").status_code for n in range(20)} == {403}
    closed = use(visitor, text)
    assert (closed.status_code, "wait a minute" in closed.text) == (429, True)
    assert not is_in(visitor)
    console.desk.failures._failures.clear()
    assert use(visitor, text).status_code == 303


def test_the_cookie_goes_over_nothing_but_tls_to_this_host_and_to_no_script(console: Console) -> None:
    sent = use(console.visitor(), link(console)).headers.get_list("set-cookie")
    assert len(sent) == 1
    [(name, morsel)] = SimpleCookie(sent[0]).items()
    assert name == "__Host-sid"
    assert (morsel["secure"], morsel["httponly"], morsel["path"], morsel["domain"]) == (True, True, "/", "")
    assert morsel["samesite"].lower() == "lax"
    assert (morsel["expires"], morsel["max-age"]) == ("", "")
    assert len(morsel.value) >= 43


def test_each_sign_in_has_a_cookie_of_its_own_and_ends_the_session_that_was(console: Console) -> None:
    visitor = console.signed_in()
    before, token = cookie(visitor), visitor.form_token
    assert visitor.sign_in(Role.VIEWER).status_code == 303
    assert (cookie(visitor) != before, visitor.form_token != token) == (True, True)
    assert is_in(visitor)
    assert not is_in(with_cookie(console, before))


def test_a_cookie_that_somebody_else_chose_is_never_taken(console: Console) -> None:
    chosen = "a" * 43
    visitor = with_cookie(console, chosen)
    assert use(visitor, link(console)).status_code == 303
    assert cookie(visitor) != chosen
    assert not is_in(with_cookie(console, chosen))


def test_a_sign_in_that_fails_ends_nothing(console: Console) -> None:
    visitor = console.signed_in()
    assert use(visitor, "wrong").status_code == 403
    assert is_in(visitor)


def test_the_ledger_has_hashes_and_neither_cookies_nor_addresses_nor_form_tokens(
    lonely: Installation, console: Console
) -> None:
    unused, text, visitor = link(console), link(console), console.visitor()
    use(visitor, text)
    visitor.post("/connections/nothing/pause")
    secrets = [unused, text, cookie(visitor), visitor.form_token]
    tables = lonely.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'reconciler'")
    assert {"console_links", "console_sessions", "console_done", "console_drafts"} <= {name for (name,) in tables}
    for (name,) in tables:
        kept = str(lonely.sql(f'SELECT t::text FROM reconciler."{name}" AS t'))
        for secret in secrets:
            assert secret not in kept, name
            assert secret.encode().hex() not in kept, name


def test_a_session_ends_after_half_an_hour_without_a_request(lonely: Installation, console: Console) -> None:
    idle, busy = console.signed_in(), console.signed_in()
    for _ in range(3):
        lonely.later(minutes=10.1)
        assert is_in(busy)
    assert not is_in(idle)
    lonely.later(minutes=29)
    assert is_in(busy)


def test_a_session_ends_after_twelve_hours_however_busy_it_is(lonely: Installation, console: Console) -> None:
    visitor = console.signed_in()
    for _ in range(25):
        assert is_in(visitor)
        lonely.later(minutes=28.75)
    assert is_in(visitor)
    lonely.later(minutes=1.5)
    assert not is_in(visitor)


def test_signing_out_ends_the_session_and_not_only_in_the_browser(console: Console) -> None:
    visitor, other = console.signed_in(), console.signed_in()
    before = cookie(visitor)
    left = visitor.post("/sign-out")
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert not visitor.client.cookies
    assert not is_in(with_cookie(console, before))
    assert is_in(other)


def test_nobody_else_signs_anybody_out_and_nobody_is_told_that_they_are_who_are_not(console: Console) -> None:
    visitor, other = console.signed_in(), console.signed_in()
    wrong: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {"Origin": ADDRESS}),
        ({"form_token": other.form_token}, {"Origin": ADDRESS}),
        ({"form_token": visitor.form_token}, {"Origin": "https://evil.example.com"}),
        ({"form_token": visitor.form_token}, {}),
    ]
    for form, headers in wrong:
        answer = visitor.client.post("/sign-out", data=form, headers=headers)
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
        assert is_in(visitor)
    assert visitor.get("/sign-out").status_code == 405


def test_a_sign_in_that_another_site_sends_signs_nobody_in(console: Console) -> None:
    text = link(console)
    wrong: list[dict[str, str]] = [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example.com"},
        {"Origin": ADDRESS, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
    ]
    for headers in wrong:
        visitor = console.visitor()
        answer = visitor.client.post("/sign-in", data={"link": text}, headers=headers)
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)
        assert not is_in(visitor)
    assert use(console.visitor(), text).status_code == 303


@pytest.mark.parametrize(
    "to",
    ["//evil.example.com", "/\\evil.example.com", "https://evil.example.com", "https:evil.example.com", "javascript:x",
     "/\r\nSet-Cookie: a=b", "/x\n//evil.example.com", "\t//evil.example.com"],
)  # fmt: skip
def test_a_sign_in_leads_to_no_other_host(to: str, console: Console) -> None:
    asked = console.visitor().client.get("/sign-in", params={"to": to, "link": "x"})
    assert "evil" not in asked.text
    answer = use(console.visitor(), link(console), to)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert len(answer.headers.get_list("set-cookie")) == 1


@pytest.mark.parametrize("to", ["/%0d%0aSet-Cookie:a=b", "/%5cevil.example.com", "/%2fevil.example.com", "/a//b"])
def test_what_only_looks_like_another_host_stays_here_as_it_was_written(to: str, console: Console) -> None:
    answer = use(console.visitor(), link(console), to)
    assert answer.headers["location"] == to
    assert "a=b" not in str(answer.headers.get_list("set-cookie"))


def test_what_is_sensitive_needs_a_proof_that_is_not_older_than_ten_minutes(installation: Installation) -> None:
    assert installation.connect().code == 0
    with open_console(installation) as console:
        visitor = console.signed_in()
        installation.later(minutes=9.9)
        assert visitor.get("/connections/acme/disconnect").status_code == 200
        installation.later(minutes=0.2)
        asked = visitor.get("/connections/acme/disconnect").headers["location"]
        sent = visitor.post("/connections/acme/disconnect")
        assert (asked, sent.headers["location"]) == (
            "/sign-in?to=%2Fconnections%2Facme%2Fdisconnect",
            "/sign-in?to=%2Fconnections%2Facme",
        )
        assert installation.sql("SELECT disconnected_at FROM reconciler.connections") == [(None,)]
        assert visitor.get("/connections/acme/pause").status_code == 200
        assert 'value="/connections/acme/disconnect"' in visitor.page(asked)
        before = cookie(visitor)
        again = use(visitor, link(console), "/connections/acme/disconnect")
        assert again.headers["location"] == "/connections/acme/disconnect"
        assert cookie(visitor) != before
        assert visitor.get("/connections/acme/disconnect").status_code == 200


def test_what_is_long_over_is_deleted_at_the_next_sign_in(lonely: Installation, console: Console) -> None:
    console.signed_in()
    lonely.later(minutes=24 * 60 + 1)
    console.signed_in()
    count = "SELECT (SELECT count(*) FROM reconciler.console_sessions), (SELECT count(*) FROM reconciler.console_links)"
    assert lonely.sql(count) == [(1, 1)]
