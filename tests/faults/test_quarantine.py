"""A connection that fails again and again is tried ever more rarely, says so, and leaves by itself."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Acme
    from tests.faults.gate import Gate

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
POST_IMPORT = "POST /v3/activities/contacts_json_import"


def standing(acme: Acme) -> dict[str, Any] | None:
    found: dict[str, Any] | None = acme.installation.say("status", "acme", "--json").json[0]["quarantine"]
    return found


def down(acme: Acme, gate: Gate, times: int) -> None:
    """Constant Contact is in trouble for so many ticks."""
    acme.installation.say("set", "acme", f"quarantine_failures={times}")
    gate.instead("GET /v3/contact_lists/", lambda handler: handler.say(503))
    for _ in range(times):
        acme.installation.say("run", "--all")


def test_it_waits_says_why_and_until_when_and_leaves_with_the_first_run_that_goes_well(acme: Acme, gate: Gate) -> None:
    down(acme, gate, 3)
    asked, runs = len(gate.seen), acme.installation.sql("SELECT count(*) FROM reconciler.runs")

    said = acme.installation.say("run", "acme")

    assert (said.code, said.out.strip()) == (0, "quarantined")
    assert "In quarantine since " in said.err
    assert "3 runs in a row failed (unavailable): Constant Contact is in trouble (503)" in said.err
    assert (len(gate.seen), acme.installation.sql("SELECT count(*) FROM reconciler.runs")) == (asked, runs)
    found = standing(acme)
    assert found is not None
    assert (found["reason"], found["failures"]) == ("unavailable", 3)
    pause = dt.datetime.fromisoformat(found["next_attempt_at"]) - dt.datetime.fromisoformat(found["since"])
    assert 299 <= pause.total_seconds() <= 301
    acme.go_straight()
    acme.installation.later(6)
    assert acme.installation.run()["state"] == "completed"
    assert standing(acme) is None


def test_its_pace_falls_step_by_step_to_one_probe_a_day(acme: Acme, gate: Gate) -> None:
    down(acme, gate, 1)
    pauses = []
    for _ in range(10):
        found = standing(acme)
        assert found is not None
        (now,) = acme.installation.sql("SELECT reconciler.clock()")[0]
        pauses.append(round((dt.datetime.fromisoformat(found["next_attempt_at"]) - now).total_seconds() / 60))
        acme.installation.later(pauses[-1] + 1)
        acme.installation.say("run", "--all")

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 1440]


@pytest.mark.parametrize("words", [("run", "acme", "--full"), ("resume", "acme")])
def test_somebody_can_insist(acme: Acme, gate: Gate, words: tuple[str, ...]) -> None:
    down(acme, gate, 2)
    acme.go_straight()

    acme.installation.say(*words)
    acme.installation.run()

    acme.is_there()
    assert standing(acme) is None


def test_a_connection_of_which_half_is_refused_goes_there_at_once(acme: Acme, gate: Gate) -> None:
    # Ids are random, and so is how many calls it takes to find all the bad ones.
    acme.installation.say("set", "acme", "halving_calls=200")
    bad = []
    for number in range(24):
        address = f"new{number}@example.com"
        acme.installation.add(address)
        bad += [address] if number % 2 else []
    refused = b'[{"error_key": "contacts.api.validation.error", "error_message": "the name is not one"}]'
    gate.instead(
        POST_IMPORT,
        lambda handler: (
            handler.say(400, refused) if any(address.encode() in handler.body for address in bad) else handler.hand_on()
        ),
    )

    report = acme.installation.run()

    assert (report["counts"]["added"], report["counts"]["rejected"]) == (13, 12)
    found = standing(acme)
    assert found is not None
    assert (found["reason"], found["message"]) == ("many_refused", "12 of 25 contacts were refused")


def test_when_constant_contact_is_down_for_many_keys_nobody_is_in_quarantine_and_one_notice_says_so(
    acme: Acme, gate: Gate
) -> None:
    for number in range(3):
        acme.installation.sql(
            "WITH account AS (INSERT INTO reconciler.accounts (encoded_account_id, organization, key_fingerprint)"
            " SELECT 'other' || %s, organization, CAST('key' || %s AS bytea) FROM reconciler.accounts LIMIT 1"
            " RETURNING account_id), connection AS ("
            " INSERT INTO reconciler.connections (name, account_id, list_id, list_name, workspace, statement, columns,"
            " custom_fields, custom_field_types, mapping_digest, settings, observe, connected_at, paused_at)"
            " SELECT 'other' || %s, a.account_id, list_id, list_name, workspace, statement, columns, custom_fields,"
            " custom_field_types, mapping_digest, settings, observe, now(), now()"
            " FROM reconciler.connections AS c, account AS a WHERE c.name = 'acme' RETURNING connection_id)"
            " INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, state, reason,"
            " started_at, finished_at) SELECT connection_id, 1, 'schedule', 'incremental', '0', 'failed',"
            " 'unavailable', now(), reconciler.clock() FROM connection",
            *[str(number)] * 3,
        )

    down(acme, gate, 3)

    assert standing(acme) is None
    said = acme.installation.say("status")
    assert said.err == (
        "Constant Contact is down: 4 of 4 API keys fail in the same way (unavailable)."
        " Runs go on trying; nobody is in quarantine for it.\n"
    )


def test_a_lone_contact_that_is_refused_holds_nobody_up_for_long(acme: Acme, gate: Gate) -> None:
    refused = b'[{"error_key": "contacts.api.validation.error", "error_message": "the name is not one"}]'
    gate.instead(
        POST_IMPORT,
        lambda handler: handler.say(400, refused) if b"bob@example.com" in handler.body else handler.hand_on(),
    )
    assert acme.run().brief == (4, "held", "batch_refused")
    acme.installation.say("run", "--all")
    acme.installation.later(6)

    acme.installation.say("run", "--all")

    assert [one["code"] for one in acme.installation.say("rejects", "acme", "--json").json] == ["refused_in_import"]
    acme.installation.add("eve@example.com")
    assert acme.installation.run()["counts"]["added"] == 1


@pytest.mark.parametrize("reason", ["import_failed", "unavailable"])
def test_imports_of_which_nothing_comes_again_and_again_are_quarantine_until_one_is_carried_out(
    acme: Acme, gate: Gate, reason: str
) -> None:
    acme.installation.say("set", "acme", "quarantine_failures=2")
    acme.api.door.switch(activity_end="failed" if reason == "import_failed" else "completed")
    if reason == "unavailable":
        gate.instead(POST_IMPORT, lambda handler: handler.say(503))
    acme.installation.run()
    assert standing(acme) is None
    for _ in range(2):
        quarter_later(acme)
        acme.installation.run()
    found = standing(acme)
    assert found is not None
    assert found["reason"] == reason

    acme.go_straight()
    acme.api.door.switch(activity_end="completed")
    for _ in range(3):
        quarter_later(acme)
        acme.installation.run()

    assert standing(acme) is None
    assert "bob@example.com" in acme.api.members()


def quarter_later(acme: Acme) -> None:
    """Past what is waited for, on both clocks."""
    acme.installation.later(16)
    acme.api.door.advance(16 * 60)
