"""Signing in to the console, staying signed in, and signing out."""

from __future__ import annotations

import dataclasses
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.console import links, sessions, sign_in
from reconciler.console.access import Role
from reconciler.console.app import application
from reconciler.console.identity import HEADER, Proxy
from reconciler.console.pages import ROUTES
from tests.console import ADDRESS, Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

#: There is no such connection: who is signed in is told so, and who is not is led to the sign-in.
_PAGE: Final = "/connections/nothing/pause"
_KEY: Final = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
_PROXY: Final = Proxy(
    _KEY.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo).decode(),
    "reconciler",
    "https://crm.example.com/again",
)


@pytest.fixture
def console(lonely: Installation) -> Iterator[Console]:
    with open_console(lonely) as console:
        yield console


@pytest.fixture
def proxied(lonely: Installation) -> Iterator[Console]:
    with open_console(lonely, _PROXY) as console:
        yield console


def link(console: Console, *workspaces: str) -> str:
    query = links.make(console.desk.ledger, Role.ADMIN, workspaces, "cli:somebody", console.desk.random_bytes)
    return query.removeprefix("link=")


def use(visitor: Visitor, text: str, to: str = "/") -> Any:
    return visitor.client.post("/sign-in", data={"link": text, "to": to}, headers={"Origin": ADDRESS})


def is_in(visitor: Visitor) -> bool:
    """Whether somebody is signed in: they are told what is not there."""
    found = visitor.get(_PAGE)
    assert found.status_code == 404 or (found.status_code, found.headers["location"]) == (303, "/sign-in")
    return bool(found.status_code == 404)


def cookie(visitor: Visitor) -> str:
    return str(visitor.client.cookies[sessions.COOKIE])


def with_cookie(console: Console, text: str) -> Visitor:
    """Somebody else's browser with this cookie."""
    visitor = console.visitor()
    visitor.client.cookies.set(sessions.COOKIE, text, domain="sync.example.com")
    return visitor


def word(subject: str = "u-1", workspaces: dict[str, str] | None = None, **claims: object) -> str:
    now = int(time.time())
    said = {"sub": subject, "aud": "reconciler", "iat": now, "exp": now + 300, "auth_time": now, **claims}
    return jwt.encode({**said, "workspaces": workspaces or {"acme": "admin"}}, _KEY, algorithm="EdDSA")


def ask(visitor: Visitor, said: str | None, path: str = _PAGE) -> Any:
    return visitor.client.get(path, headers={} if said is None else {HEADER: said})


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


def test_who_the_proxy_names_is_signed_in_without_doing_anything(proxied: Console) -> None:
    visitor = proxied.visitor()
    assert ask(visitor, word()).status_code == 404
    before = cookie(visitor)
    assert ask(visitor, word()).headers.get("set-cookie") is None
    assert cookie(visitor) == before


def test_without_the_proxys_word_nobody_is_signed_in_whatever_cookie_they_have(proxied: Console) -> None:
    visitor = proxied.visitor()
    assert ask(visitor, word()).status_code == 404
    for said in (None, "", "x", word()[:-9] + "AAAAAAAAA", word(exp=int(time.time()) - 60), word(aud="another")):
        found = ask(visitor, said)
        assert (found.status_code, found.headers["location"]) == (303, "/sign-in")


def test_another_person_or_other_rights_with_the_same_cookie_is_another_session(
    lonely: Installation, proxied: Console
) -> None:
    visitor = proxied.visitor()
    seen = []
    for said in (word(), word("u-2"), word("u-2", {"acme": "viewer"}), word("u-2", {"globex": "viewer"})):
        assert ask(visitor, said).headers.get("set-cookie") is not None
        seen.append((cookie(visitor), visitor.form_token))
    assert len({text for text, _ in seen}) == len({token for _, token in seen}) == 4
    # A form of the session before is not one of this session.
    form = {"form_token": seen[0][1], "once": "1"}
    answer = visitor.client.post(_PAGE, data=form, headers={"Origin": ADDRESS, HEADER: word("u-2")})
    assert answer.status_code == 403
    rows = lonely.sql("SELECT subject, method, grants FROM reconciler.console_sessions ORDER BY made_at LIMIT 4")
    assert rows == [
        ("u-1", "proxy", {"acme": "admin"}),
        ("u-2", "proxy", {"acme": "admin"}),
        ("u-2", "proxy", {"acme": "viewer"}),
        ("u-2", "proxy", {"globex": "viewer"}),
    ]


def test_rights_that_the_proxy_changes_count_at_once(installation: Installation) -> None:
    assert installation.connect().code == 0
    with open_console(installation, _PROXY) as console:
        visitor, path = console.visitor(), "/connections/acme/pause"
        told = [
            ask(visitor, word(workspaces=rights), path).status_code
            for rights in ({"acme": "operator"}, {"acme": "viewer"}, {"globex": "admin"}, {"*": "operator"})
        ]
        assert told == [200, 403, 404, 200]
        old = int(time.time()) - 700
        again = ask(visitor, word(auth_time=old), "/connections/acme/disconnect")
        assert again.headers["location"] == "/sign-in?to=%2Fconnections%2Facme%2Fdisconnect"
        page = ask(visitor, word(auth_time=old), again.headers["location"]).text
        assert 'href="https://crm.example.com/again"' in page
        assert ask(visitor, word(), "/connections/acme/disconnect").status_code == 200


def test_where_a_proxy_says_who_somebody_is_no_address_signs_in(lonely: Installation, proxied: Console) -> None:
    visitor = proxied.visitor()
    assert use(visitor, link(proxied)).status_code == 403
    assert not visitor.client.cookies
    assert lonely.sql("SELECT used_at FROM reconciler.console_links") == [(None,)]


def test_a_session_of_one_way_to_sign_in_is_none_of_the_other(console: Console) -> None:
    by_link = console.signed_in()
    there = dataclasses.replace(console.desk, proxy=_PROXY)
    other = Console(there, application(there, ROUTES, sign_in.ROUTES))
    visitor = with_cookie(other, cookie(by_link))
    assert not is_in(visitor)
    assert ask(visitor, word("somebody", {"*": "admin"})).headers.get("set-cookie") is not None
    assert not is_in(with_cookie(console, cookie(visitor)))


def test_signing_out_behind_a_proxy_leads_to_where_one_signs_in_and_ends_the_session(
    lonely: Installation, proxied: Console
) -> None:
    visitor = proxied.visitor()
    ask(visitor, word())
    form = {"form_token": visitor.form_token}
    left = visitor.client.post("/sign-out", data=form, headers={"Origin": ADDRESS, HEADER: word()})
    assert (left.status_code, left.headers["location"]) == (303, "https://crm.example.com/again")
    assert lonely.sql("SELECT ended_at IS NOT NULL FROM reconciler.console_sessions") == [(True,)]


def test_what_is_long_over_is_deleted_at_the_next_sign_in(lonely: Installation, console: Console) -> None:
    console.signed_in()
    lonely.later(minutes=24 * 60 + 1)
    console.signed_in()
    count = "SELECT (SELECT count(*) FROM reconciler.console_sessions), (SELECT count(*) FROM reconciler.console_links)"
    assert lonely.sql(count) == [(1, 1)]


def test_no_log_line_has_the_proxys_word_and_each_says_why_one_is_not_believed(
    proxied: Console, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = proxied.visitor()
    old = int(time.time()) - 400
    words = [word(), word(aud="another"), word(iat=old, exp=old + 60), word()[:-9] + "AAAAAAAAA"]
    for said in words:
        ask(visitor, said)
    lines = [each.getMessage() for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    printed = capfd.readouterr()
    # Also its parts: who has the last one needs only to guess the others.
    parts = {part for said in words for part in said.split(".")} | {cookie(visitor), visitor.form_token}
    assert not [part for part in parts if part in "".join(lines) + printed.out + printed.err]
    told = [line.rpartition("not believed: ")[2] for line in lines if "not believed" in line]
    assert told == ["InvalidAudienceError", "it is not good at this time", "InvalidSignatureError"]


def test_a_program_behind_the_proxy_leaves_no_session_and_can_send_no_form(
    lonely: Installation, proxied: Console
) -> None:
    visitor = proxied.visitor()
    found = ask(visitor, word(), f"{_PAGE}.json")
    assert (found.status_code, found.headers.get("set-cookie")) == (404, None)
    assert lonely.sql("SELECT count(*) FROM reconciler.console_sessions") == [(0,)]
    for token in ("", "0" * 64):
        form = {"form_token": token, "once": "1"}
        sent = visitor.client.post(_PAGE, data=form, headers={"Origin": ADDRESS, HEADER: word()})
        assert sent.status_code == 403


def test_of_two_words_at_once_neither_is_believed(proxied: Console) -> None:
    wrong = jwt.encode({"sub": "u-9"}, Ed25519PrivateKey.from_private_bytes(b"3" * 32), algorithm="EdDSA")
    for said in ([wrong, word()], [word(), wrong]):
        headers = [(HEADER, each) for each in said]
        found = proxied.visitor().client.get(_PAGE, headers=headers)
        assert (found.status_code, found.headers["location"]) == (303, "/sign-in")
