"""Seen, not said: a change counts when the member shows it, and an unknown outcome is settled by looking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def _state(report: dict[str, object]) -> tuple[object, ...]:
    counts = report["counts"]
    assert isinstance(counts, dict)
    return (report["state"], counts["added"], counts["updated"], counts["in_doubt"])


def _one(installation: Installation, **columns: object) -> str:
    contact = installation.add("ada@example.com", **{"first_name": "Ada", **columns})
    assert installation.connect().code == 0
    return contact


def test_what_the_index_does_not_show_yet_is_in_doubt_and_verified_later(installation: Installation) -> None:
    door = installation.api.door
    door.switch(index_lag_seconds=3600)
    _one(installation)

    first, second = installation.run(), installation.run()

    assert _state(first) == _state(second) == ("completed_with_problems", 0, 0, 1)
    door.advance(3700)
    assert _state(installation.run()) == ("completed", 1, 0, 0)
    assert installation.run()["api"]["calls"] == 0
    assert installation.api.imported() == ["ada@example.com"]


def test_a_batch_is_looked_at_in_portions_and_settled_with_its_last_contact(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.ledger.batches._PORTION", 2)
    door = installation.api.door
    door.switch(index_lag_seconds=3600)
    for who in ("bob", "cleo", "dora", "emil"):
        installation.add(f"{who}@example.com")
    _one(installation)
    batch = "SELECT state, count(*) FILTER (WHERE NOT settled) FROM reconciler.batches JOIN reconciler.batch_contacts"
    batch += " USING (batch_id) GROUP BY 1"

    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 5)
    assert installation.sql(batch) == [("submitted", 5)]
    door.advance(3700)
    assert _state(installation.run()) == ("completed", 5, 0, 0)
    assert installation.sql(batch) == [("settled", 0)]


def test_an_update_is_seen_by_id_however_the_index_lags(installation: Installation) -> None:
    ada = _one(installation)
    installation.run()
    installation.api.door.switch(index_lag_seconds=3600)
    installation.change(ada, first_name="Augusta")

    assert _state(installation.run()) == ("completed", 0, 1, 0)


def test_values_shown_in_another_form_do_not_ping_pong(installation: Installation) -> None:
    installation.api.door.switch(phone_format="us_dashes", fold_names=True, trim=True)
    ada = _one(installation, first_name="ada  MARIA", last_name="McLove", phone="(555) 010-0123", city="  London ")

    first = installation.run()

    assert _state(first) == ("completed", 1, 0, 0)
    assert (ada, "add", "first_name", "verified", "shown_differently") in installation.rows(first["run_id"])
    assert installation.run()["api"]["calls"] == 0
    full = installation.run("acme", "--full")
    assert (full["counts"]["unchanged"], full["drift"]["members"]) == (1, 0)
    assert installation.api.imported() == ["ada@example.com"]
    installation.change(ada, last_name="Lovelace")
    assert installation.rows(installation.run()["run_id"]) == [(ada, "update", "last_name", "verified", "")]


def test_a_field_that_neither_an_import_nor_a_single_write_takes_is_refused_and_the_person_goes(
    installation: Installation,
) -> None:
    installation.api.door.switch(international_phones="ignored")
    words = [{"error_key": "contacts.api.validation.error", "error_message": "phone_number is not valid."}]
    installation.api.door.fault(fault="status", operation="putContact", status=400, body=words)
    ada = _one(installation, phone="+49 30 901820")

    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    installation.later(16)
    report = installation.run()

    rows = installation.rows(report["run_id"])
    assert (ada, "add", "phone", "verified", "not_taken_yet") in rows
    assert (ada, "update", "phone", "verified", "field_refused") in rows
    assert report["field_refused"] == 1
    assert installation.run()["api"]["calls"] == 0
    assert installation.run("acme", "--full")["counts"]["unchanged"] == 1
    assert installation.api.imported() == ["ada@example.com"]
    installation.change(ada, phone="+49 30 901821")
    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)


@pytest.mark.parametrize("end", ["failed", "cancelled", "timed_out"])
def test_an_import_that_fails_is_sent_again_once_nothing_can_come_of_it(installation: Installation, end: str) -> None:
    _one(installation)
    installation.api.door.switch(activity_end=end)

    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    installation.api.door.switch(activity_end="completed")
    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    assert installation.api.imported() == ["ada@example.com"]
    installation.later(16)
    assert _state(installation.run()) == ("completed", 1, 0, 0)
    assert installation.api.imported() == ["ada@example.com"] * 2


def test_an_import_that_does_not_end_is_left_to_the_next_run(installation: Installation) -> None:
    ada = _one(installation)
    installation.say("set", "acme", "poll_patience_seconds=0")
    installation.api.door.switch(activity_seconds=60)

    report = installation.run()

    assert _state(report) == ("completed_with_problems", 0, 0, 1)
    assert (ada, "add", "first_name", "in_doubt", "still_running") in installation.rows(report["run_id"])
    installation.change(ada, first_name="Augusta")
    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    installation.api.door.advance(61)
    installation.api.door.switch(activity_seconds=0)
    assert installation.run()["counts"]["added"] == 1
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"
    assert installation.api.imported() == ["ada@example.com"] * 2


def test_a_lost_answer_is_looked_for_and_never_sent_again_blindly(installation: Installation) -> None:
    ada = _one(installation)
    installation.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")

    first, second = installation.run(), installation.run()

    assert _state(first) == _state(second) == ("completed_with_problems", 0, 0, 1)
    assert (ada, "add", "first_name", "in_doubt", "unanswered") in installation.rows(first["run_id"])
    installation.later(10)
    assert _state(installation.run()) == ("completed", 1, 0, 0)
    assert installation.run()["api"]["calls"] == 0
    assert installation.api.imported() == ["ada@example.com"]


def test_old_imports_that_the_account_no_longer_lists_are_settled(installation: Installation) -> None:
    """Activities are kept for ten days, and a token may be missing for longer."""
    _one(installation)
    installation.add("bob@example.com")
    door = installation.api.door
    door.switch(activity_seconds=3600)
    assert installation.say("set", "acme", "batch_contacts=1", "poll_patience_seconds=0.2").code == 0
    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 2)
    installation.sql("UPDATE reconciler.batches SET activity_id = gen_random_uuid()")
    door.advance(3700)

    assert _state(installation.run()) == ("completed", 2, 0, 0)


def test_an_import_that_never_arrived_is_sent_again_after_the_grace_time(installation: Installation) -> None:
    _one(installation)
    installation.api.door.fault(fault="drop_before", operation="bulkImportContactsJSON")

    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    assert installation.api.members() == {}
    installation.later(10)
    assert _state(installation.run()) == ("completed", 1, 0, 0)
    assert set(installation.api.members()) == {"ada@example.com"}


def test_a_stranger_s_import_is_waited_for_before_ours_is_said_never_to_have_arrived(
    installation: Installation,
) -> None:
    _one(installation)
    door = installation.api.door
    door.switch(activity_seconds=3600)
    door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    installation.run()
    installation.later(10)

    assert _state(installation.run()) == ("completed_with_problems", 0, 0, 1)
    door.advance(3700)
    assert _state(installation.run()) == ("completed", 1, 0, 0)
    assert installation.api.imported() == ["ada@example.com"]


def test_many_who_only_join_the_list_are_all_seen(installation: Installation) -> None:
    """An import that changes nothing but the list is not in the delta, and singles are few."""
    for number in range(8):
        installation.api.door.contact(action="create", email=f"p{number}@example.com", fields={"first_name": "Ada"})
        installation.add(f"p{number}@example.com", first_name="Ada")
    installation.connect()
    installation.say("set", "acme", "read_back_singles=2")

    assert _state(installation.run()) == ("completed", 8, 0, 0)


def test_a_change_while_the_import_runs_is_not_lost(installation: Installation) -> None:
    ada = _one(installation)

    def change(words: str) -> None:
        if words.startswith("sending"):
            installation.change(ada, first_name="Augusta")

    assert installation.run_telling(change)["counts"]["added"] == 1
    assert installation.run()["counts"]["updated"] == 1
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"


@pytest.mark.broken_answer
def test_an_answer_that_names_no_activity_is_no_answer(installation: Installation) -> None:
    _one(installation)
    installation.api.door.fault(fault="body", operation="bulkImportContactsJSON", status=201, body={"activity_id": 5})

    first = installation.run()
    installation.later(10)

    assert first["counts"]["in_doubt"] == 1
    assert installation.run()["counts"]["added"] == 1
