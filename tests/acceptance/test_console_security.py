"""What every answer of the console says to browsers, which requests it refuses, and what it tells nobody."""

from __future__ import annotations

import logging
import re
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest
from starlette.testclient import TestClient

from reconciler.console import links, sessions, sign_in
from reconciler.console.access import Role
from reconciler.console.answers import Download, Page
from reconciler.console.app import application
from reconciler.console.pages import ROUTES
from reconciler.console.routes import OpenRoute, Route
from reconciler.errors import CrmError
from tests.acceptance.test_serve import out_of_reach
from tests.console import ADDRESS, Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from tests.installation import Installation

_SECRET: Final = "ada@example.com hidden-word"
_PAGE: Final = "/connections/nothing/pause"


def _mistake(*_: object) -> Any:
    raise ZeroDivisionError(_SECRET)


def _file(visit: Visit) -> Answer:
    return Download("rows.csv", "text/csv", iter(("a\n", "b\n")))


def _unwritten(visit: Visit) -> Answer:
    return Page("no-such-template.html", "", {})


def _no_crm(visit: Visit) -> Answer:
    raise CrmError("the CRM did not answer", advice="look at it")


_MORE: Final = (
    Route("GET", "/test/mistake", Role.VIEWER, _mistake),
    Route("POST", "/test/mistake", Role.VIEWER, _mistake),
    Route("GET", "/test/file", Role.VIEWER, _file, has_json=False),
    Route("GET", "/test/unwritten", Role.VIEWER, _unwritten),
    Route("GET", "/test/no-crm", Role.VIEWER, _no_crm),
)


@pytest.fixture
def console(lonely: Installation) -> Iterator[Console]:
    with open_console(lonely) as console:
        more = (*sign_in.ROUTES, OpenRoute("GET", "/test/open", _mistake))
        yield Console(console.desk, application(console.desk, (*ROUTES, *_MORE), more))


def assert_guarded(answer: Any, what: object) -> None:
    headers = answer.headers
    policy = headers["content-security-policy"]
    assert all(word in policy for word in ("default-src 'none'", "object-src 'none'", "base-uri 'none'")), what
    assert all(word in policy for word in ("script-src 'self'", "frame-ancestors 'none'")), what
    assert "unsafe" not in policy, what
    age = re.fullmatch(r"max-age=(\d+); includeSubDomains", headers["strict-transport-security"])
    assert age, what
    assert int(age[1]) >= 31_536_000, what
    assert headers["x-content-type-options"] == "nosniff", what
    assert headers["x-frame-options"] == "DENY", what
    assert headers["referrer-policy"] == "same-origin", what
    assert headers["cross-origin-opener-policy"] == "same-origin", what
    assert headers["cross-origin-resource-policy"] == "same-origin", what
    assert "camera=()" in headers["permissions-policy"], what
    assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"]), what
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(headers), what


def test_every_kind_of_answer_says_what_browsers_may_do_with_it(console: Console) -> None:
    visitor, nobody = console.signed_in(), console.visitor()
    large = {"form_token": visitor.form_token, "x": "x" * 500_001}
    kinds = {
        "page": (200, nobody.get("/sign-in")),
        "head": (200, nobody.client.head("/sign-in")),
        "redirect": (303, nobody.get(_PAGE)),
        "json": (401, nobody.get(f"{_PAGE}.json")),
        "nothing": (404, visitor.get("/nothing")),
        "nothing as json": (404, visitor.get("/nothing.json")),
        "not yours": (404, visitor.get(_PAGE)),
        "slash": (404, nobody.get("/sign-in/")),
        "method": (405, nobody.client.put("/sign-in")),
        "trace": (405, nobody.client.request("TRACE", "/sign-in")),
        "forged": (403, nobody.client.post("/sign-in", data={"link": "x"})),
        "large": (413, visitor.client.post(_PAGE, data=large, headers={"Origin": ADDRESS})),
        "large and open": (413, nobody.client.post("/sign-in", data=large, headers={"Origin": ADDRESS})),
        "static": (200, nobody.get("/static/console.css")),
        "no static": (404, nobody.get("/static/nothing.css")),
        "static folder": (404, nobody.get("/static/")),
        "static method": (405, nobody.client.post("/static/console.css")),
        "above static": (404, nobody.get("/static/%2e%2e/app.py")),
        "far above static": (404, nobody.get("/static/..%2f..%2f..%2f..%2fetc/passwd")),
        "mistake": (500, visitor.get("/test/mistake")),
        "mistake as json": (500, visitor.get("/test/mistake.json")),
        "mistake of a form": (500, visitor.post("/test/mistake")),
        "mistake of a template": (500, visitor.get("/test/unwritten")),
        "mistake for nobody": (500, nobody.get("/test/open")),
        "trouble": (400, visitor.get("/test/no-crm")),
        "file": (200, visitor.get("/test/file")),
        "another host": (421, nobody.client.get("/sign-in", headers={"Host": "evil.example.com"})),
    }
    for what, (status, answer) in kinds.items():
        assert answer.status_code == status, (what, answer.text[:300])
        assert_guarded(answer, what)
        kept = "private, max-age=300" if "static" in what and "far" not in what and "above" not in what else "no-store"
        assert answer.headers["cache-control"] == kept or "above" in what, what
        assert _SECRET not in answer.text, what
        assert "Traceback" not in answer.text, what
    ids = [answer.headers["x-request-id"] for _, answer in kinds.values()]
    assert len(set(ids)) == len(ids)
    assert set(kinds["method"][1].headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_no_page_has_a_script_or_a_style_in_it_which_the_policy_would_stop(console: Console) -> None:
    for text in (console.visitor().page("/sign-in?link=x"), console.signed_in().get("/nothing").text):
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)


@pytest.mark.parametrize("path", ["/test/mistake", "/test/mistake.json", "/test/open"])
def test_a_mistake_of_ours_is_told_by_its_number_alone(
    path: str, console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    found = console.signed_in().get(path)
    number = found.headers["x-request-id"]
    assert number in found.text
    assert not any(word in found.text for word in ("ZeroDivisionError", "reconciler/", ".py", "hidden-word"))
    [line] = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert line.startswith(f"request {number}: this is a mistake in the reconciler: ZeroDivisionError in ")
    assert "hidden-word" not in line


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example.com"],
        ["sync.example.com.evil.example.com"],
        ["sync.example.com:8443"],
        ["evil.example.com", "sync.example.com"],
        ["sync.example.com", "sync.example.com"],
        ["sync.example.com@evil.example.com"],
        [""],
        ["127.0.0.1"],
    ],
)
def test_what_was_sent_to_another_host_is_refused_before_anything_else(hosts: list[str], console: Console) -> None:
    visitor = console.signed_in()
    for method, path in (("GET", "/sign-in"), ("GET", "/static/console.css"), ("POST", "/sign-out")):
        request = visitor.client.build_request(method, path)
        request.headers = type(request.headers)(
            [*((k, v) for k, v in request.headers.multi_items() if k != "host"), *(("host", host) for host in hosts)]
        )
        answer = visitor.client.send(request)
        assert (answer.status_code, answer.text) == (421, "This is not the address of the console.")
    assert visitor.get(_PAGE).status_code == 404


def test_another_name_for_where_it_came_from_changes_nothing(console: Console) -> None:
    evil = {"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example.com"}
    answer = console.visitor().client.get(_PAGE, headers=evil)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.fixture
def acme(installation: Installation) -> Installation:
    assert installation.connect().code == 0
    return installation


def test_a_form_that_no_page_of_this_session_has_sent_does_nothing(
    acme: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    with open_console(acme) as console:
        visitor, other = console.signed_in(), console.signed_in()
        mine, ours = {"form_token": visitor.form_token}, {"Origin": ADDRESS}
        wrong: list[tuple[dict[str, str], dict[str, str]]] = [
            ({}, ours),
            ({"form_token": ""}, ours),
            ({"form_token": other.form_token}, ours),
            ({"form_token": str(visitor.client.cookies[sessions.COOKIE])}, ours),
            (mine, {}),
            (mine, {"Origin": "null"}),
            (mine, {"Origin": "https://evil.example.com"}),
            (mine, {"Origin": "http://sync.example.com"}),
            (mine, {"Referer": f"{ADDRESS}/"}),
            *((mine, {**where, "Sec-Fetch-Site": site}) for where in ({}, ours) for site in ("cross-site", "none")),
        ]
        for form, headers in wrong:
            whole = {"once": uuid.uuid4().hex, **form}
            answer = visitor.client.post("/connections/acme/pause", data=whole, headers=headers)
            assert answer.status_code == 403, (form, headers)
            assert answer.headers["x-request-id"] in answer.text
        by_address = visitor.client.post("/connections/acme/pause", params={**mine, "once": "1"}, headers=ours)
        as_json = visitor.client.post("/connections/acme/pause", json={**mine, "once": "1"}, headers=ours)
        assert (by_address.status_code, as_json.status_code) == (403, 403)
        assert acme.sql("SELECT paused_at FROM reconciler.connections") == [(None,)]
        assert acme.sql("SELECT count(*) FROM reconciler.console_done") == [(0,)]
        assert acme.sql("SELECT count(*) FROM reconciler.audit WHERE action = 'pause'") == [(0,)]
        assert len([line for line in caplog.messages if "not believed" in line]) == len(wrong) + 2
        assert visitor.post("/connections/acme/pause").status_code == 303


def test_a_form_by_another_method_does_nothing(acme: Installation) -> None:
    with open_console(acme) as console:
        visitor = console.signed_in()
        form = f"form_token={visitor.form_token}&once=1"
        for method in ("GET", "HEAD"):
            assert visitor.client.request(method, f"/connections/acme/pause?{form}").status_code == 200
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            assert visitor.client.request(method, f"/connections/acme/pause?{form}").status_code == 405
        hidden = {"X-HTTP-Method-Override": "POST", "Origin": ADDRESS}
        assert visitor.client.get(f"/connections/acme/pause?{form}", headers=hidden).status_code == 200
        assert acme.sql("SELECT paused_at FROM reconciler.connections") == [(None,)]


@pytest.mark.parametrize("name", ["%ff", "%0a", "..%2f..", "a" * 5000, "%F0%9F%90%98", "'%3b--"])
def test_a_name_that_no_connection_can_have_is_not_there(name: str, console: Console) -> None:
    visitor = console.signed_in()
    assert visitor.get(f"/connections/{name}/pause").status_code == 404
    assert visitor.post(f"/connections/{name}/pause").status_code == 404


@pytest.mark.parametrize("run_id", ["0", "-1", "1e3", "9" * 18, "9" * 40, "%D9%A1", "1%20"])
def test_a_number_that_no_run_can_have_is_not_there(run_id: str, console: Console) -> None:
    assert console.signed_in().get(f"/runs/{run_id}/approve").status_code == 404


def test_what_no_ledger_can_hold_is_refused_in_words(console: Console) -> None:
    visitor = console.signed_in()
    answers = [
        visitor.get("/connections/a%00b/pause"),
        visitor.get("/runs/%00/approve"),
        visitor.get(f"{_PAGE}?q=%00"),
        visitor.get(f"{_PAGE}?%00=q"),
        visitor.post(_PAGE, once="a\0b"),
        visitor.post(_PAGE, **{"a\0b": "c"}),
    ]
    assert [(answer.status_code, "NUL byte" in answer.text) for answer in answers] == [(400, True)] * 6


def test_a_ledger_that_is_away_lets_nobody_in_and_says_nothing_of_itself(
    lonely: Installation, console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    visitor, stranger = console.signed_in(), console.visitor()
    stranger.client.cookies.set(sessions.COOKIE, "x" * 43, domain="sync.example.com")
    query = links.make(console.desk.ledger, Role.ADMIN, (), "cli:somebody", console.desk.random_bytes)
    form = {"link": query.removeprefix("link=")}
    before = visitor.client.cookies[sessions.COOKIE]
    with out_of_reach(lonely.url):
        answers = [
            visitor.get(_PAGE),
            visitor.get(f"{_PAGE}.json"),
            visitor.post(_PAGE),
            visitor.post("/sign-out"),
            visitor.get("/test/file"),
            stranger.get(_PAGE),
            stranger.client.post("/sign-in", data=form, headers={"Origin": ADDRESS}),
        ]
        # Who asks for nothing of the ledger's is answered.
        assert stranger.get("/sign-in").status_code == 200
        assert stranger.get("/static/console.css").status_code == 200
    told = re.findall(r"(?:user|host|dbname|password)=\S+|//\S+?@", lonely.url)
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["x-request-id"] in answer.text
        assert answer.headers.get("set-cookie") is None
        assert "The ledger can" in answer.text
        hidden = (lonely.url, lonely.url.rsplit("/", 1)[1][:30], "127.0.0.1", "/dev/shm", "psycopg", "postgres", *told)  # noqa: S108
        assert not [word for word in hidden if word in answer.text.lower()]
    lines = [line for line in caplog.messages if answers[0].headers["x-request-id"] in line]
    assert lines
    # It goes on when the ledger is there again; and nobody was signed out by it.
    assert visitor.get(_PAGE).status_code == 404
    assert visitor.client.cookies[sessions.COOKIE] == before
    assert stranger.client.post("/sign-in", data=form, headers={"Origin": ADDRESS}).status_code == 303


def whole_visit(console: Console, acme: Installation) -> tuple[Visitor, list[str], list[Any]]:
    """Somebody comes, looks, acts, is refused and leaves; gives what nobody may read anywhere."""
    query = links.make(console.desk.ledger, Role.ADMIN, (), "cli:somebody", console.desk.random_bytes)
    visitor, text = console.visitor(), query.removeprefix("link=")
    answers = [visitor.get(f"/sign-in?{query}")]
    wrong = "wrong" * 8
    ours = {"Origin": ADDRESS}
    answers += [visitor.client.post("/sign-in", data={"link": link}, headers=ours) for link in (wrong, text)]
    secrets = [text, wrong, str(visitor.client.cookies[sessions.COOKIE]), visitor.form_token]
    answers += [visitor.get("/connections/acme/pause"), visitor.post("/connections/acme/pause")]
    answers += [visitor.get(f"/{text}/{secrets[2]}?q={visitor.form_token}"), visitor.get("/connections/%0aFAKE/pause")]
    answers += [visitor.client.post("/connections/acme/resume", data={"form_token": secrets[3]})]
    answers += [visitor.get("/connections/ada@example.com/pause"), visitor.post("/sign-out")]
    return visitor, secrets, answers


def test_no_log_line_has_a_cookie_an_address_that_signs_in_or_a_form_token(
    acme: Installation, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with open_console(acme) as console:
        _, secrets, answers = whole_visit(console, acme)
    # What the test's own browser logs is not ours.
    lines = [each.getMessage() for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    printed = capfd.readouterr()
    ours = [secret for secret in secrets if secret in "".join(lines) + printed.out + printed.err]
    # A secret that somebody writes into the path of an address is cut out too.
    assert ours == []
    assert not [line for line in lines if "ada@" in line or "\n" in line]
    for answer in answers:
        number = answer.headers["x-request-id"]
        assert [line for line in lines if line.startswith(f"request {number}: {answer.request.method} ")]
    assert [line for line in lines if "a sign-in failed" in line]
    assert [line for line in lines if "signed in by a one-time address" in line]
    assert [line for line in lines if "not believed: nothing says where" in line]
    assert [line for line in lines if "signed out" in line]


def test_the_audit_and_the_log_have_the_same_number_of_a_request_and_where_it_came_from(
    acme: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with open_console(acme) as console:
        there = TestClient(console.app, ADDRESS, client=("192.0.2.7", 50_000), follow_redirects=False)
        visitor = Visitor(console, there)
        visitor.sign_in(Role.OPERATOR, "acme")
        numbers = [visitor.post(f"/connections/acme/{each}").headers["x-request-id"] for each in ("pause", "resume")]
        refused = visitor.get("/connections/acme/disconnect")
    rows = acme.sql("SELECT actor, action, place, request_id FROM reconciler.audit WHERE request_id IS NOT NULL")
    assert rows == [
        ("console:somebody", "pause", "192.0.2.7", numbers[0]),
        ("console:somebody", "resume", "192.0.2.7", numbers[1]),
    ]
    for number in numbers:
        assert [line for line in caplog.messages if line.startswith(f"request {number}: POST ")]
    denied = f"request {refused.headers['x-request-id']}: /connections/{{name}}/disconnect needs the role admin"
    assert denied in caplog.messages
    assert acme.sql("SELECT count(*) FROM reconciler.audit WHERE place IS NULL AND starts_with(actor, 'console:')") == [
        (0,)
    ]
