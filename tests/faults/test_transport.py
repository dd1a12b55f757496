"""Faults 1, 2, 3, 11, 12, 13: what happens on the way to Constant Contact, and on the way back."""

from __future__ import annotations

import gzip
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.conftest import Acme
    from tests.faults.gate import Answer, Handler

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
IMPORT = "POST /v3/activities/contacts_json_import"
GET_LIST = "GET /v3/contact_lists/"


def test_a_host_that_is_not_known_is_trouble_that_passes(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def unknown(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    acme.go_through("https://api.example.com/v3")
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", unknown)
        ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert asked == ["api.example.com"] * 4
    assert acme.in_flight() == 0
    acme.go_straight()
    acme.arrives()


def test_a_connection_that_is_refused_is_trouble_that_passes(acme: Acme) -> None:
    with Gate().open() as closed:
        acme.go_through(closed.url)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert ended.report["api"]["calls"] == 4
    acme.go_straight()
    acme.arrives()


def test_an_import_whose_connection_is_refused_was_certainly_not_sent(acme: Acme, gate: Gate) -> None:
    """Before it the list and Bob are read: who listened to those two requests listens no more."""
    gate.stops_after = 2
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert ended.report["api"]["by_operation"]["bulkImportContactsJSON"] == 4
    assert acme.in_flight() == 0
    assert ended.report["counts"]["deferred"] == 1
    acme.go_straight()
    acme.arrives()


@pytest.fixture
def deaf() -> Iterator[str]:
    """An address that takes no connection and refuses none: its queue is full."""
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v3"


def test_a_connection_that_is_not_made_in_time_is_trouble_that_passes(
    acme: Acme, deaf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.constant_contact.calls._CONNECT_SECONDS", 0.2)
    acme.go_through(deaf)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert "ConnectTimeout" in ended.report["message"]
    assert acme.in_flight() == 0
    acme.go_straight()
    acme.arrives()


def _drips(head: bool) -> Answer:
    """A byte every 50 ms, and never the end: of the head, or of the body."""

    def answer(handler: Handler) -> None:
        if not head:
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
        for byte in (b"HTTP/1.1 200 OK\r\nX: " if head else b"") + b" " * 400:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize("head", [True, False])
def test_an_answer_that_drips_is_given_up_at_the_request_s_deadline(
    acme: Acme, gate: Gate, monkeypatch: pytest.MonkeyPatch, *, head: bool
) -> None:
    monkeypatch.setattr("reconciler.constant_contact.calls._READ_SECONDS", 0.5)
    gate.instead(GET_LIST, _drips(head))
    began = time.monotonic()
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert len(gate.seen) == 4
    assert time.monotonic() - began < 15
    acme.go_straight()
    acme.arrives()


def test_an_import_whose_answer_drips_is_in_doubt_and_settled_by_looking(acme: Acme, gate: Gate) -> None:
    assert acme.installation.say("set", "acme", "lease_renew_seconds=0.5", "import_request_seconds=1").code == 0
    gate.instead(IMPORT, _drips(head=False), times=1)
    ended = acme.run()

    assert ended.brief == (3, "completed_with_problems", "unavailable")
    assert ended.report["counts"]["in_doubt"] == 1
    assert acme.in_flight() == 1
    acme.installation.later(10)
    acme.go_straight()
    acme.run()
    acme.run()
    acme.is_there()


def _endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    for _ in range(1_000):
        handler.wfile.write(b" " * 1_000_000)
    pytest.fail("all of it was read")


def _bomb(handler: Handler) -> None:
    """100 MB that go over the wire as 100 kB."""
    handler.say(200, gzip.compress(b" " * 100_000_000, 9), Content_Encoding="gzip")


@pytest.mark.parametrize("answer", [_endless, _bomb])
def test_an_answer_that_is_too_large_is_not_read_to_its_end(acme: Acme, gate: Gate, answer: Answer) -> None:
    gate.instead(GET_LIST, answer)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert "larger than 64,000,000 bytes" in ended.report["message"]
    assert len(gate.seen) == 1
    acme.go_straight()
    acme.arrives()


def test_an_import_whose_answer_is_no_gzip_is_in_doubt(acme: Acme, gate: Gate) -> None:
    gate.instead(IMPORT, lambda handler: handler.say(201, b"no gzip", Content_Encoding="gzip"), times=1)
    acme.run()

    assert acme.in_flight() == 1
    acme.installation.later(10)
    acme.run()
    acme.run()
    acme.is_there()


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed_and_takes_the_token_nowhere(acme: Acme, gate: Gate, status: int) -> None:
    with Gate().open() as elsewhere:
        gate.instead(GET_LIST, lambda handler: handler.say(status, Location=f"{elsewhere.url}/contact_lists"))
        ended = acme.run()

        assert elsewhere.seen == []
    assert ended.brief == (1, "failed", "unavailable")
    assert f"sends us elsewhere ({status})" in ended.report["message"]
    assert len(gate.seen) == 4
    acme.go_straight()
    acme.arrives()


def test_an_import_that_is_redirected_is_in_doubt_and_settled_by_looking(acme: Acme, gate: Gate) -> None:
    with Gate().open() as elsewhere:
        gate.instead(IMPORT, lambda handler: handler.say(307, Location=f"{elsewhere.url}/import"), times=1)
        acme.run()

        assert elsewhere.seen == []
    assert acme.in_flight() == 1
    acme.installation.later(10)
    acme.run()
    acme.run()
    acme.is_there()
