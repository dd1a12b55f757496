"""A plan that would change too much at once is held, until it no longer would or somebody says that it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
#: Three or more of ten are too many.
SMALL = ("guard_least=3", "guard_added_percent=25", "guard_updated_percent=25")


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Ten people on both sides."""
    for number in range(10):
        installation.add(f"p{number}@example.com", first_name=f"P{number}", company="Acorn")
    assert installation.connect().code == 0
    assert installation.say("set", "acme", *SMALL).code == 0
    assert installation.run()["state"] == "completed"
    return installation


def many(acme: Installation, count: int, prefix: str = "new") -> None:
    for number in range(count):
        acme.add(f"{prefix}{number}@example.com", first_name="New")


def renamed(acme: Installation, count: int, column: str = "first_name") -> None:
    """So many people get another value each."""
    acme.sql(
        f"UPDATE contacts SET {column} = {column} || 'x' || email"
        " WHERE id IN (SELECT id FROM contacts WHERE email LIKE 'p%%' ORDER BY email LIMIT %s)",
        count,
    )


def tick(acme: Installation) -> list[int]:
    """One tick of a scheduler; gives the runs that it left."""
    before = runs(acme)
    acme.say("run", "--all")
    return runs(acme)[len(before) :]


def runs(acme: Installation) -> list[int]:
    return [row[0] for row in acme.sql("SELECT run_id FROM reconciler.runs ORDER BY run_id")]


def standing(acme: Installation) -> Any:
    return acme.say("status", "acme", "--json").json[0]


def test_the_first_sync_is_never_held_because_it_was_asked_for(acme: Installation) -> None:
    assert len(acme.api.members()) == 10


def test_too_many_additions_are_held_and_told_once_and_nothing_of_it_is_sent(acme: Installation) -> None:
    many(acme, 3)
    renamed(acme, 1)
    writes = acme.api.written()

    said = acme.say("run", "acme", "--json")

    report = said.json
    assert (said.code, report["state"], report["reason"]) == (4, "held", "guard")
    assert report["message"] == (
        "additions: 3 are added in 24 hours, 30 % of 10 members (limit 25 %); 1 other change waiting behind it"
    )
    assert report["counts"]["deferred"] == 4
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert [problem["code"] for problem in report["problems"]] == ["guard"]
    told = acme.say("status", "acme").out
    assert f"`reconciler approve {report['run_id']}`" in told
    assert f"`reconciler decline {report['run_id']}`" in told

    calls = acme.api.calls()
    renamed(acme, 1)  # an ordinary change waits too
    assert [tick(acme), tick(acme)] == [[], []]
    assert acme.api.calls() == calls, "it is judged from the mirrors alone"
    assert acme.api.written() == writes
    assert standing(acme)["behind"]["contacts"] == 4


def test_what_no_longer_exceeds_goes_by_itself_and_that_is_told(acme: Installation) -> None:
    many(acme, 3)
    assert acme.run()["reason"] == "guard"
    acme.sql("UPDATE contacts SET deleted_at = now() WHERE email IN ('new0@example.com', 'new1@example.com')")

    (number,) = tick(acme)

    report = acme.say("report", str(number), "--json").json
    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert "no longer does: guard" in report["message"]
    assert standing(acme)["held"] is None


def test_a_hold_of_which_nothing_is_left_is_lifted_without_a_call(acme: Installation) -> None:
    many(acme, 3)
    acme.run()
    acme.sql("UPDATE contacts SET deleted_at = now() WHERE email LIKE 'new%%'")
    calls = acme.api.calls()

    (number,) = tick(acme)

    assert acme.say("report", str(number), "--json").json["state"] == "nothing_to_do"
    assert (standing(acme)["held"], acme.api.calls()) == (None, calls)


def test_rows_that_are_gone_from_the_crm_are_missed_by_the_sweep_though_it_is_held(acme: Installation) -> None:
    many(acme, 3)
    acme.run()
    acme.sql("DELETE FROM contacts WHERE email LIKE 'new%%'")
    assert tick(acme) == []
    acme.later(24 * 60 + 1)

    assert tick(acme) != []

    assert standing(acme)["held"] is None
    assert len(acme.api.members()) == 10


def test_an_approval_covers_these_contacts_with_fresh_values_and_what_is_new_is_judged_on_its_own(
    acme: Installation,
) -> None:
    many(acme, 3)
    number = acme.run()["run_id"]
    acme.sql("UPDATE contacts SET first_name = 'Newer' WHERE email = 'new1@example.com'")
    acme.add("other@example.com")

    said = acme.say("approve", str(number), "--json")

    assert (said.code, said.json["trigger"], said.json["counts"]["added"]) == (0, "approve", 4)
    assert acme.api.members()["new1@example.com"]["first_name"] == "Newer"
    assert acme.sql("SELECT action, details ->> 'reason' FROM reconciler.audit WHERE action = 'approve'") == [
        ("approve", "guard")
    ]
    # What was approved is not counted; the one that was not is.
    many(acme, 1, "late")
    assert acme.run()["state"] == "completed"
    many(acme, 1, "later")
    assert acme.run()["message"].startswith("additions: 3 are added in 24 hours")


def test_an_approval_of_some_does_not_let_too_many_others_go(acme: Installation) -> None:
    many(acme, 3)
    number = acme.run()["run_id"]
    many(acme, 4, "other")

    said = acme.say("approve", str(number), "--json")

    assert (said.code, said.json["reason"]) == (4, "guard")
    assert said.json["message"].startswith("additions: 4 are added")
    assert "3 other changes waiting behind it" in said.json["message"]
    assert said.json["run_id"] == standing(acme)["held"]["run_id"]
    assert acme.say("approve", str(said.json["run_id"]), "--json").json["counts"]["added"] == 7


def test_an_approval_covers_the_plan_of_the_run_that_somebody_looked_at(acme: Installation) -> None:
    many(acme, 3)
    acme.run()
    acme.sql("UPDATE contacts SET deleted_at = now() WHERE email = 'new0@example.com'")
    acme.add("other@example.com")
    later = acme.run()["run_id"]  # as many, and not the same

    assert acme.say("approve", str(later), "--json").json["counts"]["added"] == 3


def test_a_declined_plan_waits_without_another_notice(acme: Installation) -> None:
    many(acme, 3)
    number = acme.run()["run_id"]

    assert acme.say("decline", str(number)).code == 0
    assert tick(acme) == []
    assert acme.run()["reason"] == "guard"
    assert len(acme.api.members()) == 10
    assert acme.sql("SELECT action FROM reconciler.audit WHERE action IN ('approve', 'decline')") == [("decline",)]


def test_small_steps_add_up_over_a_day_and_the_day_after_they_are_forgotten(acme: Installation) -> None:
    many(acme, 2)
    assert acme.run()["counts"]["added"] == 2
    many(acme, 1, "next")
    held = acme.run()
    assert held["message"].startswith("additions: 3 are added in 24 hours, 30 % of 10 members")

    acme.later(24 * 60 + 1)
    assert tick(acme) != []

    assert len(acme.api.members()) == 13


@pytest.mark.parametrize(
    ("column", "settings", "named"),
    [
        ("first_name", (), "updates: 4 are updated in 24 hours, 40 % of 10 members (limit 25 %)"),
        ("company", ("guard_updated_percent=90",), "one field: company_name changes for 4 of 4 updated, 40 % of"),
    ],
)
def test_too_many_updates_or_one_field_everywhere_are_held(
    acme: Installation, column: str, settings: tuple[str, ...], named: str
) -> None:
    if settings:
        acme.say("set", "acme", *settings)
    renamed(acme, 4, column)

    report = acme.run()

    assert report["reason"] == "guard"
    assert named in report["message"]


def test_one_value_for_everybody_is_held_however_small_its_share(acme: Installation) -> None:
    acme.say("set", "acme", "guard_updated_percent=90", "guard_field_percent=90")
    acme.sql("UPDATE contacts SET company = 'Unknown' WHERE email < 'p4'")

    assert "same value: company_name gets the same value for 4 of 4 members" in acme.run()["message"]


def test_who_is_let_back_in_is_counted_by_no_guard(acme: Installation) -> None:
    gone = [f"p{number}@example.com" for number in range(3)]
    for address in gone:
        acme.api.door.contact(action="leave_list", email=address, list_id=acme.api.list_id)
    acme.later(20)
    acme.run("acme", "--full")
    ids = [row[0] for row in acme.sql("SELECT id::text FROM contacts WHERE email < 'p3' ORDER BY email")]
    assert acme.say("rejoin", "acme", *ids, "--basis", "they asked to").code == 0

    assert acme.run()["counts"]["added"] == 3


def test_a_contact_limit_holds_and_is_approved(acme: Installation) -> None:
    acme.say("set", "acme", "guard_least=200", "contact_limit=11")
    many(acme, 2)

    held = acme.run()

    assert held["message"] == "contact limit: 10 active contacts and 2 new ones are 12 (limit 11)"
    assert acme.say("approve", str(held["run_id"]), "--json").json["counts"]["added"] == 2


def test_a_contact_limit_holds_a_first_sync_too(installation: Installation) -> None:
    for number in range(3):
        installation.add(f"p{number}@example.com")
    installation.connect("acme", "--no-start")
    installation.say("set", "acme", "contact_limit=2")
    installation.say("start", "acme")

    assert installation.run()["message"] == "contact limit: 0 active contacts and 3 new ones are 3 (limit 2)"
    installation.say("set", "acme", "contact_limit=3")
    assert installation.run()["counts"]["added"] == 3


def test_the_first_sync_is_exempt_also_after_a_while_of_looking_on(installation: Installation) -> None:
    many(installation, 4)
    assert installation.connect("acme", "--no-start").code == 0
    assert installation.say("set", "acme", *SMALL).code == 0
    installation.say("run", "--all")  # a tick compares everything, and sends nothing
    installation.say("start", "acme")

    assert installation.run()["counts"]["added"] == 4
    many(installation, 3, "later")
    assert installation.run()["reason"] == "guard"


def test_only_a_run_that_was_held_for_it_can_be_answered_and_only_its_own_plan_goes(acme: Installation) -> None:
    many(acme, 3, "bad")
    first = acme.run()["run_id"]
    other = acme.run("acme", "--only-if", "another")["run_id"]
    said = acme.say("approve", str(other))
    assert (said.code, f"run {first}" in said.err) == (2, True)
    assert "no longer does" not in acme.say("report", str(other)).out

    acme.sql("UPDATE contacts SET deleted_at = now() WHERE email LIKE 'bad%%'")
    many(acme, 3, "good")
    second = acme.run()["run_id"]
    assert acme.say("approve", str(second), "--later").code == 0
    acme.sql("UPDATE contacts SET deleted_at = NULL WHERE email LIKE 'bad%%'")
    held = acme.run()
    assert held["message"].startswith("additions: 3 are added in 24 hours")
    assert len(acme.api.members()) == 10
    assert "6 contacts and kinds" in acme.say("approve", str(held["run_id"])).err


def test_an_approval_for_later_can_be_taken_back(acme: Installation) -> None:
    many(acme, 3)
    number = str(acme.run()["run_id"])
    assert acme.say("approve", number, "--later").code == 0
    assert acme.say("approve", number, "--later").code == 0

    assert acme.say("decline", number).code == 0

    for answer in ("approve", "decline"):  # there is nothing left to answer
        said = acme.say(answer, number)
        assert (said.code, f"nothing of run {number} is held now" in said.err) == (2, True)
    assert acme.run()["reason"] == "guard"
    assert len(acme.api.members()) == 10


def test_a_plan_says_that_it_would_be_held_and_holds_nothing(acme: Installation) -> None:
    many(acme, 3)

    said = acme.say("plan", "acme", "--json")

    assert (said.code, said.json["reason"], said.json["plan"]["added"]) == (4, "guard", 3)
    assert standing(acme)["held"] is None


def test_who_only_looks_on_is_not_held(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.connections SET observe = true")
    many(acme, 3)

    assert acme.run()["state"] == "observed"
