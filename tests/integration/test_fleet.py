"""Workers, as processes of their own: every due connection is run by one of them, whatever becomes of the others."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from reconciler import fleet
from reconciler.bootstrap import Process
from reconciler.ledger.schedules import Room
from reconciler.secret import Secret
from reconciler.settings import Settings
from tests.crowd import Crowd, until, worker
from tests.faults.test_pooler import pooled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

#: Their simulator holds many accounts at one address: the conformance proxy would see none of it.
PEOPLE = 3
pytestmark = [pytest.mark.http, pytest.mark.off_contract]


@pytest.fixture
def crowd(lonely: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    with Crowd(lonely.url, accounts=12, people=PEOPLE) as crowd:
        monkeypatch.setenv("RECONCILER_API_URL", f"{crowd.address}/v3")
        crowd.settle(
            os.environ, lease_seconds=4, lease_renew_seconds=1, import_request_seconds=3, settle_poll_seconds=0
        )
        yield crowd


def runs(crowd: Crowd) -> list[int]:
    """How many runs each connection has had by the schedule."""
    found = crowd.sql(
        "SELECT count(r.run_id) FROM reconciler.connections AS c"
        " LEFT JOIN reconciler.runs AS r ON r.connection_id = c.connection_id AND r.trigger = 'schedule'"
        " GROUP BY c.connection_id"
    )
    return [count for (count,) in found]


def queued(crowd: Crowd) -> int:
    return int(crowd.sql("SELECT count(*) FROM reconciler_queue.procrastinate_jobs")[0][0])


def is_in_step(crowd: Crowd) -> bool:
    return all(crowd.members(name) == PEOPLE for name in crowd.names)


def test_two_workers_bring_every_connection_in_step_each_once(crowd: Crowd, lonely: Installation) -> None:
    with worker("--every", "1h") as one, worker("--every", "1h") as other:
        until(lambda: is_in_step(crowd) and queued(crowd) == 0)
        standing = lonely.say("status", "--fleet", "--json").json
        shown = lonely.say("status", "--fleet").out

        for each in (one, other):
            each.send_signal(signal.SIGTERM)
        assert [each.wait(20) for each in (one, other)] == [0, 0]

    assert len(standing["workers"]) == 2
    assert (standing["schedules"]["connections"], standing["schedules"]["due"]) == (12, 0)
    assert "Connections  12, 0 due" in shown
    assert runs(crowd) == [1] * 12
    assert crowd.sql("SELECT count(*) FROM reconciler_queue.procrastinate_workers") == [(0,)]


def test_what_a_killed_worker_had_under_way_another_one_does(crowd: Crowd) -> None:
    with worker("--every", "1h") as killed:
        until(lambda: crowd.sql("SELECT count(*) FROM reconciler.runs WHERE trigger = 'schedule'") > [(0,)])
        killed.kill()
    assert queued(crowd) > 0

    with worker("--every", "1h", "--at-once", "8"):
        until(lambda: is_in_step(crowd) and queued(crowd) == 0, 60)

    assert crowd.sql("SELECT count(*) FROM reconciler.runs WHERE state IS NULL") == [(0,)]
    assert crowd.doubled == 0


def test_a_worker_that_stood_still_is_replaced_and_goes_on_as_a_new_one(
    crowd: Crowd, capfd: pytest.CaptureFixture[str]
) -> None:
    with worker("--every", "10s") as still, worker("--every", "10s"):
        # Both: one that is only about to come would be taken for the one that is left.
        until(lambda: crowd.sql("SELECT count(*) FROM reconciler_queue.procrastinate_workers") == [(2,)])
        until(lambda: max(runs(crowd)) > 0)
        still.send_signal(signal.SIGSTOP)
        until(lambda: crowd.sql("SELECT count(*) FROM reconciler_queue.procrastinate_workers") == [(1,)])
        until(lambda: is_in_step(crowd), 60)

        still.send_signal(signal.SIGCONT)

        until(lambda: crowd.sql("SELECT count(*) FROM reconciler_queue.procrastinate_workers") == [(2,)])
        still.send_signal(signal.SIGTERM)
        assert still.wait(20) == 0
    assert crowd.doubled == 0
    said = capfd.readouterr().err
    assert "taken for dead: it goes on as a new one" in said
    assert "Traceback" not in said


def test_of_one_api_key_only_so_many_go_on_at_once_and_the_others_are_not_kept_waiting(crowd: Crowd) -> None:
    crowd.sql("UPDATE reconciler.accounts SET key_fingerprint = 'one key' WHERE account_id <= 10")

    claimed = claim(crowd)

    assert sorted(claimed) == ["w0", "w1", "w10", "w11"]


def test_who_has_little_to_do_goes_before_who_has_much_unless_that_one_waits_long(crowd: Crowd) -> None:
    crowd.sql("UPDATE reconciler.accounts SET key_fingerprint = 'one key'")
    crowd.sql("UPDATE reconciler.connections SET waiting = 1000 WHERE name IN ('w0', 'w1')")
    crowd.sql("UPDATE reconciler.schedules SET due_at = reconciler.clock()")
    crowd.sql(
        "UPDATE reconciler.schedules AS s SET due_at = s.due_at - interval '2 minutes'"
        " FROM reconciler.connections AS c WHERE c.connection_id = s.connection_id AND c.name = 'w1'"
    )

    assert sorted(claim(crowd)) == ["w1", "w2"]


def test_a_paused_connection_is_passed_over_and_is_due_once_it_is_resumed(crowd: Crowd, lonely: Installation) -> None:
    lonely.say("pause", "w3")
    assert "w3" not in claim(crowd)

    lonely.say("resume", "w3")

    assert claim(crowd) == ["w3"]


def test_what_is_not_over_is_not_claimed_again(crowd: Crowd) -> None:
    assert len(claim(crowd)) == len(crowd.names)
    crowd.sql("UPDATE reconciler.schedules SET due_at = reconciler.clock()")

    assert claim(crowd) == []


def claim(crowd: Crowd) -> list[str]:
    """Claim and queue as a worker does."""
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger:
        manner = fleet.Manner(4, 300, Room(100, 2, 100), fleet.Place(Secret("")))
        before = {name for (name,) in crowd.sql("SELECT args ->> 'name' FROM reconciler_queue.procrastinate_jobs")}
        fleet.Fleet(ledger, manner, fleet.Doing(lambda _: True))._claim()
    found = crowd.sql("SELECT args ->> 'name' FROM reconciler_queue.procrastinate_jobs")
    return sorted(name for (name,) in found if name not in before)


def test_a_worker_without_its_queue_says_what_to_do(crowd: Crowd, lonely: Installation) -> None:
    elsewhere = lonely.url.replace(lonely.url.rpartition("/")[2].partition("?")[0], "postgres")
    lonely._monkeypatch.setenv("RECONCILER_QUEUE_URL", elsewhere)
    said = lonely.say("worker")
    assert said.code == 2
    assert "another database than the ledger's" in said.err
    lonely._monkeypatch.delenv("RECONCILER_QUEUE_URL")
    said = lonely.say("worker", "--poll")
    assert "ALTER ROLE" in said.err
    crowd.sql("DROP SCHEMA reconciler_queue CASCADE")
    for words in (("worker",), ("status", "--fleet")):
        said = lonely.say(*words)
        assert said.code == 2
        assert "reconciler schema apply" in said.err


def test_the_queue_s_tables_are_made_once_and_its_own_migrations_are_followed(lonely: Installation) -> None:
    assert "the queue" in lonely.say("schema", "apply").err
    assert "nothing" in lonely.say("schema", "apply").err
    lonely.sql("DELETE FROM reconciler_queue.applied WHERE name ~ '^03.04.*post'")
    assert "03.04.00_50_post_add_retry_failed_job_procedure" in lonely.say("schema", "apply").err


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="NOT TESTED: there is no pgbouncer here")
def test_workers_behind_a_pooler_look_instead_of_listening(crowd: Crowd) -> None:
    database = conninfo_to_dict(crowd.url)["dbname"]
    crowd.sql(f'ALTER ROLE sage IN DATABASE {database} SET search_path TO reconciler_queue, "$user", public')
    crowd.sql("UPDATE reconciler.connections SET home = NULL")  # as if they had been connected through the pooler
    with pooled(crowd.url) as url:
        environ = {**os.environ, "RECONCILER_DATABASE_URL": url, "RECONCILER_CRM_URL": crowd.url}
        with worker("--every", "1h", "--poll", environ=environ) as one:
            until(lambda: is_in_step(crowd) and queued(crowd) == 0, 60)
            one.send_signal(signal.SIGTERM)
            assert one.wait(20) == 0

    assert runs(crowd) == [1] * 12
