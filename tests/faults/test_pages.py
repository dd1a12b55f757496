"""Faults 37 to 39: pages that shift while they are read, lead astray, or show what was there before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.faults.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.conftest import Acme
    from tests.faults.gate import Handler

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
PAGES = "GET /v3/contacts?"
NEXT_PAGE = "GET /v3/contacts?cursor="
AUGUSTA = "UPDATE contacts SET first_name = 'Augusta' WHERE email = 'ada@example.com'"


@pytest.fixture
def long(acme: Acme) -> Acme:
    """Ada, whose name has changed, is alone on the second page: the newest come first."""
    acme.api.door.contact(action="bulk_create", count=500, list_id=acme.api.list_id)
    acme.installation.say("set", "acme", "membership_singles=0")
    acme.installation.sql(AUGUSTA)
    return acme


def newest(acme: Acme) -> str:
    people = acme.api.door.state()["contacts"]
    return str(people[-1]["email_address"]["address"])


@pytest.mark.parametrize(
    ("shift", "options"), [("somebody goes", ()), ("somebody comes", ()), ("somebody comes", ("--full",))]
)
def test_who_moves_to_another_page_while_they_are_read_is_neither_missed_nor_counted_twice(
    long: Acme, gate: Gate, shift: str, options: tuple[str, ...]
) -> None:
    door, list_id, second = long.api.door, long.api.list_id, []

    def move(handler: Handler) -> None:
        if shift == "somebody comes":
            door.contact(action="create", email="new@example.com", list_id=list_id)
        else:
            door.contact(action="delete", email=newest(long))
        status, body, kind = handler.delivered()
        second.append([contact["email_address"]["address"] for contact in json.loads(body)["contacts"]])
        handler.say(status, body, kind)

    gate.instead(NEXT_PAGE, move, times=1)
    report = long.installation.run("acme", *options)

    assert second[0][1:] == (["ada@example.com"] if shift == "somebody comes" else [])
    assert len(second[0]) == (2 if shift == "somebody comes" else 0)
    assert (report["state"], report["counts"]["added"], report["counts"]["updated"]) == ("completed", 1, 1)
    assert report["suppressed"] == {}
    assert long.api.members()["ada@example.com"]["first_name"] == "Augusta"
    assert long.installation.run()["api"]["calls"] == 0


@pytest.fixture
def elsewhere() -> Iterator[Gate]:
    with Gate().open() as elsewhere:
        yield elsewhere


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (["/v3/contacts?cursor=a"], "lead in a circle"),
        (["/v3/contacts?cursor=a", "/v3/contacts?cursor=b"], "lead in a circle"),
        (["http://127.0.0.1:{port}/v3/contacts?cursor=a"], "leads elsewhere"),
        (["//127.0.0.1:{port}/v3/contacts?cursor=a"], "leads elsewhere"),
        (["/_control/state"], "leads elsewhere"),
    ],
    ids=["itself", "a circle", "another host", "another host without its scheme", "another path"],
)
def test_a_next_page_that_leads_astray_ends_the_run_and_takes_the_token_nowhere(
    acme: Acme, gate: Gate, elsewhere: Gate, links: list[str], words: str
) -> None:
    given = [link.format(port=elsewhere.port) for link in links]

    def answer(handler: Handler) -> None:
        link = given[0]
        given.append(given.pop(0))
        page = {"contacts": [], "_links": {"next": {"href": link}}}
        handler.say(200, json.dumps(page).encode())

    acme.installation.say("set", "acme", "membership_singles=0")
    gate.instead(PAGES, answer)
    ended = acme.run()

    assert ended.brief == (1, "failed", "unavailable")
    assert words in ended.report["message"]
    assert elsewhere.seen == []
    assert len(gate.seen) <= 4
    assert "bob@example.com" not in acme.api.imported()
    acme.go_straight()
    acme.arrives()


def test_who_is_shown_as_before_by_every_reading_is_in_doubt_and_sent_once(acme: Acme, gate: Gate) -> None:
    def stale(handler: Handler) -> None:
        status, body, kind = handler.delivered()
        handler.say(status, body.replace(b'"Augusta"', b'"Ada"'), kind)

    acme.arrives()
    acme.installation.sql(AUGUSTA)
    gate.instead("GET /v3/contacts", stale)

    reports = [acme.installation.run() for _ in range(2)]

    assert [(report["counts"]["updated"], report["counts"]["in_doubt"]) for report in reports] == [(0, 1), (0, 1)]
    assert [problem["code"] for problem in reports[0]["problems"]] == ["not_yet_seen"]
    acme.go_straight()
    report = acme.installation.run()
    assert (report["state"], report["counts"]["updated"]) == ("completed", 1)
    assert acme.api.imported().count("ada@example.com") == 2
    assert acme.installation.run()["api"]["calls"] == 0
