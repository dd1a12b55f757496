"""Without a token: nothing is called, nothing is lost, and the first run with a new one catches up and says so."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """A connection with one contact on the list."""
    installation.add("ada@example.com", first_name="Ada")
    file = installation.folder / "credentials.json"
    api = installation.api
    given = {"api_key": api.api_key, "access_token": api.access_token, "refresh_token": api.refresh_token}
    file.write_text(json.dumps(given))
    assert installation.say("connect", "acme", "--credentials", str(file), "--list-id", api.list_id).code == 0
    installation.say("set", "acme", "poll_first_seconds=0.02", "read_back_pause_seconds=0.02")
    assert installation.run()["state"] == "completed"
    return installation


def renewed(installation: Installation) -> Installation:
    """The same with a token that somebody got anew."""
    api = dataclasses.replace(installation.api, access_token=installation.api.door.token("new")["access_token"])
    return dataclasses.replace(installation, api=api)


def tick(installation: Installation) -> None:
    assert installation.say("run", "--all").code == 0


def test_a_dead_refresh_token_disconnects_and_what_waits_is_counted_until_it_all_arrives(acme: Installation) -> None:
    acme.api.door.token("revoke")
    acme.add("bob@example.com")

    report = acme.run()

    assert (report["state"], report["reason"]) == ("disconnected", "grant_ended")
    assert "no longer takes the refresh token" in report["message"]
    calls = acme.api.calls()
    for hour in range(3):
        acme.add(f"later{hour}@example.com")
        acme.later(60)
        tick(acme)
    assert acme.api.calls() == calls
    told = acme.say("status", "acme")
    assert "Disconnected since " in told.out
    assert " UTC, 4 contacts waiting, the oldest for 3 h 0 min. Constant Contact no longer takes" in told.out
    assert acme.say("status", "acme", "--json").json[0]["behind"]["contacts"] == 4
    again = renewed(acme)
    assert again.connect().code == 0
    report = again.run()
    assert (report["state"], report["counts"]["added"]) == ("completed", 4)
    assert len(again.api.members()) == 5
    assert "first run to come through since the connection was disconnected" in report["message"]
    assert "nothing waits any more" in report["message"]
    assert again.run()["message"] is None


def test_the_first_run_after_it_reads_afresh_who_may_be_written_to(acme: Installation) -> None:
    acme.api.door.token("revoke")
    ada = acme.sql("SELECT id::text FROM contacts")[0][0]
    acme.change(ada, first_name="Augusta")
    acme.run()
    acme.api.door.contact(action="leave_list", email="ada@example.com", list_id=acme.api.list_id)
    again = renewed(acme)
    again.connect()

    again.run()

    assert again.api.members() == {}
    assert again.api.imported() == ["ada@example.com"]


def test_the_first_tick_after_it_reads_and_says_so_though_nothing_changed(acme: Installation) -> None:
    acme.api.door.token("revoke")
    acme.run("acme", "--full")
    again = renewed(acme)
    again.connect()
    calls = again.api.calls()

    tick(again)

    assert again.api.calls() > calls
    report = again.say("report", "--json").json
    assert report["state"] == "nothing_to_do"
    assert "first run to come through since the connection was disconnected" in report["message"]
    runs = again.sql("SELECT count(*) FROM reconciler.runs")
    tick(again)
    assert again.sql("SELECT count(*) FROM reconciler.runs") == runs


def test_a_first_run_that_does_not_come_through_leaves_the_word_to_the_next(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)
    acme.api.door.token("revoke")
    acme.add("bob@example.com")
    acme.run()
    again = renewed(acme)
    again.connect()
    again.api.door.fault(fault="status", status=503, operation="getList", times=4)

    assert again.run()["state"] == "failed"

    assert "first run to come through since" in again.run()["message"]


def test_a_plan_leaves_the_word_to_the_run(acme: Installation) -> None:
    acme.api.door.token("revoke")
    acme.add("bob@example.com")
    acme.run()
    again = renewed(acme)
    again.connect()

    again.say("plan", "acme")

    assert "first run to come through since" in again.run()["message"]


def test_a_token_whose_end_is_known_disconnects_without_a_call_though_nothing_is_to_be_done(
    installation: Installation,
) -> None:
    installation.add("ada@example.com")
    installation.api.door.switch(token_seconds=3600)
    ending = renewed(installation)
    ending.connect()
    ending.run()
    tick(ending)
    calls, runs = ending.api.calls(), ending.sql("SELECT count(*) FROM reconciler.runs")[0][0]
    ending.later(61)

    tick(ending)
    tick(ending)

    assert ending.api.calls() == calls
    found = ending.sql("SELECT state, reason FROM reconciler.runs ORDER BY run_id DESC")
    assert len(found) == runs + 1
    assert found[0] == ("disconnected", "token_ended")
    told = ending.say("status", "acme").out
    assert "Disconnected since " in told
    assert "the token ended at " in told
    assert "  token     ended at " in told
    ending.add("bob@example.com")
    said = ending.say("run", "acme", "--json")
    assert (said.code, said.json["behind"]["contacts"]) == (5, 1)
    assert ending.api.calls() == calls


def test_all_connections_of_the_account_come_back_with_the_new_token(acme: Installation) -> None:
    assert acme.connect("other", "--workspace", "acme").code == 0
    acme.api.door.token("revoke")
    acme.add("bob@example.com")
    assert acme.run("acme")["state"] == "disconnected"
    assert acme.run("other")["state"] == "disconnected"
    again = renewed(acme)
    assert again.connect("acme").code == 0

    report = again.run("other")

    assert report["state"] == "completed"
    assert "first run to come through since" in report["message"]


def test_another_account_s_token_is_refused_and_both_accounts_are_named(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.accounts SET encoded_account_id = 'other1', organization = 'Other Ltd'")

    said = acme.connect()

    assert said.code == 2
    assert "'acme' is connected to the account 'Other Ltd' (other1); this token belongs to " in said.err
    assert "under another name" in said.err


def test_another_list_is_refused_and_both_lists_are_named(acme: Installation) -> None:
    other = acme.api.door.list(action="create", name="Other list")

    said = acme.say("connect", "acme", *acme.credentials(), "--list-id", other["list_id"])

    assert said.code == 2
    assert f"({acme.api.list_id}), not to 'Other list' ({other['list_id']})" in said.err
    assert "--switch-list" in said.err
