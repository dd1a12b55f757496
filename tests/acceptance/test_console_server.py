"""The console as it is really served: a socket, a process that a signal ends, and the command that makes an address."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.bootstrap import Process
from reconciler.console import server
from reconciler.errors import LedgerError, SettingsError, UsageError
from reconciler.ledger import connections
from reconciler.settings import Settings
from tests.acceptance.test_serve import serving, wait_for
from tests.console import open_console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.installation import Installation

_SECONDS: Final = 10.0


@contextlib.contextmanager
def served(where: tuple[str, int] = ("127.0.0.1", 0)) -> Iterator[int]:
    """A real server with the test's settings; gives its port."""
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger, server.serving(here, ledger, where, lambda _: None) as desk:
        yield int(desk.address.rpartition(":")[2])


def connected(port: int, sends: bytes = b"") -> socket.socket:
    there = socket.create_connection(("127.0.0.1", port), _SECONDS)
    there.sendall(sends)
    return there


def said(there: socket.socket) -> str:
    """All that is said until the other side hangs up."""
    with there:
        return b"".join(iter(lambda: there.recv(65_536), b"")).decode()


def asks(port: int, path: str = "/sign-in", *headers: str, host: str | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode()


def status(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


def test_it_says_nothing_of_what_serves_it_and_answers_to_its_own_name_only(lonely: Installation) -> None:
    with served() as port:
        answer = said(connected(port, asks(port)))
        names = {line.partition(":")[0].lower() for line in answer.partition("\r\n\r\n")[0].splitlines()[1:]}
        assert status(answer) == 200
        assert not names & {"server", "x-powered-by", "via"}
        assert {"content-security-policy", "x-content-type-options", "strict-transport-security"} <= names
        assert "uvicorn" not in answer.lower()
        assert "starlette" not in answer.lower()
        for host in (f"localhost:{port}", f"[::1]:{port}"):
            assert status(said(connected(port, asks(port, host=host)))) == 200
        for host in ("evil.example.com", f"evil.example.com:{port}", f"127.0.0.1:{port + 1}", "127.0.0.1"):
            assert status(said(connected(port, asks(port, host=host)))) == 421
        twice = asks(port, "/sign-in", "Host: evil.example.com")
        assert status(said(connected(port, twice))) in {400, 421}


def test_who_is_slow_or_breaks_off_or_talks_nonsense_stops_nobody_else(
    lonely: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    form = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 100000\r\n\r\nlink={'x' * 99}"
    with served() as port, contextlib.ExitStack() as stack:
        for sends in (b"", b"GET /sign", asks(port)[:-2], (form % port).encode()):
            for _ in range(4):
                stack.enter_context(connected(port, sends))
        for nonsense in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"x" * 100_000, b"GET / HTTP/9.9\r\n\r\n"):
            with contextlib.suppress(ConnectionError):
                stack.enter_context(connected(port, nonsense))
        for _ in range(3):
            connected(port, (form % port).encode()).close()
        begun = time.monotonic()
        assert status(said(connected(port, asks(port)))) == 200
        assert status(said(connected(port, asks(port, "/static/console.css")))) == 200
        assert time.monotonic() - begun < 5
        upgrade = asks(port, "/sign-in", "Upgrade: websocket", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
        with connected(port, upgrade.replace(b"close", b"Upgrade")) as there:
            assert there.recv(65_536).startswith(b"HTTP/1.1 200 ")
    assert not [line for line in caplog.messages if "mistake in the reconciler" in line]


def test_it_is_not_served_beyond_this_machine_without_tls(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where in ("0:8480", "0.0.0.0:8480", "[::]:8480", "localhost.example.com:8480"):
        refused = lonely.say("serve", "--console", where)
        assert (refused.code, "without TLS" in refused.err) == (2, True), where
        assert "RECONCILER_CONSOLE_URL=https://" in refused.err
    monkeypatch.setenv("RECONCILER_CONSOLE_URL", "http://127.0.0.1:8480")
    assert "without TLS" in lonely.say("serve", "--console", "0.0.0.0:8480").err
    monkeypatch.setenv("RECONCILER_CONSOLE_URL", "http://sync.example.com")
    assert lonely.say("serve", "--console", "127.0.0.1:0").code == 2


def test_behind_tls_it_answers_to_the_name_that_browsers_see(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_CONSOLE_URL", "https://Sync.example.com")
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger:
        server._must_be_safe(here, ("0.0.0.0", 8480))
        with server.serving(here, ledger, ("127.0.0.1", 0), lambda _: None) as desk:
            assert desk.address == "https://sync.example.com"


def test_pages_have_database_connections_of_their_own_and_few(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Process(Settings.load(os.environ, None))
    with (
        contextlib.closing(here.ledger()) as ledger,
        server.serving(here, ledger, ("127.0.0.1", 0), lambda _: None) as desk,
        contextlib.ExitStack() as slow,
    ):
        monkeypatch.setattr(desk.ledger._engine.pool, "_timeout", 0.05)
        for _ in range(8):
            slow.enter_context(desk.ledger.transaction())
        with pytest.raises(LedgerError, match="are in use"), desk.ledger.transaction():
            pass
        with ledger.transaction() as tx:
            assert connections.names(tx) == []


def test_a_place_that_is_taken_is_said_in_words(lonely: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = lonely.say("serve", "--console", where)
        assert (refused.code, f"can't be served at {where}" in refused.err) == (2, True)
        with pytest.raises(UsageError, match="Address already in use"), served(taken.getsockname()):
            pass
    assert "say another place" in refused.err


def test_a_key_that_is_none_is_said_before_anything_is_served(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_CONSOLE_IDENTITY_KEY", "missing.pem")
    monkeypatch.setenv("RECONCILER_CONSOLE_AUDIENCE", "reconciler")
    # A socket that is left open is a warning, and a warning fails the test.
    with pytest.raises(SettingsError, match="can't be read"), served():
        pass


@pytest.mark.http
def test_serve_with_a_console_starts_and_is_ended_by_a_signal_within_seconds(lonely: Installation) -> None:
    with serving(lonely, "serve", "--console", "0") as serve:
        wait_for(lambda: "Console: http" in serve.said(), serve)
        told = re.findall(r"Console: (http://127\.0\.0\.1:(\d+))/", serve.said())
        address, port = told[0]
        text = lonely.say("console", "link", "--role", "viewer", "--address", address).out.strip()
        with urllib.request.urlopen(text, timeout=_SECONDS) as answer:  # noqa: S310 - it is our own
            assert "This address signs you in once" in answer.read().decode()
        # One who holds the line does not keep it from ending.
        with connected(int(port), b"GET /sign-in HTTP/1.1\r\n"):
            begun = time.monotonic()
            assert serve.stop() == 0
            assert time.monotonic() - begun < 7
    assert text.rpartition("=")[2] not in serve.said()
    assert "Traceback" not in serve.said()


def audited(lonely: Installation) -> list[tuple[Any, ...]]:
    query = "SELECT actor, connection, place, details FROM reconciler.audit WHERE action = 'console link'"
    return lonely.sql(query)


def test_the_command_prints_an_address_and_nothing_else_and_is_written_down(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_CONSOLE_URL", "https://sync.example.com")
    printed = lonely.say("console", "link", "--role", "operator", "--workspace", "acme", "--workspace", "globex")
    found = re.fullmatch(r"https://sync\.example\.com/sign-in\?link=([\w-]{43})\n", printed.out)
    assert (printed.code, bool(found)) == (0, True)
    assert found
    assert "Signs in once, as operator in acme, globex, within 10 minutes." in printed.err
    [(actor, connection, place, details)] = audited(lonely)
    assert actor.startswith("cli:")
    assert (connection, place) == (None, None)
    assert details == {"grants": {"acme": "operator", "globex": "operator"}}
    assert found[1] not in str(lonely.sql("SELECT a::text FROM reconciler.audit AS a"))
    with open_console(lonely) as console:
        visitor = console.visitor()
        sent = visitor.client.post("/sign-in", data={"link": found[1]}, headers={"Origin": "https://sync.example.com"})
        assert sent.status_code == 303
    [(subject, grants)] = lonely.sql("SELECT subject, grants FROM reconciler.console_sessions")
    assert (f"cli:{subject}", grants) == (actor, details["grants"])


def test_without_a_workspace_an_address_is_for_every_one_and_without_a_role_there_is_none(
    lonely: Installation,
) -> None:
    printed = lonely.say("console", "link", "--role", "viewer")
    assert printed.out.startswith("http://127.0.0.1:8480/sign-in?link=")
    assert "as viewer in every workspace" in printed.err
    assert [row[3] for row in audited(lonely)] == [{"grants": {"*": "viewer"}}]
    there = lonely.say("console", "link", "--role", "viewer", "--address", "http://localhost:9000/")
    assert there.out.startswith("http://localhost:9000/sign-in?link=")
    assert lonely.say("console", "link").code == 2
    assert lonely.say("console", "link", "--role", "owner").code == 2


def test_where_a_proxy_says_who_somebody_is_the_command_makes_no_address(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    (tmp_path / "key.pem").write_bytes(key.public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo))
    monkeypatch.setenv("RECONCILER_CONSOLE_IDENTITY_KEY", str(tmp_path / "key.pem"))
    monkeypatch.setenv("RECONCILER_CONSOLE_AUDIENCE", "reconciler")
    refused = lonely.say("console", "link", "--role", "admin")
    assert (refused.code, refused.out, "through a proxy" in refused.err) == (2, "", True)
    assert (audited(lonely), lonely.sql("SELECT count(*) FROM reconciler.console_links")) == ([], [(0,)])
