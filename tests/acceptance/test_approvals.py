"""What is held because the CRM has far fewer contacts waits for a word: `approve`, or `decline`."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.request import Request
from reconciler.settings import Settings
from tests.refusals import assert_refused
from tests.shrinking import NOBODY, PEOPLE, at_most, everything, held_run, is_held, run_ids, show, ten_people

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.fixture
def acme(installation: Installation) -> Installation:
    return ten_people(installation)


def audited(acme: Installation) -> list[tuple[Any, ...]]:
    return acme.sql(
        "SELECT action, connection, starts_with(actor, 'cli:'), details ->> 'run_id', details ->> 'reason'"
        " FROM reconciler.audit WHERE action IN ('approve', 'decline') ORDER BY at"
    )


def test_an_approval_runs_at_once_and_is_audited(acme: Installation) -> None:
    show(acme, f"SELECT contact_id, email, 'Ada' AS first_name FROM ({at_most(4)}) AS p")
    number = held_run(acme)

    said = acme.say("approve", str(number), "--json")

    report = said.json
    assert (said.code, report["state"], report["trigger"]) == (0, "completed", "approve")
    assert (report["counts"]["read"], report["counts"]["updated"]) == (4, 4)
    assert report["standing"]["list"]["still_on_list"] == 6
    assert len(acme.api.members()) == 10
    assert audited(acme) == [("approve", "acme", True, str(number), "source_shrunk")]
    assert not is_held(acme)


def test_an_approval_exits_as_a_run_does(acme: Installation) -> None:
    show(acme, f"SELECT contact_id, 'nonsense'::text AS email, first_name FROM ({at_most(4)}) AS p")
    number = held_run(acme)

    said = acme.say("approve", str(number), "--json")

    assert (said.code, said.json["state"]) == (3, "completed_with_problems")


def test_an_approval_for_later_leaves_it_to_the_next_run(acme: Installation) -> None:
    show(acme, at_most(4))
    number, calls = held_run(acme), acme.api.calls()

    said = acme.say("approve", str(number), "--later")

    assert (said.code, said.out) == (0, "")
    assert said.err == "acme: approved for 24 hours: 4 contacts, after 10.\n"
    assert acme.api.calls() == calls
    assert is_held(acme)
    acme.say("run", "--all")
    assert not is_held(acme)
    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(4,)]


def test_an_approval_counts_for_a_day(acme: Installation) -> None:
    show(acme, at_most(4))
    number = held_run(acme)
    acme.say("approve", str(number), "--later")
    acme.later(24 * 60 + 1)

    assert acme.run()["reason"] == "source_shrunk"
    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(10,)]


def test_an_approval_covers_no_second_shrinking(acme: Installation) -> None:
    show(acme, at_most(4))
    number = held_run(acme)
    show(acme, at_most(1))

    said = acme.say("approve", str(number), "--json")

    assert (said.code, said.json["reason"]) == (4, "source_shrunk")
    for _ in range(2):
        acme.say("run", "--all")
    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(10,)]
    assert acme.say("approve", str(said.json["run_id"]), "--json").code == 0
    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(1,)]
    assert [row[0] for row in audited(acme)] == ["approve", "approve"]


def test_an_approved_hold_does_not_cover_the_next_one(acme: Installation) -> None:
    show(acme, at_most(4))
    acme.say("approve", str(held_run(acme)))
    show(acme, at_most(1))

    assert held_run(acme)


def test_a_declined_hold_stays_held_and_is_audited(acme: Installation) -> None:
    show(acme, at_most(4))
    number = held_run(acme)
    before = everything(acme)

    said = acme.say("decline", str(number))

    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("acme: declined.")
    acme.say("run", "--all")
    assert held_run(acme) > number
    assert everything(acme) == before
    assert audited(acme) == [("decline", "acme", True, str(number), "source_shrunk")]
    show(acme, PEOPLE)
    assert acme.run()["state"] == "nothing_to_do"
    assert not is_held(acme)


def test_what_is_said_twice_is_one_row_of_the_audit(acme: Installation) -> None:
    show(acme, at_most(4))
    number = str(held_run(acme))

    for words in (("decline", number), ("decline", number), ("approve", number, "--later")):
        assert acme.say(*words).code == 0
    assert acme.say("approve", number, "--later").code == 0

    assert [row[0] for row in audited(acme)] == ["decline", "approve"]


def refused(acme: Installation, number: str, *words: str) -> None:
    before = acme.api.calls()
    for verb in ("approve", "decline"):
        assert_refused(acme.say(verb, number), 2, *words)
    assert acme.api.calls() == before
    assert audited(acme) == []


@pytest.mark.parametrize("number", ["999999", "0", "one", "1" * 40])
def test_an_unknown_run_can_not_be_answered(acme: Installation, number: str) -> None:
    refused(acme, number, "reconciler runs")


def test_a_run_that_is_not_held_can_not_be_answered(acme: Installation) -> None:
    refused(acme, str(run_ids(acme)[-1]), "is held now", "`reconciler status acme`")


def test_a_hold_that_has_lifted_can_not_be_answered(acme: Installation) -> None:
    show(acme, NOBODY)
    number = held_run(acme)
    show(acme, PEOPLE)
    acme.run()

    refused(acme, str(number), f"nothing of run {number} is held now")


def test_a_run_before_the_hold_can_not_be_answered(acme: Installation) -> None:
    earlier = run_ids(acme)[-1]
    show(acme, NOBODY)
    held_run(acme)

    refused(acme, str(earlier), f"nothing of run {earlier} is held now")


def test_an_approval_covers_what_its_report_said_and_not_what_ticks_have_met_since(acme: Installation) -> None:
    show(acme, at_most(4))
    number = held_run(acme)
    show(acme, NOBODY)
    acme.say("run", "--all")

    said = acme.say("approve", str(number), "--json")

    assert "4 contacts, after 10" in said.err
    assert (said.code, said.json["reason"]) == (4, "source_shrunk")
    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(10,)]


def test_a_run_whose_numbers_are_no_longer_those_that_hold_can_not_be_approved(acme: Installation) -> None:
    show(acme, at_most(4))
    number = held_run(acme)
    show(acme, NOBODY)
    newer = held_run(acme)

    assert_refused(acme.say("approve", str(number)), 2, f"nothing of run {number} is held now", f"run {newer}")

    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(10,)]
    assert "0 contacts, after 10" in acme.say("approve", str(newer)).err


def test_an_approval_whose_own_run_met_fewer_is_no_approval_of_those(acme: Installation) -> None:
    show(acme, at_most(4))
    number = held_run(acme)
    show(acme, NOBODY)

    assert acme.say("approve", str(number)).code == 4
    assert acme.say("approve", str(number)).code == 2

    assert acme.sql("SELECT count(*) FROM reconciler.contacts WHERE gone_at IS NULL") == [(10,)]


def test_an_approval_that_has_expired_can_be_given_again(acme: Installation) -> None:
    show(acme, at_most(4))
    number = str(held_run(acme))
    acme.say("approve", number, "--later")
    acme.later(24 * 60 + 1)

    assert acme.say("approve", number, "--json").code == 0


def test_an_approval_for_later_outlasts_another_hold_in_between(acme: Installation) -> None:
    show(acme, at_most(4))
    acme.say("approve", str(held_run(acme)), "--later")
    acme.sql("ALTER VIEW people RENAME TO hidden")
    assert acme.say("run", "acme", "--json").json["reason"] == "statement"
    acme.sql("ALTER VIEW hidden RENAME TO people")

    assert acme.run()["counts"]["read"] == 4

    show(acme, PEOPLE)
    acme.run()
    show(acme, at_most(4))
    held_run(acme)


def test_a_later_no_outlasts_an_earlier_yes(acme: Installation) -> None:
    show(acme, at_most(4))
    acme.say("approve", str(held_run(acme)), "--later")
    acme.sql("ALTER VIEW people RENAME TO hidden")
    acme.say("run", "acme")
    acme.sql("ALTER VIEW hidden RENAME TO people")
    show(acme, at_most(1))
    acme.say("decline", str(held_run(acme)))

    show(acme, at_most(4))

    held_run(acme)


def test_resuming_while_a_held_tick_goes_on_is_not_undone_by_it(acme: Installation) -> None:
    show(acme, at_most(4))
    held_run(acme)
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger:
        parts = here.parts(ledger, lambda words: _resume(acme) if words == "reading the CRM" else None)
        reconcile.run(parts, "acme", Request("schedule", is_tick=True))

    assert acme.sql("SELECT held_at FROM reconciler.connections") == [(None,)]


def _resume(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.holds SET lifted_at = reconciler.clock() WHERE lifted_at IS NULL")
    acme.sql("UPDATE reconciler.connections SET held_at = NULL, held_reason = NULL, held_run_id = NULL")
