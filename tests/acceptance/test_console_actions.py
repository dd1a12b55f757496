"""What somebody can do in the console: each action asks once, is done once, and is written down."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.console.access import Role
from tests.console import ADDRESS, Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected, with three contacts on the list."""
    for name in ("ada", "bob", "cy"):
        installation.add(f"{name}@example.com", first_name=name.capitalize())
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 3
    return installation


@pytest.fixture
def console(acme: Installation) -> Iterator[Console]:
    with open_console(acme) as console:
        yield console


def audited(acme: Installation, action: str) -> list[tuple[Any, ...]]:
    return acme.sql(
        "SELECT actor, connection, place, request_id IS NOT NULL, details FROM reconciler.audit"
        " WHERE action = %s ORDER BY audit_id",
        action,
    )


def follow(console: Console, visitor: Visitor, path: str) -> str:
    """Wait where a run that was asked for can be watched, until there is another page."""
    console.wait()
    found = visitor.get(path)
    assert found.status_code == 303, found.text[:500]
    return str(found.headers["location"])


def test_run_now_asks_then_runs_and_is_written_down(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR, "acme")
    acme.add("dora@example.com")
    assert "Additions and updates are pushed" in operator.page("/connections/acme/run")
    assert "dora@example.com" not in acme.api.members()
    sent = operator.post("/connections/acme/run")
    run = follow(console, operator, sent.headers["location"])
    assert "dora@example.com" in acme.api.members()
    [(trigger, actor, state)] = acme.sql(
        "SELECT trigger, actor, state FROM reconciler.runs WHERE run_id = %s", int(run.removeprefix("/runs/"))
    )
    assert (trigger, actor, state) == ("console", "console:somebody", "completed")
    assert audited(acme, "run") == [("console:somebody", "acme", "testclient", True, {})]


def test_a_doubled_click_is_one_action(acme: Installation, console: Console) -> None:
    admin, once = console.signed_in(), uuid.uuid4().hex
    first = admin.post("/connections/acme/pause", once=once)
    acme.sql("UPDATE reconciler.connections SET paused_at = NULL")
    second = admin.post("/connections/acme/pause", once=once)
    assert [each.headers["location"] for each in (first, second)] == ["/connections/acme"] * 2
    assert len(audited(acme, "pause")) == 1
    assert acme.sql("SELECT paused_at FROM reconciler.connections") == [(None,)]


def test_a_form_without_a_number_of_its_own_is_refused(acme: Installation, console: Console) -> None:
    refused = console.signed_in().post("/connections/acme/pause", once="")
    assert refused.status_code == 400
    assert "no number of its own" in refused.text
    assert audited(acme, "pause") == []


def test_pause_and_resume_say_what_they_do_and_do_it(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR)
    assert "Nothing that changes meanwhile is lost" in operator.page("/connections/acme/pause")
    assert operator.post("/connections/acme/pause").status_code == 303
    assert acme.say("run", "acme").out.strip() == "paused"
    assert "catches up" in operator.page("/connections/acme/resume")
    assert operator.post("/connections/acme/resume").status_code == 303
    assert [row[4]["after"] for name in ("pause", "resume") for row in audited(acme, name)] == [
        {"paused": True},
        {"paused": False},
    ]


def test_that_it_is_the_real_crm_only_an_admin_can_say(acme: Installation, console: Console) -> None:
    acme.sql(
        "UPDATE reconciler.connections SET paused_at = now(), paused_reason = 'other_crm', paused_message = 'a copy'"
    )
    operator = console.signed_in(Role.OPERATOR)
    assert "and no copies" in operator.page("/connections/acme/resume")
    refused = operator.post("/connections/acme/resume")
    assert (refused.status_code, "only an admin" in refused.text.lower()) == (400, True)
    assert console.signed_in(Role.ADMIN).post("/connections/acme/resume").status_code == 303
    assert acme.sql("SELECT paused_at FROM reconciler.connections") == [(None,)]


def test_a_full_resync_shows_its_plan_and_pushes_that_plan(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    ada = acme.sql("SELECT id::text FROM contacts WHERE first_name = 'Ada'")[0][0]
    acme.change(ada, last_name="Lovelace")
    before = len(acme.api.imported())
    assert "Nothing is pushed yet" in admin.page("/connections/acme/resync")
    sent = admin.post("/connections/acme/resync/plan")
    console.wait()
    shown = admin.json(f"{sent.headers['location']}.json")
    assert shown["consequences"]["planned"]["plan"]["updated"] == 1
    assert len(acme.api.imported()) == before
    assert "Push this plan" in admin.page(sent.headers["location"])
    pushed = admin.post("/connections/acme/resync", run_id=str(shown["run_id"]))
    run = int(follow(console, admin, pushed.headers["location"]).removeprefix("/runs/"))
    [(mode, reason, state)] = acme.sql("SELECT mode, reason, state FROM reconciler.runs WHERE run_id = %s", run)
    assert (mode, reason, state) == ("full", "forced", "completed")
    assert acme.api.members()["ada@example.com"]["last_name"] == "Lovelace"
    assert audited(acme, "resync")[0][4] == {"plan": shown["run_id"], "added": 0, "updated": 1}
    again = admin.post("/connections/acme/resync", run_id=str(shown["run_id"]))
    assert "one in 15 minutes is the most" in again.text


def test_another_plan_than_the_one_that_was_shown_is_not_pushed(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    ada, bob = (acme.sql("SELECT id::text FROM contacts WHERE first_name = %s", name)[0][0] for name in ("Ada", "Bob"))
    acme.change(ada, last_name="Lovelace")
    sent = admin.post("/connections/acme/resync/plan")
    console.wait()
    shown = admin.json(f"{sent.headers['location']}.json")
    acme.change(bob, last_name="Builder")
    before = len(acme.api.imported())
    pushed = admin.post("/connections/acme/resync", run_id=str(shown["run_id"]))
    run = int(follow(console, admin, pushed.headers["location"]).removeprefix("/runs/"))
    assert acme.sql("SELECT state, reason FROM reconciler.runs WHERE run_id = %s", run) == [("held", "only_if")]
    assert len(acme.api.imported()) == before


def test_a_plan_that_nobody_made_can_not_be_confirmed(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    for number in ("1", "999999", "", "1; DROP", "-1"):
        refused = admin.post("/connections/acme/resync", run_id=number)
        assert (refused.status_code, "be confirmed any more" in refused.text) == (400, True), number


def test_a_held_plan_is_approved_and_goes(acme: Installation, console: Console) -> None:
    assert acme.say("set", "acme", "guard_least=2", "guard_updated_percent=25").code == 0, (
        "how few changes a guard counts"
    )
    for name in ("Ada", "Bob", "Cy"):
        contact = acme.sql("SELECT id::text FROM contacts WHERE first_name = %s", name)[0][0]
        acme.change(contact, last_name="Same")
    assert acme.say("run", "acme").code == 4
    [(number,)] = acme.sql("SELECT held_run_id FROM reconciler.connections")
    admin, operator = console.signed_in(), console.signed_in(Role.OPERATOR)
    assert operator.get(f"/runs/{number}/approve").status_code == 403
    assert operator.post(f"/runs/{number}/approve").status_code == 403
    assert "It stays held" in operator.page(f"/runs/{number}/decline")
    assert operator.post(f"/runs/{number}/decline").headers["location"] == f"/runs/{number}"
    assert "It is pushed at once" in admin.page(f"/runs/{number}/approve")
    follow(console, admin, admin.post(f"/runs/{number}/approve").headers["location"])
    assert {member["last_name"] for member in acme.api.members().values()} == {"Same"}
    assert [row[0] for row in audited(acme, "approve")] == ["console:somebody"]


def test_disconnect_forgets_the_credentials_and_keeps_the_rest(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    assert "Nobody is removed from the list" in admin.page("/connections/acme/disconnect")
    assert admin.post("/connections/acme/disconnect").headers["location"] == "/connections/acme"
    assert acme.sql("SELECT access_token_sealed, api_key_sealed FROM reconciler.accounts") == [(None, None)]
    assert len(acme.api.members()) == 3
    [(actor, _, _, _, details)] = audited(acme, "disconnect")
    assert (actor, details["before"], details["after"]) == (
        "console:somebody",
        {"disconnected": False},
        {"disconnected": True},
    )


def test_who_left_comes_back_with_a_basis_and_who_may_not_is_named(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    ada = acme.sql("SELECT id::text FROM contacts WHERE first_name = 'Ada'")[0][0]
    refused = admin.post("/connections/acme/rejoin", contact_ids=f"{ada}\n", basis="asked by phone")
    assert refused.status_code == 400
    assert "may not rejoin" in refused.text
    assert ada in refused.text
    refused = admin.post("/connections/acme/rejoin", contact_ids=ada, basis=" ")
    assert "the basis is empty" in refused.text.lower()
    acme.later(20)
    acme.api.door.contact(action="leave_list", email="ada@example.com", list_id=acme.api.list_id)
    acme.change(ada, last_name="Changed")
    acme.run("acme", "--full")
    assert "ada@example.com" not in acme.api.members()
    admin.sign_in(Role.ADMIN)
    allowed = admin.post("/connections/acme/rejoin", contact_ids=ada, basis="asked by phone")
    assert allowed.headers["location"] == "/connections/acme"
    acme.run()
    assert "ada@example.com" in acme.api.members()


def test_nobody_is_refused_says_so_and_retry_needs_somebody(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR)
    assert "Nobody is refused" in operator.page("/connections/acme/retry")
    assert operator.json("/connections/acme/retry.json") == {"connection": "acme", "refused": [], "in_all": 0}
    refused = operator.post("/connections/acme/retry", contact_ids="4711")
    assert (refused.status_code, "nothing of 4711 was refused" in refused.text.lower()) == (400, True)


def test_what_is_sensitive_needs_a_fresh_proof_and_goes_on_where_it_was(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    acme.sql("UPDATE reconciler.console_sessions SET authenticated_at = authenticated_at - interval '11 minutes'")
    for path in ("disconnect", "resync", "rejoin"):
        asked = admin.get(f"/connections/acme/{path}")
        assert asked.headers["location"] == f"/sign-in?to=%2Fconnections%2Facme%2F{path}"
        assert admin.post(f"/connections/acme/{path}").headers["location"].startswith("/sign-in?to=")
    assert "prove again who you are" in admin.page("/sign-in?to=%2Fconnections%2Facme%2Fdisconnect")
    assert admin.get("/connections/acme/pause").status_code == 200
    assert acme.sql("SELECT disconnected_at FROM reconciler.connections") == [(None,)]
    before = admin.form_token
    assert admin.sign_in(Role.ADMIN).status_code == 303
    assert admin.form_token != before
    assert admin.get("/connections/acme/disconnect").status_code == 200


def test_a_get_changes_nothing(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    paths = ["run", "pause", "resume", "disconnect", "resync", "resync/plan", "retry", "rejoin", "going"]
    before = acme.sql("SELECT c.*, (SELECT count(*) FROM reconciler.audit) FROM reconciler.connections AS c")
    for path in paths:
        assert admin.get(f"/connections/acme/{path}").status_code in (200, 303), path
    assert acme.sql("SELECT c.*, (SELECT count(*) FROM reconciler.audit) FROM reconciler.connections AS c") == before
    assert ADDRESS.startswith("https://")
