"""How a run ends when the world does not play along: nothing is lost, and the exit code says what to do."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http
IMPORT = "bulkImportContactsJSON"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """A connection with one contact on the list and another that waits."""
    installation.add("ada@example.com", first_name="Ada")
    assert installation.connect().code == 0
    assert installation.run()["state"] == "completed"
    installation.add("bob@example.com", first_name="Bob")
    return installation


def _run(installation: Installation, *options: str) -> tuple[Said, dict[str, Any]]:
    said = installation.say("run", "acme", "--json", *options)
    return said, json.loads(said.out)


def _ended(installation: Installation, *options: str) -> tuple[int, str, str | None]:
    said, report = _run(installation, *options)
    return said.code, report["state"], report["reason"]


def _arrives(installation: Installation) -> None:
    report = installation.run()
    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert set(installation.api.members()) == {"ada@example.com", "bob@example.com"}


@pytest.mark.parametrize("action", ["expire", "revoke"])
def test_a_refused_token_disconnects_and_nothing_is_lost(acme: Installation, action: str) -> None:
    acme.api.door.token(action)

    said, report = _run(acme)

    assert (said.code, report["state"], report["behind"]["contacts"]) == (5, "disconnected", 1)
    calls = acme.api.calls()
    acme.add("eve@example.com")
    assert _run(acme)[0].code == 5
    assert acme.say("run", "--all").code == 0
    assert acme.api.calls() == calls
    api = dataclasses.replace(acme.api, access_token=acme.api.door.token("new")["access_token"])
    again = dataclasses.replace(acme, api=api)
    assert again.connect().code == 0
    assert again.run()["counts"]["added"] == 2
    assert len(again.api.members()) == 3


def test_a_token_that_ends_in_the_middle_leaves_the_batch_to_the_next_token(acme: Installation) -> None:
    acme.api.door.fault(fault="status", status=401, operation="getActivity")

    said, report = _run(acme)

    assert (said.code, report["state"], report["counts"]["in_doubt"]) == (5, "disconnected", 1)
    assert acme.connect().code == 0
    report = acme.run()
    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert acme.api.imported() == ["ada@example.com", "bob@example.com"]


def test_a_list_that_is_gone_holds(acme: Installation) -> None:
    acme.api.door.list(action="delete", list_id=acme.api.list_id)

    assert _ended(acme) == (4, "held", "list_gone")
    calls = acme.api.calls()
    assert acme.say("run", "--all").code == 0
    assert acme.api.calls() == calls


def test_a_forbidden_call_holds_and_goes_on_by_hand(acme: Installation) -> None:
    acme.api.door.fault(fault="status", status=403, operation=IMPORT)

    assert _ended(acme) == (4, "held", "forbidden")
    _arrives(acme)


def test_the_daily_limit_stops_and_the_rest_goes_the_next_day(acme: Installation) -> None:
    spent = {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
    acme.api.door.fault(fault="status", status=429, operation=IMPORT, body=spent)

    assert _ended(acme) == (6, "quota", "quota")
    acme.later(24 * 60)
    _arrives(acme)


def test_our_own_daily_limit_stops_too(acme: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    spent = acme.sql("SELECT sum(calls) FROM reconciler.api_budgets")[0][0]
    monkeypatch.setenv("RECONCILER_PACE_PER_DAY", str(spent + 1))

    assert _ended(acme) == (6, "quota", "quota")
    assert _ended(acme) == (6, "quota", "quota")
    acme.later(24 * 60)
    monkeypatch.delenv("RECONCILER_PACE_PER_DAY")
    _arrives(acme)


@pytest.mark.parametrize("skip", [4, 6, 8])
def test_a_limit_reached_anywhere_leaves_sums_that_meet(acme: Installation, skip: int) -> None:
    acme.api.door.fault(fault="status", status=429, operation="*", skip=skip, body={"error_key": "quota_exceeded"})

    _run(acme)
    acme.later(24 * 60)

    assert acme.run()["counts"]["rejected"] == 0
    assert set(acme.api.members()) == {"ada@example.com", "bob@example.com"}
    assert acme.api.imported().count("bob@example.com") == 1


def test_trouble_there_before_the_first_write_fails(acme: Installation) -> None:
    process_sleeps_none(acme)
    acme.api.door.fault(fault="status", status=503, operation="getList", times=4)

    assert _ended(acme) == (1, "failed", "unavailable")
    _arrives(acme)


def test_trouble_there_after_the_write_is_a_problem_and_not_a_failure(acme: Installation) -> None:
    process_sleeps_none(acme)
    acme.api.door.fault(fault="status", status=503, operation="getActivity", times=4)

    assert _ended(acme) == (3, "completed_with_problems", "unavailable")
    report = acme.run()
    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert acme.api.imported().count("bob@example.com") == 1


def test_one_connection_s_failure_does_not_stop_the_others(acme: Installation) -> None:
    acme.add("zoe@example.com", workspace="aaa")
    assert acme.connect("aaa").code == 0
    bad = acme.folder / "bad.sql"
    bad.write_text("SELECT id AS contact_id, email FROM contacts WHERE workspace = :workspace")
    assert acme.connect("mmm", "--contacts-sql", str(bad), "--workspace", "acme").code == 0
    acme.sql(
        "UPDATE reconciler.connections SET statement = replace(statement, 'contacts', 'nowhere') WHERE name = 'mmm'"
    )
    acme.sql("UPDATE reconciler.connections SET crm_url_sealed = 'damaged' WHERE name = 'aaa'")

    said = acme.say("run", "--all", "--json")

    assert set(acme.api.members()) >= {"ada@example.com", "bob@example.com"}
    assert said.code == 1
    assert "aaa" in said.err


def test_a_run_that_goes_on_elsewhere_is_left_alone(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.leases SET until = now() + interval '2 minutes'")

    said = acme.say("run", "acme")

    assert (said.code, said.out.strip()) == (0, "already_running")
    acme.later(3)
    _arrives(acme)


def test_a_paused_connection_makes_no_call(acme: Installation) -> None:
    acme.say("pause", "acme")
    calls = acme.api.calls()

    said = acme.say("run", "acme")

    assert (said.code, said.out.strip()) == (0, "paused")
    assert acme.api.calls() == calls
    acme.say("resume", "acme")
    _arrives(acme)


@pytest.mark.parametrize("how", ["--observe", "--no-start", "READ_ONLY"])
def test_what_may_not_push_only_observes(installation: Installation, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    installation.add("ada@example.com", first_name="Ada")
    installation.connect("acme", *([how] if how.startswith("--") else []))
    if how == "READ_ONLY":
        monkeypatch.setenv("RECONCILER_READ_ONLY", "1")

    said, report = _run(installation)

    assert (said.code, report["state"], report["counts"]["added"]) == (0, "observed", 1)
    assert installation.api.imported() == []
    monkeypatch.delenv("RECONCILER_READ_ONLY", raising=False)
    installation.say("start", "acme")
    assert installation.run()["state"] == "completed"


def test_only_the_demanded_plan_is_pushed(acme: Installation) -> None:
    digest = json.loads(acme.say("plan", "acme", "--json").out)["plan"]["digest"]
    eve = acme.add("eve@example.com")

    assert _ended(acme, "--only-if", digest) == (4, "held", "only_if")
    assert set(acme.api.members()) == {"ada@example.com"}
    acme.sql("DELETE FROM contacts WHERE id = %s", eve)
    acme.say("run", "acme", "--only-if", "0" * 64, "--full")
    digest = json.loads(acme.say("plan", "acme", "--json").out)["plan"]["digest"]
    assert _ended(acme, "--only-if", digest)[:2] == (0, "completed")
    assert _ended(acme, "--only-if", digest)[:2] == (4, "held")


@pytest.mark.parametrize("moment", ["reading the CRM", "comparing both sides", "sending 1 contacts"])
def test_a_run_that_is_killed_is_reported_as_abandoned(acme: Installation, moment: str) -> None:
    victim = subprocess.run(  # noqa: S603 - this test's own words
        [sys.executable, "-c", _VICTIM, moment], cwd=acme.folder, env=dict(os.environ), check=False, timeout=60
    )
    assert victim.returncode == 9
    assert acme.say("run", "acme").out.strip() == "already_running"
    acme.later(10)

    acme.run()

    reports = acme.sql("SELECT state, report FROM reconciler.runs ORDER BY run_id DESC LIMIT 2")
    assert [state for state, _ in reports] == ["completed", "abandoned"]
    assert reports[1][1]["finished_at"]
    assert set(acme.api.members()) == {"ada@example.com", "bob@example.com"}
    assert acme.api.imported().count("bob@example.com") == 1


_VICTIM = """
import os, pathlib, sys
from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.request import Request
from reconciler.settings import Settings

here = Process(Settings.load(os.environ, pathlib.Path(".env")))
die = lambda words: os._exit(9) if words == sys.argv[1] else None
reconcile.run(here.parts(here.ledger(), die), "acme", Request("cli"))
"""


def process_sleeps_none(installation: Installation) -> None:
    """Tries that follow each other at once: the pauses of the client are no setting."""
    installation._monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)


def test_who_was_disconnected_by_hand_stays_so_when_another_of_the_account_is_connected_again(
    acme: Installation,
) -> None:
    assert acme.connect("other", "--workspace", "acme").code == 0
    assert acme.say("disconnect", "other").code == 0

    assert acme.connect().code == 0

    calls = acme.api.calls()
    assert acme.say("run", "other").code == 5
    assert acme.api.calls() == calls
    assert acme.connect("other").code == 0
    assert acme.say("run", "other").code == 0
