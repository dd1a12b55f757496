"""What the console's pages say in sentences: their times, what stands in the way, and what there is none of."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from reconciler.console import sign_in
from reconciler.console.access import Role
from reconciler.errors import LedgerError
from tests.console import ADDRESS, Console, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

_A_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected, with a contact on the list."""
    installation.add("ada@example.com")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 1
    return installation


@pytest.fixture
def console(acme: Installation) -> Iterator[Console]:
    with open_console(acme) as opened:
        yield opened


def words(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def in_utc_only(page: str) -> list[str]:
    """The times that a script would not put into the reader's zone."""
    return _A_TIME.findall(re.sub(r"<time .*?</time>", "", page))


def resync(console: Console) -> str:
    """Confirm a full resync; gives what is said to it."""
    admin = console.signed_in(Role.ADMIN)
    at = admin.post("/connections/acme/resync/plan").headers["location"]
    console.wait()
    said = admin.post("/connections/acme/resync", run_id=str(admin.json(f"{at}.json")["run_id"]))
    console.wait()
    return str(said.text)


def test_every_time_in_a_sentence_is_in_the_readers_zone(acme: Installation, console: Console) -> None:
    admin = console.signed_in(Role.ADMIN)
    acme.sql("UPDATE reconciler.accounts SET token_ends_at = now() + interval '1 hour'")
    assert resync(console) == ""
    pages = [resync(console)]
    acme.sql("UPDATE reconciler.connections SET paused_at = now()")
    pages += [admin.page(place) for place in ("/", "/integrations", "/connections/acme")]
    assert "one in 15 minutes is the most" in pages[0]
    assert "Paused since" in pages[-1]
    assert [in_utc_only(page) for page in pages] == [[]] * len(pages)
    assert all(_A_TIME.search(words(page)) for page in (pages[0], *pages[2:]))


def test_where_nothing_may_be_pushed_no_page_says_that_it_will_be(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_READ_ONLY", "1")
    with open_console(acme) as console:
        admin = console.signed_in(Role.ADMIN)
        pages = [admin.page("/connections/acme/run")]
        assert admin.post("/connections/acme/resync/plan").status_code == 303
        console.wait()
        pages.append(admin.page("/connections/acme/resync/plan"))
        acme.sql("UPDATE reconciler.connections SET started_at = NULL")
        pages.append(admin.page("/connections/acme/start"))
    assert ["RECONCILER_READ_ONLY is set" in page for page in pages] == [True] * 3
    assert "Push this plan" in pages[1]


def test_who_retries_by_itself_says_why_on_its_own_page_too(acme: Installation, console: Console) -> None:
    acme.sql(
        "UPDATE reconciler.connections SET failures = 2, failing_since = now(), failing_reason = 'failed',"
        " failing_message = 'Constant Contact is away', next_attempt_at = now() + interval '1 hour'"
    )
    page = console.signed_in(Role.VIEWER).page("/connections/acme")
    assert "<p>Constant Contact is away</p>" in page
    assert "<p>Connected</p>" not in page


def test_a_token_that_was_forgotten_is_none_whose_end_is_not_known(acme: Installation, console: Console) -> None:
    assert acme.say("disconnect", "acme").code == 0
    assert "Token: there is none." in words(console.signed_in(Role.VIEWER).page("/integrations"))


def test_a_form_that_is_too_large_has_the_number_of_its_request(console: Console) -> None:
    answer = console.signed_in().client.post(
        "/connections/acme/run", content="x" * 600_000, headers={"Origin": ADDRESS}
    )
    assert answer.status_code == 413
    assert f"<code>{answer.headers['X-Request-Id']}</code>" in answer.text


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (LedgerError("the ledger at postgresql://sage@db.internal/crm can't be used"), "The ledger can't be used now."),
        (RuntimeError("db.internal"), "Something went wrong here, and it is not your doing."),
    ],
)
def test_a_run_that_could_not_begin_names_no_server_and_nothing_of_the_inside(
    console: Console, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, told: str
) -> None:
    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr("reconciler.reconcile.run", failing)
    operator = console.signed_in(Role.OPERATOR)
    assert operator.post("/connections/acme/run").status_code == 303
    console.wait()
    page = operator.page("/connections/acme/going")
    assert told in words(page)
    assert "db.internal" not in page
    assert "acme: " in caplog.text


def test_the_times_of_charts_are_in_the_readers_zone(acme: Installation, console: Console) -> None:
    acme.run("acme", "--full")
    page = console.signed_in(Role.VIEWER).page("/runs/2")
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert len(captions) == 4
    assert not [each for each in captions if in_utc_only(each) or "<time " not in each]


def test_a_day_that_is_spent_is_said_on_the_card_with_the_readers_time(acme: Installation, console: Console) -> None:
    viewer = console.signed_in(Role.VIEWER)
    assert viewer.json("/connections/acme.json")["spent"] is None
    left = viewer.json("/connections/acme.json")["left_today"]
    acme.sql("UPDATE reconciler.api_budgets SET calls = calls + %s", left)
    for path in ("/connections/acme", "/integrations"):
        page = viewer.page(path)
        assert "The calls of today are spent: it goes on by itself after 00:00 UTC." in words(page)
        assert '<time datetime="00:00" title="00:00 UTC" data-daily>' in page


def test_a_page_keeps_its_query_over_a_new_proof_of_who_somebody_is(acme: Installation, console: Console) -> None:
    admin = console.signed_in(Role.ADMIN)
    acme.sql("UPDATE reconciler.console_sessions SET authenticated_at = authenticated_at - interval '11 minutes'")
    asked = admin.get("/connect?workspace=a%26b").headers["location"]
    [(name, to)] = parse_qsl(urlsplit(asked).query)
    assert (name, to) == ("to", "/connect?workspace=a%26b")
    page = admin.page(asked)
    assert 'value="/connect?workspace=a%26b"' in page
    for bad in ("//evil.example.com", "/?x=<", "/\\evil.example.com?x", "/a?b#c"):
        assert sign_in.local(bad) == "/", bad
    assert sign_in.local(to) == to


def test_a_ledger_that_goes_away_after_an_action_had_begun_is_not_said_to_have_changed_nothing(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LedgerError("away")

    monkeypatch.setattr("reconciler.ledger.console.note_led_to", away)
    sent = console.signed_in(Role.OPERATOR).post("/connections/acme/pause")
    assert sent.status_code == 503
    assert "look whether it was done" in sent.text
    assert "Nothing was changed" not in sent.text


def test_no_sentence_writes_a_connections_name_in_another_way(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR)
    assert operator.post("/connections/acme/pause").status_code == 303
    texts = [
        operator.get("/connections/acme/contacts/~00").text,
        operator.post("/connections/acme/pause").text,
        operator.post("/connections/acme/contacts/~00/sync").text,
    ]
    assert "There is no such contact in acme any more" in texts[0]
    assert not [text for text in texts if "Acme" in text or "acme" not in text]


def test_who_is_looked_for_is_taken_as_typed_and_without_blanks_where_that_is_nobody(
    acme: Installation, console: Console
) -> None:
    viewer = console.signed_in(Role.VIEWER)
    [(contact,)] = acme.sql("SELECT contact_id FROM reconciler.contacts")
    search = "/connections/acme/contacts"
    assert viewer.post(search, who=f" {contact} ").headers["location"] == f"{search}/{contact}"
    acme.sql("UPDATE reconciler.contacts SET contact_id = ' 7 '")
    assert viewer.post(search, who=" 7 ").headers["location"] == f"{search}/%207%20"
