"""Faults 24 to 26 and 66: too many a second, too many a day, too many in the queue. Each is another thing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Acme, Ended

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
IMPORT = "bulkImportContactsJSON"
THROTTLED = {"error_key": "throttled", "error_message": "Too Many Requests"}
QUOTA = {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
QUEUE = [{"error_message": "You exceeded 1,000 queued activities for this user account."}]


def at_noon(acme: Acme) -> None:
    """In a day's first minutes its limit can't be spent: a test at midnight would see that."""
    now = dt.datetime.now(dt.UTC)
    acme.installation.later((36 * 60 - now.hour * 60 - now.minute) % (24 * 60))


def slowed(acme: Acme) -> bool:
    rows = acme.installation.sql("SELECT slowed_until > reconciler.clock() FROM reconciler.api_budgets")
    return bool(rows[0][0])


@pytest.mark.parametrize("operation", ["getList", IMPORT])
@pytest.mark.parametrize("body", [THROTTLED, [THROTTLED]])
def test_too_many_a_second_slows_down_and_tries_again(acme: Acme, operation: str, body: object) -> None:
    acme.api.door.fault(fault="status", status=429, operation=operation, times=2, body=body)
    assert not slowed(acme)

    acme.arrives()
    assert slowed(acme)


def test_too_many_a_second_for_ever_ends_the_run_after_few_calls(acme: Acme) -> None:
    acme.api.door.fault(fault="status", status=429, operation="*", times=8, body=THROTTLED)
    ended = acme.run()

    assert ended.brief == (1, "failed", "throttled")
    assert ended.report["api"]["calls"] == 8
    acme.arrives()


def test_an_import_that_is_throttled_for_ever_was_not_sent(acme: Acme) -> None:
    acme.api.door.fault(fault="status", status=429, operation=IMPORT, times=8, body=THROTTLED)
    ended = acme.run()

    assert ended.brief == (1, "failed", "throttled")
    assert (ended.report["counts"]["deferred"], acme.in_flight()) == (1, 0)
    acme.arrives()


@pytest.mark.parametrize("body", [QUOTA, [QUOTA]])
def test_the_day_s_limit_stops_all_runs_of_the_key_until_midnight(acme: Acme, body: object) -> None:
    at_noon(acme)
    installation = acme.installation
    assert installation.connect("other", "--workspace", "acme").code == 0
    acme.api.door.fault(fault="status", status=429, operation=IMPORT, body=body)
    ended = acme.run()

    assert ended.brief == (6, "quota", "quota")
    assert (ended.report["counts"]["deferred"], ended.report["api"]["left_today"]) == (1, 0)
    calls = acme.api.calls()
    for hours in (0, 6, 5.9):
        installation.later(hours * 60)
        assert acme.run().brief == (6, "quota", "quota")
        assert installation.say("run", "other", "--json").json["state"] == "quota"
        assert installation.say("run", "--all").code == 0
        assert "0 calls left today" in installation.say("status", "acme").out
    assert acme.api.calls() == calls
    installation.later(15)
    ended = acme.run()
    assert ended.state == "completed"
    acme.is_there()


def test_the_day_s_limit_in_a_day_s_first_minutes_is_that_of_the_day_before(acme: Acme) -> None:
    """Its clock and ours differ by a little: the whole new day is not given away for that."""
    now = dt.datetime.now(dt.UTC)
    acme.installation.later(24 * 60 - now.hour * 60 - now.minute + 1)
    acme.api.door.fault(fault="status", status=429, operation="getList", body=QUOTA)

    assert acme.run().brief == (6, "quota", "quota")
    acme_again: Ended = acme.run()
    assert acme_again.state == "completed"


def test_a_day_that_ends_there_some_hours_after_midnight_utc_is_asked_for_once_and_waited_for(acme: Acme) -> None:
    """Whichever zone it is, theirs ends before the next day of ours begins."""
    at_noon(acme)
    acme.api.door.fault(fault="status", status=429, operation="*", times=2, body=QUOTA)
    assert acme.run().brief == (6, "quota", "quota")
    acme.installation.later(12.5 * 60)
    calls = acme.api.calls()

    for hours in (0, 1, 12, 10):
        acme.installation.later(hours * 60)
        assert acme.run().brief == (6, "quota", "quota")

    assert acme.api.calls() == calls + 1
    acme.installation.later(60)
    acme.arrives()


def test_a_day_spent_while_looking_leaves_the_batch_to_the_next_day(acme: Acme) -> None:
    at_noon(acme)
    acme.api.door.fault(fault="status", status=429, operation="getActivity", body=QUOTA)
    ended = acme.run()

    assert ended.brief == (6, "quota", "quota")
    assert (ended.report["counts"]["in_doubt"], acme.in_flight()) == (1, 1)
    calls = acme.api.calls()
    assert acme.run().code == 6
    assert acme.api.calls() == calls
    acme.installation.later(12.5 * 60)
    assert acme.run().state == "completed"
    acme.is_there()


def test_a_queue_that_is_full_is_waited_for_once(acme: Acme) -> None:
    acme.installation.say("set", "acme", "poll_most_seconds=0.02")
    acme.api.door.fault(fault="status", status=429, operation=IMPORT, body=QUEUE)

    acme.arrives()
    assert not slowed(acme)


def test_a_queue_that_fills_up_between_two_imports_is_settled_first(acme: Acme) -> None:
    acme.installation.say("set", "acme", "batch_contacts=1")
    acme.installation.add("eve@example.com")
    acme.api.door.fault(fault="status", status=429, operation=IMPORT, body=QUEUE, skip=1)
    ended = acme.run()

    assert (ended.state, ended.report["counts"]["added"]) == ("completed", 2)
    history = acme.api.door.state(contacts=False, history=100)["history"]
    asked = [entry["operation"] for entry in history if entry["operation"] in (IMPORT, "getActivity")][-5:]
    assert asked == [IMPORT, IMPORT, "getActivity", IMPORT, "getActivity"]


def test_a_queue_that_stays_full_leaves_the_rest_to_the_next_run(acme: Acme) -> None:
    acme.installation.say("set", "acme", "poll_most_seconds=0.02")
    acme.api.door.fault(fault="status", status=429, operation=IMPORT, body=QUEUE, times=2)
    ended = acme.run()

    assert ended.brief == (1, "failed", "queue_full")
    assert (ended.report["counts"]["deferred"], acme.in_flight()) == (1, 0)
    assert not slowed(acme)
    acme.arrives()


@pytest.mark.parametrize(
    "fault",
    [{"operation": "postContactsExport", "status": 429, "body": QUEUE}, {"operation": "getActivity", "status": 404}],
)
def test_an_export_that_can_t_be_had_is_done_by_pages(acme: Acme, fault: dict[str, object]) -> None:
    """Five people to add, and a list of over six pages: its members would be read by an export."""
    acme.installation.say("set", "acme", "guard_least=10000")  # so many at once are meant
    _add_many(acme, "p", 3100)
    assert acme.run().state == "completed"
    _add_many(acme, "q", 5)
    acme.api.door.fault(fault="status", **fault)
    ended = acme.run()

    assert (ended.state, ended.report["counts"]["added"]) == ("completed", 5)
    assert ended.report["api"]["by_operation"]["postContactsExport"] == 1
    assert ended.report["api"]["by_operation"]["getContacts"] > 6


def _add_many(acme: Acme, name: str, count: int) -> None:
    acme.installation.sql(
        "INSERT INTO contacts (workspace, email)"
        " SELECT 'acme', %s || n || '@example.com' FROM generate_series(1, %s) AS n",
        name,
        count,
    )
