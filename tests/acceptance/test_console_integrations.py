"""Integrations in the console: cards with one button, the first sync, settings, and the CRM statement's check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from reconciler.console.access import Role
from reconciler.secret import Secret
from tests.console import Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http
#: Words for people who look into the program, and for nobody else.
INSIDE = re.compile(r"\b(fence|mirror|digest|window|candidate)s?\b", re.IGNORECASE)


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected and not started, with two contacts in the CRM."""
    for name in ("ada", "bob"):
        installation.add(f"{name}@example.com", first_name=name.capitalize())
    assert installation.connect("acme", "--no-start").code == 0
    return installation


@pytest.fixture
def console(acme: Installation) -> Iterator[Console]:
    with open_console(acme) as console:
        yield console


@pytest.fixture
def admin(console: Console) -> Visitor:
    return console.signed_in(Role.ADMIN, "acme")


def started(acme: Installation) -> bool:
    return bool(acme.sql("SELECT started_at IS NOT NULL FROM reconciler.connections")[0][0])


def settings(acme: Installation) -> dict[str, object]:
    found: dict[str, object] = acme.sql("SELECT settings FROM reconciler.connections")[0][0]
    return found


def form_of(page: str) -> dict[str, str]:
    """What a form would send as it stands."""
    fields = dict(re.findall(r'<input id="[^"]*" name="([^"]*)" type="text" value="([^"]*)"', page))
    boxes = re.findall(r'<input type="checkbox" id="[^"]*" name="([^"]*)" value="yes" checked>', page)
    return {**fields, **dict.fromkeys(boxes, "yes")}


def test_a_first_sync_is_looked_at_then_started(acme: Installation, console: Console, admin: Visitor) -> None:
    acme.later(16)
    assert admin.post("/connections/acme/start").status_code == 400
    assert not started(acme)
    assert "See what the first sync would do" in admin.page("/connections/acme/start")
    went = admin.post("/connections/acme/look")
    assert went.headers["location"] == "/connections/acme/start"
    console.wait()
    shown = admin.json("/connections/acme/start.json")
    assert shown["consequences"]["planned"]["plan"]["added"] == 2
    assert "Start first sync" in admin.page("/connections/acme/start")
    assert acme.api.imported() == []
    number = str(shown["run_id"])
    assert admin.post("/connections/acme/start", run_id=number).headers["location"] == "/connections/acme/going"
    console.wait()
    assert started(acme)
    assert {"ada@example.com", "bob@example.com"} <= set(acme.api.members())
    assert admin.get("/connections/acme/start").headers["location"] == "/connections/acme"


def look(console: Console, admin: Visitor) -> str:
    """See what the first sync would do; gives the number of the plan."""
    admin.post("/connections/acme/look")
    console.wait()
    return str(admin.json("/connections/acme/start.json")["run_id"])


def test_a_first_sync_that_would_do_something_else_by_now_is_not_started_and_shown_anew(
    acme: Installation, console: Console, admin: Visitor
) -> None:
    number = look(console, admin)
    acme.add("dora@example.com")
    went = admin.post("/connections/acme/start", run_id=number)
    console.wait()
    assert admin.get(went.headers["location"]).headers["location"] == "/connections/acme/start"
    assert (started(acme), acme.api.imported()) == (False, [])
    assert "has changed since somebody looked" in admin.page("/connections/acme/start")
    shown = admin.json("/connections/acme/start.json")
    assert shown["consequences"]["planned"]["plan"]["added"] == 3
    again = admin.post("/connections/acme/start", run_id=number)
    assert (again.status_code, "was started already: by console:somebody" in again.text) == (400, True)
    admin.post("/connections/acme/start", run_id=str(shown["run_id"]))
    console.wait()
    assert (started(acme), len(acme.api.imported())) == (True, 3)
    told = acme.sql("SELECT place, details ->> 'plan' FROM reconciler.audit WHERE action = 'start' ORDER BY audit_id")
    assert told == [("testclient", number), ("testclient", str(shown["run_id"]))]


def test_an_old_plan_of_a_connection_that_was_started_since_is_not_offered(
    acme: Installation, console: Console, admin: Visitor
) -> None:
    number = look(console, admin)
    assert acme.say("start", "acme").code == 0
    acme.sql("UPDATE reconciler.connections SET observe = true")
    assert admin.json("/connections/acme/start.json")["run_id"] is None
    assert "Start first sync" not in admin.page("/connections/acme/start")
    assert admin.post("/connections/acme/start", run_id=number).status_code == 400
    new = look(console, admin)
    assert new != number
    acme.sql("UPDATE reconciler.runs SET state = 'completed' WHERE run_id = %s", int(new))
    assert admin.post("/connections/acme/start", run_id=number).status_code == 400


def test_a_first_sync_that_can_not_be_looked_at_says_why_and_is_not_started(
    acme: Installation, console: Console, admin: Visitor
) -> None:
    acme.later(16)
    acme.api.door.token("revoke")
    admin.post("/connections/acme/look")
    console.wait()
    page = admin.page("/connections/acme/start")
    assert "can't be looked at now" in page
    assert admin.post("/connections/acme/start").status_code == 400
    assert not started(acme)


def test_each_card_has_the_one_button_that_says_what_is_to_be_done(acme: Installation, admin: Visitor) -> None:
    [card] = admin.json("/integrations.json")["cards"]
    assert card["need"] == {
        "words": "Start first sync",
        "to": "/connections/acme/start",
        "role": "admin",
        "is_theirs": True,
    }
    assert acme.say("start", "acme").code == 0
    acme.run()
    [card] = admin.json("/integrations.json")["cards"]
    assert (card["face"], card["need"]) == ({"kind": "ok", "words": "Connected"}, None)
    assert acme.say("disconnect", "acme").code == 0
    page = admin.page("/integrations")
    assert '<span class="badge needs">Needs you</span>' in page
    assert 'href="/connections/acme/reconnect">Reconnect' in page


def test_who_may_not_do_it_is_told_whom_to_ask(acme: Installation, console: Console) -> None:
    viewer = console.signed_in(Role.VIEWER, "acme", "globex")
    page = viewer.page("/integrations")
    assert "ask an admin" in page
    assert "/connections/acme/start" not in page
    assert "Not connected" in page
    assert not re.findall(r'href="/connect[?"]', page)
    assert viewer.post("/connections/acme/statement").status_code == 403
    assert viewer.get("/connections/acme/settings").status_code == 403


def test_a_workspace_without_a_connection_can_be_connected_and_one_that_is_not_theirs_is_not_there(
    acme: Installation, console: Console
) -> None:
    other = console.signed_in(Role.ADMIN, "globex")
    found = other.json("/integrations.json")
    assert (found["cards"], found["not_connected"]) == ([], [{"workspace": "globex", "may_connect": True}])
    assert 'href="/connect?workspace=globex"' in other.page("/integrations")
    assert "<option selected>globex</option>" in other.page("/connect?workspace=globex")
    assert other.get("/connections/acme").status_code == 404
    assert other.get("/connections/acme/start").status_code == 404


def test_a_connections_page_has_four_characters_of_its_secrets_and_no_more(acme: Installation, admin: Visitor) -> None:
    page, shown = admin.page("/connections/acme"), admin.json("/connections/acme.json")
    assert shown["credentials"]["access_token"] == acme.api.access_token[-4:]
    assert acme.api.access_token[-5:] not in page
    assert acme.api.api_key not in page
    assert acme.api.access_token[-4:] in page
    assert shown["statement"]["fingerprint"] in page
    assert "FROM" in shown["statement"]["text"]


def test_who_retries_by_itself_says_until_when_and_asks_nobody(acme: Installation, admin: Visitor) -> None:
    acme.sql(
        "UPDATE reconciler.connections SET started_at = now(), failures = 5, failing_reason = 'unavailable',"
        " failing_message = 'Constant Contact is in trouble', quarantined_at = now(),"
        " next_attempt_at = '2031-05-03 10:20+00'"
    )
    [card] = admin.json("/integrations.json")["cards"]
    assert card["face"] == {"kind": "retry", "words": "Retrying by itself"}
    assert card["need"] is None
    for path in ("/integrations", "/connections/acme"):
        page = admin.page(path)
        assert "2031-05-03 10:20 UTC" in page.partition("Tried again")[2][:200], path
    assert "Constant Contact is in trouble" in admin.page("/integrations")


def test_a_key_that_is_too_short_shows_none_of_it(acme: Installation, console: Console, admin: Visitor) -> None:
    vault = console.desk.here.vault()
    [(row,)] = acme.sql("SELECT encoded_account_id FROM reconciler.accounts")
    sealed = vault.seal(Secret("short-key-12"), table="accounts", row=row, field="api_key")
    acme.sql("UPDATE reconciler.accounts SET api_key_sealed = %s", sealed)
    assert admin.json("/connections/acme.json")["credentials"]["api_key"] == ""
    assert "y-12" not in admin.page("/connections/acme")


def test_credentials_that_can_not_be_opened_are_asked_for_again(acme: Installation, admin: Visitor) -> None:
    acme.sql("UPDATE reconciler.accounts SET access_token_sealed = 'v1.k9.AAAA'")
    [card] = admin.json("/integrations.json")["cards"]
    assert (card["face"]["words"], card["need"]["words"]) == ("Needs you", "Reconnect")
    assert admin.json("/connections/acme.json")["credentials"] == {"api_key": "", "access_token": ""}


def test_the_statement_is_checked_and_nothing_is_stored(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR, "acme")
    before = acme.sql("SELECT to_jsonb(c) FROM reconciler.connections AS c")
    right = operator.post("/connections/acme/statement")
    assert right.status_code == 200
    assert "It works: 2 contacts read" in right.text
    assert "Its columns are those that were connected." in right.text
    acme.sql("ALTER TABLE contacts RENAME TO people")
    wrong = operator.post("/connections/acme/statement")
    assert wrong.status_code == 200
    assert "contacts" in wrong.text.partition('class="told alarm"')[2].partition("</p>")[0]
    assert acme.sql("SELECT to_jsonb(c) FROM reconciler.connections AS c") == before


def test_settings_are_changed_and_a_bad_one_says_so_at_its_field(acme: Installation, admin: Visitor) -> None:
    before, form = settings(acme), form_of(admin.page("/connections/acme/settings"))
    bad = admin.post("/connections/acme/settings", **{**form, "guard_least": "many", "interval_seconds": "900"})
    assert bad.status_code == 400
    assert "needs a number" in bad.text.partition('id="guard_least-error">')[2].partition("</p>")[0].lower()
    assert bad.text.count('aria-invalid="true"') == 1
    assert 'name="interval_seconds" type="text" value="900"' in bad.text
    assert settings(acme) == before
    wanted = {**form, "interval_seconds": "900", "clear:first_name": "yes"}
    assert admin.post("/connections/acme/settings", **wanted).headers["location"] == "/connections/acme"
    assert settings(acme) == {**before, "interval_seconds": 900.0, "clear": ["first_name"]}
    assert form_of(admin.page("/connections/acme/settings")) == wanted
    wanted.pop("clear:first_name")
    admin.post("/connections/acme/settings", **wanted)
    assert settings(acme)["clear"] == []


def test_no_page_has_words_of_the_programs_inside(acme: Installation, admin: Visitor) -> None:
    acme.say("start", "acme")
    acme.run()
    for path in (
        "/integrations",
        "/connect",
        *(f"/connections/acme{part}" for part in ("", "/settings", "/reconnect")),
    ):
        shown = admin.json(f"{path}.json")
        if "statement" in shown:
            del shown["statement"]["text"]
        page = re.sub(r"<pre.*?</pre>", "", admin.page(path), flags=re.DOTALL)
        assert INSIDE.findall(page) == [], path
        assert INSIDE.findall(str(shown)) == [], path
