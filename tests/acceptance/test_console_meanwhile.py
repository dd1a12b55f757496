"""The console while others do something too: at the same moment, meanwhile, before, or under the same name later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.console.access import Role
from reconciler.errors import LedgerError
from reconciler.ledger import leases
from tests.console import Console, Visitor, open_console

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


def count(acme: Installation, action: str) -> int:
    return int(acme.sql("SELECT count(*) FROM reconciler.audit WHERE action = %s", action)[0][0])


def change(acme: Installation, first_name: str, last_name: str) -> None:
    acme.sql("UPDATE contacts SET last_name = %s WHERE first_name = %s", last_name, first_name)


def look(console: Console, admin: Visitor) -> str:
    """Look at what a full resync would do; gives the number of the plan."""
    sent = admin.post("/connections/acme/resync/plan")
    console.wait()
    return str(admin.json(f"{sent.headers['location']}.json")["run_id"])


def test_who_has_a_name_later_sees_nothing_of_who_had_it_before(acme: Installation, console: Console) -> None:
    assert acme.say("disconnect", "acme", "--erase").code == 0
    assert acme.connect("acme", "--workspace", "globex").code == 0
    later, before = console.signed_in(Role.ADMIN, "globex"), console.signed_in(Role.ADMIN, "acme")
    assert [each["action"] for each in later.json("/audit.json")["actions"]] == ["set", "start", "connect"]
    told = before.json("/audit.json")["actions"]
    assert [each["action"] for each in told] == ["erase", "disconnect", "set", "start", "connect"]


def test_of_two_who_confirm_a_resync_at_the_same_moment_one_does(acme: Installation, console: Console) -> None:
    change(acme, "Ada", "Lovelace")
    one, other = console.signed_in(), console.signed_in()
    number = look(console, one)
    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(lambda who: who.post("/connections/acme/resync", run_id=number).status_code, (one, other)))
    console.wait()
    assert sorted(sent) == [303, 400]
    assert count(acme, "resync") == 1
    assert acme.api.members()["ada@example.com"]["last_name"] == "Lovelace"


def test_a_resync_that_was_refused_does_not_stand_in_the_way_of_the_next(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    change(acme, "Ada", "Lovelace")
    number = look(console, admin)
    change(acme, "Bob", "Builder")
    assert admin.post("/connections/acme/resync", run_id=number).status_code == 303
    console.wait()
    [(run_id, reason)] = acme.sql("SELECT run_id, reason FROM reconciler.runs ORDER BY run_id DESC LIMIT 1")
    assert reason == "only_if"
    assert "digest" not in admin.page(f"/runs/{run_id}")
    again = admin.post("/connections/acme/resync", run_id=look(console, admin))
    assert again.status_code == 303, again.text
    console.wait()
    assert acme.api.members()["bob@example.com"]["last_name"] == "Builder"


def test_an_operator_lets_nothing_go_that_is_an_admins_to_approve(acme: Installation, console: Console) -> None:
    assert acme.say("set", "acme", "guard_least=2", "guard_updated_percent=25").code == 0
    acme.sql("UPDATE contacts SET last_name = 'Same'")
    assert acme.say("run", "acme").code == 4
    refused = console.signed_in(Role.OPERATOR).post("/connections/acme/resume")
    assert (refused.status_code, "which only an admin can say" in refused.text) == (400, True)
    assert acme.sql("SELECT held_reason FROM reconciler.connections") == [("guard",)]


def test_to_approve_and_to_change_settings_needs_a_fresh_proof(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    acme.sql("UPDATE reconciler.console_sessions SET authenticated_at = authenticated_at - interval '11 minutes'")
    for path in ("/runs/2/approve", "/connections/acme/settings"):
        assert admin.get(path).headers["location"].startswith("/sign-in?to="), path
        assert admin.post(path).headers["location"].startswith("/sign-in?to="), path


def test_what_failed_was_not_done_and_the_same_form_does_it_later(
    acme: Installation, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, once = console.signed_in(Role.OPERATOR), "the same form"

    def away(*_: Any) -> None:
        raise LedgerError("away")

    with monkeypatch.context() as patch:
        patch.setattr(leases, "fence_off", away)
        assert operator.post("/connections/acme/pause", once=once).status_code == 503
    assert acme.sql("SELECT paused_at FROM reconciler.connections") == [(None,)]
    assert operator.post("/connections/acme/pause", once=once).status_code == 303
    assert acme.sql("SELECT paused_at IS NOT NULL FROM reconciler.connections") == [(True,)]


def test_settings_that_somebody_else_has_changed_meanwhile_are_not_undone(acme: Installation, console: Console) -> None:
    admin = console.signed_in()
    assert acme.say("set", "acme", "contact_limit=1234567").code == 0
    shown = {each["name"]: each["now"] for each in admin.json("/connections/acme/settings.json")["figures"]}
    assert shown["contact_limit"] == "1234567"
    form = {**shown, **{f"was:{name}": value for name, value in shown.items()}}
    assert acme.say("set", "acme", "interval_seconds=7200").code == 0
    assert admin.post("/connections/acme/settings", **{**form, "guard_least": "50"}).status_code == 303
    stored = acme.sql("SELECT settings FROM reconciler.connections")[0][0]
    assert (stored["interval_seconds"], stored["guard_least"], stored["contact_limit"]) == (7200, 50, 1234567)
    refused = admin.post("/connections/acme/settings", **{**form, "interval_seconds": "60"})
    assert (refused.status_code, "it is 7200 now" in refused.text) == (400, True)
    assert acme.sql("SELECT (settings -> 'interval_seconds')::int FROM reconciler.connections") == [(7200,)]


def test_a_run_that_died_goes_on_nowhere(acme: Installation, console: Console) -> None:
    viewer = console.signed_in(Role.VIEWER)
    [(number,)] = acme.sql(
        "INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)"
        " SELECT connection_id, 0, 'schedule', 'incremental', '0', now() FROM reconciler.connections RETURNING run_id"
    )
    page = viewer.page(f"/runs/{number}")
    assert "It does not move any more" in page
    assert "hx-trigger" not in page
    assert "goes on" not in page.lower()
    assert "Goes on now" not in viewer.page("/connections/acme")
    assert "goes on" not in viewer.page("/")
    assert "running" not in acme.say("runs", "acme").out


def test_run_now_says_what_stands_in_its_way(acme: Installation, console: Console) -> None:
    operator = console.signed_in(Role.OPERATOR)
    assert "But " not in operator.page("/connections/acme/run")
    assert acme.say("pause", "acme").code == 0
    assert "nothing is run before somebody resumes it" in operator.page("/connections/acme/run")
    assert acme.say("resume", "acme").code == 0
    assert acme.say("disconnect", "acme").code == 0
    assert "nothing is pushed before somebody reconnects it" in operator.page("/connections/acme/run")


def test_the_audit_says_it_in_words_for_people(acme: Installation, console: Console) -> None:
    assert acme.say("set", "acme", "window=auto", "mirror_fresh_seconds=60").code == 0
    page = console.signed_in().page("/audit").lower()
    assert not [word for word in ("window", "mirror", "digest", "fence", "candidate") if word in page]


def test_the_same_as_json_is_the_same_page(acme: Installation, console: Console) -> None:
    viewer, admin = console.signed_in(Role.VIEWER), console.signed_in()
    assert 'href="/runs/2/rows.json?bucket=added"' in viewer.page("/runs/2/rows?bucket=added")
    assert 'href="/audit.json?connection=acme&amp;before=3"' in admin.page("/audit?connection=acme&before=3")


def test_no_connection_is_named_like_an_address_of_json(acme: Installation) -> None:
    said = acme.connect("acme.json")
    assert (said.code, "can't end in .json" in said.err) == (2, True)
