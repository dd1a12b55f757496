"""Faults 15 and 16: a refused import is one contact's fault or the mapping's; who is refused can be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.faults.conftest import Acme
    from tests.faults.gate import Gate, Handler

pytestmark = [pytest.mark.http, pytest.mark.broken_answer]
POST_IMPORT = "POST /v3/activities/contacts_json_import"
QUEUE = b'[{"error_key": "activities.queue", "error_message": "the activity queue is full"}]'
WORDS = b'[{"error_key": "contacts.api.validation.error", "error_message": "the name is not one"}]'


def refuse(gate: Gate, addresses: Collection[str], full_at: int | None = None) -> None:
    """Refuse every import with one of these in it, as long as there are any. Once the queue may be full."""

    def answer(handler: Handler) -> None:
        if imports(gate) == full_at:
            handler.say(429, QUEUE)
        elif any(address.encode() in handler.body for address in addresses):
            handler.say(400, WORDS)
        else:
            handler.hand_on()

    gate.instead(POST_IMPORT, answer)


def many(acme: Acme, count: int) -> list[str]:
    """By ids in this order, which is the one of a plan. So many at once are meant."""
    acme.installation.say("set", "acme", "guard_least=1000")
    acme.installation.sql(
        "INSERT INTO contacts (id, workspace, email, first_name)"
        " SELECT CAST('00000000-0000-4000-8000-' || lpad(CAST(n AS text), 12, '0') AS uuid), 'acme',"
        " 'new' || n || '@example.com', 'New' FROM generate_series(1, %s) AS n",
        count,
    )
    return [f"new{number}@example.com" for number in range(1, count + 1)]


def imports(gate: Gate) -> int:
    return sum(path.endswith("contacts_json_import") for _, path in gate.seen)


def test_one_bad_contact_is_rejected_and_all_others_go_in_the_same_run(acme: Acme, gate: Gate) -> None:
    people = many(acme, 500)
    bad = {people[76]}
    refuse(gate, bad)

    report = acme.installation.run()

    assert report["state"] == "completed_with_problems"
    assert (report["counts"]["added"], report["counts"]["rejected"]) == (500, 1)  # Bob was waiting, too
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert [problem["code"] for problem in report["problems"]] == ["refused_in_import"]
    assert imports(gate) <= 20
    (refused,) = acme.installation.say("rejects", "acme", "--unmasked", "--json").json
    assert (refused["email"], refused["tries"], refused["again_at"]) == (people[76], 1, None)
    assert "the name is not one" in refused["message"]


def test_who_is_rejected_does_not_stand_in_the_way_of_the_next_run(acme: Acme, gate: Gate) -> None:
    people = many(acme, 20)
    refuse(gate, {people[3], people[17]})
    acme.installation.run()
    calls = imports(gate)

    acme.installation.add("later@example.com")
    report = acme.installation.run()

    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert imports(gate) == calls + 1


def test_what_is_refused_for_all_is_the_mapping_and_nobody_is_rejected(acme: Acme, gate: Gate) -> None:
    people = [*many(acme, 500), "bob@example.com"]
    refuse(gate, people)

    ended = acme.run()

    assert ended.brief == (4, "held", "batch_refused")
    assert imports(gate) <= 25
    assert ended.report["counts"]["rejected"] == 0
    assert ended.report["balanced"]["contacts"]
    assert acme.installation.say("rejects", "acme").out == "Nobody is refused.\n"
    acme.go_straight()
    assert acme.installation.run()["counts"]["added"] == 501


def test_with_more_bad_contacts_than_calls_the_next_run_goes_on_looking(acme: Acme, gate: Gate) -> None:
    people = many(acme, 400)
    bad = set(people[::40])
    refuse(gate, bad)

    first = acme.installation.run()

    assert first["api"]["by_operation"]["bulkImportContactsJSON"] <= 41
    assert first["counts"]["deferred"] > 0
    assert first["balanced"]["contacts"]
    later = [acme.installation.run() for _ in range(6)]
    assert later[-1]["state"] == "nothing_to_do"
    assert set(acme.api.members()) == {"ada@example.com", "bob@example.com", *people} - bad
    assert len(acme.installation.say("rejects", "acme", "--json").json) == len(bad)


def test_a_search_that_was_spent_in_one_batch_lets_the_good_ones_go_and_never_takes_a_later_one_for_the_mapping(
    acme: Acme, gate: Gate
) -> None:
    """Each batch of a hundred has bad contacts but the last one, which has none."""
    people = many(acme, 399)
    acme.installation.say("set", "acme", "batch_contacts=100")
    bad = set(people[:300:20])
    refuse(gate, bad)

    first = acme.installation.run()

    assert first["state"] == "completed_with_problems"
    assert (first["counts"]["added"] >= len(people) - 300, first["counts"]["deferred"] > 0) == (True, True)
    assert first["api"]["by_operation"]["bulkImportContactsJSON"] <= 40 + 4  # each batch once, and the search
    assert first["balanced"]["contacts"]
    later = [acme.installation.run() for _ in range(5)]
    assert [report["state"] for report in later if report["state"] == "held"] == []
    assert set(acme.api.members()) == {"ada@example.com", "bob@example.com", *people} - bad
    assert len(acme.installation.say("rejects", "acme", "--json").json) == len(bad)


def test_a_first_batch_that_is_all_bad_does_not_stand_for_the_others(acme: Acme, gate: Gate) -> None:
    people = many(acme, 399)
    acme.installation.say("set", "acme", "batch_contacts=100")
    bad = set(people[:100])
    refuse(gate, bad)

    report = acme.installation.run()

    assert report["state"] == "completed_with_problems"
    assert report["counts"]["added"] == 300  # and Bob
    assert (report["counts"]["rejected"] >= 5, report["counts"]["rejected"] + report["counts"]["deferred"]) == (
        True,
        100,
    )
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert imports(gate) <= 40 + 4


def test_with_very_few_calls_every_run_gets_on(acme: Acme, gate: Gate) -> None:
    people = many(acme, 60)
    acme.installation.say("set", "acme", "halving_calls=8")
    bad = set(people[::15])
    refuse(gate, bad)

    reports = [acme.installation.run() for _ in range(6)]

    assert [report["state"] for report in reports if report["state"] == "held"] == []
    assert set(acme.api.members()) >= set(people) - bad
    assert all(report["balanced"]["contacts"] for report in reports)


def test_five_batches_of_which_nobody_is_taken_end_the_run(acme: Acme, gate: Gate) -> None:
    people = [*many(acme, 400), "bob@example.com"]
    acme.installation.say("set", "acme", "batch_contacts=50")
    refuse(gate, people)

    ended = acme.run()

    assert ended.brief == (4, "held", "batch_refused")
    assert (ended.report["counts"]["rejected"], ended.report["counts"]["deferred"]) == (0, 401)
    assert ended.report["balanced"]["contacts"]
    assert imports(gate) <= 5 + 25


def test_waiting_for_a_full_queue_gives_the_search_no_more_calls(acme: Acme, gate: Gate) -> None:
    people = many(acme, 199)
    acme.installation.say("set", "acme", "batch_contacts=100")
    acme.installation.say("set", "acme", "halving_calls=12", "poll_most_seconds=0.02")
    refuse(gate, set(people[::10]), full_at=8)

    report = acme.installation.run()

    assert report["state"] == "completed_with_problems"
    assert report["api"]["by_operation"]["bulkImportContactsJSON"] <= 12 + 2 + 1  # and the batch that was looked into
    assert report["balanced"]["contacts"]


@pytest.mark.parametrize("again", ["changed", "retry", "retry all", "full"])
def test_who_was_refused_is_tried_again_with_what_the_crm_has_now(acme: Acme, gate: Gate, again: str) -> None:
    people = many(acme, 10)
    bad = {people[0]}
    refuse(gate, bad)
    acme.installation.run()
    (refused,) = acme.installation.say("rejects", "acme", "--json").json
    bad.clear()
    assert acme.installation.run()["state"] == "nothing_to_do"

    options: tuple[str, ...] = ()
    if again == "changed":
        acme.installation.sql("UPDATE contacts SET first_name = 'Newer' WHERE email = %s", people[0])
    elif again == "full":
        options = ("--full",)
    else:
        ids = [refused["contact_id"]] if again == "retry" else []
        said = acme.installation.say("retry", "acme", *ids)
        assert (said.code, said.err) == (0, "acme: the next run tries 1 again.\n")
    report = acme.installation.run("acme", *options)

    assert report["counts"]["added"] == 1
    assert acme.installation.say("rejects", "acme", "--json").json == []
    assert people[0] in acme.api.members()


def test_a_retry_of_who_was_not_refused_says_so(acme: Acme) -> None:
    said = acme.installation.say("retry", "acme", "nobody")

    assert said.code == 2
    assert "nothing of nobody was refused" in said.err
    assert "reconciler rejects acme" in said.err
