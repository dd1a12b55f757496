"""Whoever shares, leaves or takes an address: one wanted contact, one member, and nobody pulled back and forth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

LOW, HIGH = (f"00000000-0000-4000-8000-{number:012}" for number in (1, 9))


def _names(installation: Installation) -> dict[str, Any]:
    """First names on the list, by address."""
    return {address: member.get("first_name") for address, member in installation.api.members().items()}


def _writes(installation: Installation) -> int:
    history = installation.api.door.state(contacts=False, history=100_000)["history"]
    return sum(entry["method"] != "GET" for entry in history)


def _tick(installation: Installation, times: int) -> None:
    for _ in range(times):
        assert installation.say("run", "--all").code == 0


def test_who_shared_an_address_and_gets_one_of_her_own_takes_her_member_along(installation: Installation) -> None:
    ada = installation.add("home@example.com", first_name="Ada", last_name="Byron", id=LOW)
    installation.add("home@example.com", first_name="Bob", last_name="Byron", id=HIGH)
    installation.connect()
    installation.run()
    installation.change(ada, email="ada@example.com")

    _tick(installation, 4)
    settled = _writes(installation)
    _tick(installation, 4)

    assert _writes(installation) == settled
    assert _names(installation) == {"home@example.com": "Bob", "ada@example.com": "Ada"}


@pytest.mark.parametrize(
    "away",
    [{"deleted_at": "2026-01-01"}, {"marketing_opt_out": True}, {"email": "bad@@example.com"}, {"email": None}],
    ids=["ineligible", "opted out", "invalid", "without an address"],
)
def test_who_comes_back_under_a_new_address_takes_nobodys_member(
    installation: Installation, away: dict[str, object]
) -> None:
    ada = installation.add("a@example.com", first_name="Ada", last_name="Byron", id=LOW)
    installation.connect()
    installation.run()
    installation.change(ada, **({"email": "gone@example.com"} | away))
    installation.run()
    installation.add("a@example.com", first_name="Bob", last_name="Byron", id=HIGH)
    installation.run()

    installation.change(ada, deleted_at=None, marketing_opt_out=False, email="b@example.com")
    for _ in range(4):
        installation.run()

    assert _names(installation) == {"a@example.com": "Bob", "b@example.com": "Ada"}


def test_a_rejoin_moves_her_own_member_to_her_own_address(installation: Installation) -> None:
    ada = installation.add("a@example.com", first_name="Ada")
    installation.add("b@example.com", first_name="Bob")
    installation.connect()
    installation.run()
    installation.later(20)
    installation.api.door.contact(action="leave_list", email="a@example.com", list_id=installation.api.list_id)
    installation.change(ada, last_name="X")
    installation.run("acme", "--full")
    installation.change(ada, email="c@example.com")
    installation.add("a@example.com", first_name="New")
    installation.run()
    assert installation.say("rejoin", "acme", ada, "--basis", "asked by phone").code == 0

    for _ in range(4):
        installation.run()
        assert "c@example.com" in _names(installation) or "a@example.com" not in _names(installation)


def test_who_waits_for_an_address_is_not_kept_off_by_who_left_it(installation: Installation) -> None:
    ada = installation.add("home@example.com", first_name="Ada", last_name="Byron")
    installation.connect()
    installation.run()
    installation.change(ada, email="ada@example.com")
    installation.add("home@example.com", first_name="Bob", last_name="Byron")
    installation.run()
    installation.api.door.contact(action="unsubscribe", email="ada@example.com")

    reports = [installation.run() for _ in range(3)]

    assert reports[-1]["standing"]["crm"]["held_back"] == {"unsubscribed": 1}
    assert _names(installation)["home@example.com"] == "Bob"


def test_who_waits_for_an_address_gets_its_member_where_the_other_one_found_another(installation: Installation) -> None:
    """Ada moves to the address of somebody who has joined unseen: her old member stays where it is, and is Bob's."""
    ada = installation.add("home@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    door, list_id = installation.api.door, installation.api.list_id
    door.contact(action="create", email="new@example.com", list_id=list_id)
    installation.change(ada, email="new@example.com")
    installation.add("home@example.com", first_name="Bob")

    for _ in range(2):
        installation.run()

    assert _names(installation) == {"home@example.com": "Bob", "new@example.com": "Ada"}


@pytest.mark.parametrize("is_new", [False, True], ids=["moved along", "newly created"])
def test_of_two_with_one_new_address_the_one_with_the_member_stays_chosen(
    installation: Installation, *, is_new: bool
) -> None:
    ada = installation.add("a@example.com", first_name="Ada", id=HIGH)
    installation.connect()
    installation.run()
    if is_new:
        installation.add("b@example.com", first_name="Ada", id=LOW)
    else:
        twin = installation.add("a@example.com", first_name="Ada", id=LOW)
        installation.run()
        installation.change(twin, email="b@example.com")
    installation.change(ada, email="b@example.com")

    for _ in range(3):
        installation.run()

    assert set(_names(installation)) == {"b@example.com"}


def test_who_was_not_on_the_list_is_added_after_the_readdress(installation: Installation) -> None:
    installation.api.door.contact(action="create", email="bob@example.com", fields={"first_name": "Bob"})
    bob = installation.add("bob@example.com", first_name="Bob")
    installation.connect("acme", "--observe")
    installation.run()
    installation.change(bob, email="bob2@example.com")
    installation.say("start", "acme")

    reports = [installation.run() for _ in range(3)]

    assert reports[-1]["standing"]["crm"]["held_back"] == {}
    assert set(_names(installation)) == {"bob2@example.com"}


def test_an_import_in_doubt_is_looked_for_under_the_address_that_was_sent(installation: Installation) -> None:
    installation.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    ada = installation.add("a@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    installation.change(ada, email="b@example.com")
    installation.run()
    installation.later(6)

    for _ in range(3):
        installation.run()
        installation.later(20)

    assert set(_names(installation)) == {"b@example.com"}
    assert installation.api.imported() == ["a@example.com"]


def test_an_import_of_which_some_is_seen_did_arrive(installation: Installation) -> None:
    installation.api.door.switch(international_phones="ignored")
    installation.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    installation.add("a@example.com", first_name="Ada", phone="+44 20 7946 0958")
    installation.connect()
    installation.run()
    installation.later(6)

    report = installation.run()

    assert "not_arrived" not in [problem["code"] for problem in report["problems"]]
    assert installation.api.imported() == ["a@example.com"]


def test_the_row_of_a_write_in_doubt_says_the_address_that_was_written(installation: Installation) -> None:
    ada = installation.add("a@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    installation.api.door.fault(fault="drop_before", operation="putContact")
    installation.change(ada, email="b@example.com")
    installation.run()
    installation.change(ada, email="c@example.com")

    report = installation.run()

    rows = installation.sql(
        "SELECT before, after, outcome FROM reconciler.run_rows WHERE run_id = %s", report["run_id"]
    )
    assert ("a@example.com", "b@example.com", "in_doubt") in rows
    assert "c@example.com" not in {after for _, after, _ in rows}
