"""Who comes to the console through a proxy that says who they are."""

from __future__ import annotations

import dataclasses
import logging
import time
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.console import sign_in
from reconciler.console.app import application
from reconciler.console.identity import HEADER
from reconciler.console.pages import ROUTES
from tests.console import ADDRESS, Console, open_console
from tests.signing import PAGE, PROXY, ask, cookie, is_in, link, use, with_cookie, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation


@pytest.fixture
def console(lonely: Installation) -> Iterator[Console]:
    with open_console(lonely) as console:
        yield console


@pytest.fixture
def proxied(lonely: Installation) -> Iterator[Console]:
    with open_console(lonely, PROXY) as console:
        yield console


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
    answer = visitor.client.post(PAGE, data=form, headers={"Origin": ADDRESS, HEADER: word("u-2")})
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
    with open_console(installation, PROXY) as console:
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
    there = dataclasses.replace(console.desk, proxy=PROXY)
    other = Console(there, application(there, ROUTES, sign_in.ROUTES))
    visitor = with_cookie(other, cookie(by_link))
    assert not is_in(visitor)
    assert ask(visitor, word("somebody", {"*": "admin"})).headers.get("set-cookie") is not None
    assert not is_in(with_cookie(console, cookie(visitor)))


def test_signing_out_behind_a_proxy_ends_the_session_and_says_where_one_signs_in_again(
    lonely: Installation, proxied: Console
) -> None:
    visitor = proxied.visitor()
    ask(visitor, word())
    form = {"form_token": visitor.form_token}
    left = visitor.client.post("/sign-out", data=form, headers={"Origin": ADDRESS, HEADER: word()})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    # A link, because a browser holds where a form leads against the page's policy.
    assert 'href="https://crm.example.com/again"' in visitor.page("/sign-in")
    assert lonely.sql("SELECT ended_at IS NOT NULL FROM reconciler.console_sessions") == [(True,)]


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
    found = ask(visitor, word(), f"{PAGE}.json")
    assert (found.status_code, found.headers.get("set-cookie")) == (404, None)
    assert lonely.sql("SELECT count(*) FROM reconciler.console_sessions") == [(0,)]
    for token in ("", "0" * 64):
        form = {"form_token": token, "once": "1"}
        sent = visitor.client.post(PAGE, data=form, headers={"Origin": ADDRESS, HEADER: word()})
        assert sent.status_code == 403


def test_of_two_words_at_once_neither_is_believed(proxied: Console) -> None:
    wrong = jwt.encode({"sub": "u-9"}, Ed25519PrivateKey.from_private_bytes(b"3" * 32), algorithm="EdDSA")
    for said in ([wrong, word()], [word(), wrong]):
        headers = [(HEADER, each) for each in said]
        found = proxied.visitor().client.get(PAGE, headers=headers)
        assert (found.status_code, found.headers["location"]) == (303, "/sign-in")


def test_the_audit_has_the_place_that_the_proxy_saw_and_none_that_somebody_chose(installation: Installation) -> None:
    assert installation.connect().code == 0
    with open_console(installation, PROXY) as console:
        visitor = console.visitor()
        ask(visitor, word())
        form = {"form_token": visitor.form_token, "once": "1"}
        headers = {"Origin": ADDRESS, HEADER: word(), "X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
        assert visitor.client.post("/connections/acme/pause", data=form, headers=headers).status_code == 303
    assert installation.sql("SELECT actor, place FROM reconciler.audit WHERE action = 'pause'") == [
        ("console:u-1", "198.51.100.7")
    ]
