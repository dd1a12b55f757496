"""What browsers may do with a page of the console, and which hosts are its own."""

from __future__ import annotations

import pytest

from reconciler.console import guarded, server
from reconciler.console.sign_in import local
from reconciler.settings import Settings


def rules() -> dict[str, list[str]]:
    parts = [rule.split() for rule in guarded.POLICY.split(";")]
    found = {name: words for name, *words in parts}
    assert len(found) == len(parts), "a rule that is there twice counts once"
    return found


def test_the_policy_lets_nothing_in_that_is_not_named() -> None:
    found = rules()
    assert found["default-src"] == ["'none'"]
    for name in ("object-src", "base-uri", "frame-ancestors"):
        assert found[name] == ["'none'"], name
    for name in ("script-src", "style-src", "img-src", "connect-src"):
        assert found[name] == ["'self'"], name


@pytest.mark.parametrize("word", ["unsafe", "*", "data:", "blob:", "http:", "nonce", "strict-dynamic"])
def test_the_policy_has_no_word_that_opens_it(word: str) -> None:
    assert word not in guarded.POLICY


def test_a_form_leads_nowhere_but_here() -> None:
    assert rules()["form-action"] == ["'self'"]


@pytest.mark.parametrize(
    ("address", "its_hosts"),
    [
        ("https://sync.example.com", {"sync.example.com", "sync.example.com:443"}),
        ("https://sync.example.com:443", {"sync.example.com", "sync.example.com:443"}),
        ("https://Sync.Example.com", {"sync.example.com", "sync.example.com:443"}),
        ("https://sync.example.com:8443", {"sync.example.com:8443"}),
        ("http://127.0.0.1:8480", {"127.0.0.1:8480", "localhost:8480", "[::1]:8480"}),
        ("http://localhost:8480", {"127.0.0.1:8480", "localhost:8480", "[::1]:8480"}),
        ("http://[::1]:8480", {"127.0.0.1:8480", "localhost:8480", "[::1]:8480"}),
        ("http://127.0.0.2:8480", {"127.0.0.2:8480"}),
    ],
)
def test_the_hosts_of_a_console_are_its_own_name_and_on_loopback_every_name_of_that(
    address: str, its_hosts: set[str]
) -> None:
    assert guarded.hosts(address) == its_hosts


@pytest.mark.parametrize(
    ("host", "is_safe"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("0", False),
        ("", False),
        ("::", False),
        ("::12", False),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.example.com", False),
        ("sync.example.com", False),
    ],
)
def test_only_what_is_this_machine_alone_counts_as_loopback(*, host: str, is_safe: bool) -> None:
    assert server.is_loopback(host) is is_safe


def test_the_settings_have_no_address_over_which_no_cookie_would_go() -> None:
    loaded = Settings.load({"RECONCILER_CONSOLE_URL": "http://127.0.0.1:8480"}, None)
    assert loaded.console_url == "http://127.0.0.1:8480"


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example.com",
        "///evil.example.com",
        "/\\evil.example.com",
        "\\\\evil.example.com",
        "/\t/evil.example.com",
        "/\n/evil.example.com",
        " //evil.example.com",
        "https://evil.example.com",
        "https:evil.example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example.com",
        "@evil.example.com",
        "/x\r\nSet-Cookie: a=b",
        "/x\n",
        "/?to=//evil.example.com",
        "/#//evil.example.com",
        "/\u2028/evil",
        "/\uff0fevil.example.com",
        "",
    ],
)
def test_going_on_after_a_sign_in_leads_to_no_other_host(to: str) -> None:
    assert local(to) == "/"


@pytest.mark.parametrize("to", ["/", "/connections/acme/disconnect", "/connections/a%20b/rejoin", "/runs/12/approve"])
def test_going_on_after_a_sign_in_leads_to_the_page_that_was_asked_for(to: str) -> None:
    assert local(to) == to
