"""A single write that is refused, or finds its contact gone: nobody else waits, and nothing is refused for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def _there(installation: Installation, address: str) -> dict[str, Any]:
    return installation.api.members()[address]


@pytest.mark.broken_answer
def test_one_contact_that_is_gone_holds_up_nobody(installation: Installation) -> None:
    ada, bob = installation.add("a@example.com", first_name="Ada"), installation.add("b@example.com", first_name="Bob")
    installation.connect()
    installation.run()
    gone = [{"error_key": "contacts.api.not_found", "error_message": "The contact was not found."}]
    installation.api.door.fault(fault="status", operation="putContact", status=404, body=gone)
    installation.change(ada, email="c@example.com")
    installation.say("run", "--all")
    installation.change(bob, first_name="Robert")

    installation.say("run", "--all")

    assert _there(installation, "b@example.com")["first_name"] == "Robert"
    assert "c@example.com" in installation.api.members()


def test_a_refused_field_takes_no_other_with_it(installation: Installation) -> None:
    installation.api.door.switch(refuse_dots_in_first_name=True)
    ada = installation.add("a@example.com", first_name="Ada", company="Old", job_title="x")
    installation.connect()
    installation.run()
    installation.change(ada, email="b@example.com", first_name="K.C.", company="New", job_title="y")

    for _ in range(3):
        installation.run()

    after = _there(installation, "b@example.com")
    assert (after["first_name"], after["company_name"], after["job_title"]) == ("K.C.", "New", "y")


def test_in_a_chain_the_places_of_phones_are_those_of_the_own_member(installation: Installation) -> None:
    x = installation.add("x@example.com", first_name="X")
    y = installation.add("y@example.com", first_name="Y")
    installation.connect()
    installation.run()
    phones = {"home_phone": "1111111", "work_phone": "2222222", "other_phone": "3333333"}
    installation.api.door.contact(action="change", email="x@example.com", fields=phones)
    installation.run("acme", "--full")
    installation.change(y, email="z@example.com")
    installation.change(x, email="y@example.com", mobile="555-0100", company="Acme")

    installation.run()

    assert _there(installation, "y@example.com")["company_name"] == "Acme"


def test_who_was_written_too_often_is_tried_again_after_the_48_hours(installation: Installation) -> None:
    door = installation.api.door
    door.switch(signup_abuse_most=1)
    ada = installation.add("a@example.com", first_name="Ada", job_title="x", company="C")
    installation.connect()
    installation.run()
    installation.say("set", "acme", "clear=job_title,company_name")
    installation.change(ada, company=None)
    installation.run()
    installation.change(ada, job_title=None)
    assert installation.run()["counts"]["rejected"] == 1
    assert installation.run()["api"]["calls"] == 0

    door.advance(3 * 86_400)
    installation.later(3 * 1440)
    for _ in range(2):
        installation.run("acme", "--full")

    assert "job_title" not in _there(installation, "a@example.com")


def test_an_observed_readdress_counts_as_the_plan_does(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = installation.add("a@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    installation.change(ada, email="b@example.com")
    monkeypatch.setenv("RECONCILER_READ_ONLY", "1")

    report = installation.run()

    assert (report["state"], report["counts"]["updated"]) == ("observed", report["plan"]["updated"]) == ("observed", 1)


def test_who_waits_for_tomorrows_single_writes_is_said_to(installation: Installation) -> None:
    ada = installation.add("a@example.com", first_name="Ada", job_title="x")
    installation.connect()
    installation.run()
    installation.say("set", "acme", "clear=job_title", "singles_per_day=0")
    installation.change(ada, job_title=None)

    assert [problem["code"] for problem in installation.run()["problems"]] == ["singles_spent"]


def test_who_was_added_without_a_field_counts_as_added(installation: Installation) -> None:
    installation.api.door.switch(international_phones="ignored")
    installation.add("a@example.com", first_name="Ada", phone="+44 20 7946 0958")
    installation.connect()

    first = installation.run()
    installation.later(20)
    second = installation.run()

    assert first["standing"]["list"]["still_on_list"] == 0
    assert first["counts"]["added"] + second["counts"]["added"] == 1


def test_half_a_birthday_is_cleared_with_its_other_half(installation: Installation) -> None:
    statement = "SELECT id AS contact_id, email, city::int AS birthday_month, state::int AS birthday_day FROM contacts"
    (installation.folder / "c.sql").write_text(statement)
    ada = installation.add("a@example.com", city="5", state="31")
    installation.connect("acme", "--contacts-sql", "c.sql")
    installation.run()

    said = installation.say("set", "acme", "clear=birthday_month")
    installation.change(ada, city=None, state=None)
    installation.run()

    assert "birthday_day" in said.err
    assert "birthday_month" not in _there(installation, "a@example.com")


def test_a_conflict_on_creating_somebody_finds_and_matches_who_is_there(installation: Installation) -> None:
    """The index lags, so nobody was found by the address; the answer names who has it."""
    address = f"{'a' * 50}@example.com"
    installation.connect()
    installation.say("set", "acme", "create_singly=yes")
    installation.api.door.switch(index_lag_seconds=3600)
    installation.api.door.contact(action="create", email=address, fields={"first_name": "Ada"})
    installation.add(address, first_name="Augusta")

    first, second = installation.run(), installation.run()

    assert first["counts"]["deferred"] == 1
    assert [problem["code"] for problem in second["problems"]] == ["needs_single_write"]
    history = installation.api.door.state(contacts=False, history=100_000)["history"]
    assert [entry["status"] for entry in history if entry["operation"] == "createContact"] == [409]
    assert installation.run()["api"]["calls"] == 0
