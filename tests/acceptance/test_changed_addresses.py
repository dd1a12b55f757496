"""An e-mail address that changed in the CRM: the same person at Constant Contact gets it, with all they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

_READ_WRITE_READ = {"getContact": 3, "putContact": 1}


@pytest.fixture
def ada(installation: Installation) -> str:
    """Ada is on the list, and has much that the CRM knows nothing of."""
    contact_id = installation.add("ada@example.com", first_name="Ada", last_name="Byron", phone="555-0100")
    assert installation.connect().code == 0
    assert installation.run()["state"] == "completed"
    return contact_id


def _there(installation: Installation, address: str) -> dict[str, Any]:
    return installation.api.members()[address]


def _customers(installation: Installation) -> str:
    lists = installation.api.door.state(contacts=False)["lists"]
    return str(next(found["list_id"] for found in lists if found["list_id"] != installation.api.list_id))


def test_the_same_member_gets_the_new_address_and_keeps_everything_else(installation: Installation, ada: str) -> None:
    door = installation.api.door
    door.contact(action="change", email="ada@example.com", fields={"company_name": "Engines", "street": "1 Road"})
    door.contact(action="change", email="ada@example.com", permission="explicit")
    door.contact(action="join_list", email="ada@example.com", list_id=_customers(installation))
    before = _there(installation, "ada@example.com")
    installation.change(ada, email="countess@example.com")

    report = installation.run()

    after = _there(installation, "countess@example.com")
    assert report["state"] == "completed"
    assert report["counts"]["updated"] == 1
    assert after["email_address"]["permission_to_send"] == "explicit"
    kept = ("contact_id", "first_name", "company_name", "list_memberships", "phone_numbers", "street_addresses")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert installation.api.imported() == ["ada@example.com"]


def test_it_takes_a_read_a_write_and_a_read_besides_what_comes_before_each_push(
    installation: Installation, ada: str
) -> None:
    installation.change(ada, email="countess@example.com")

    made = installation.run()["api"]["by_operation"]

    assert {name: made[name] for name in _READ_WRITE_READ} == _READ_WRITE_READ
    assert sum(made.values()) <= 6


def test_the_row_says_the_old_and_the_new_address(installation: Installation, ada: str) -> None:
    installation.change(ada, email="countess@example.com")

    report = installation.run()

    rows = installation.sql(
        "SELECT action, field, before, after, outcome FROM reconciler.run_rows WHERE run_id = %s", report["run_id"]
    )
    assert rows == [("readdress", "email", "ada@example.com", "countess@example.com", "verified")]


def test_fields_that_changed_with_it_go_along(installation: Installation, ada: str) -> None:
    installation.change(ada, email="countess@example.com", last_name="Lovelace", mobile="555-0101")

    report = installation.run()

    after = _there(installation, "countess@example.com")
    assert (report["state"], report["api"]["by_operation"]["putContact"]) == ("completed", 1)
    assert after["last_name"] == "Lovelace"
    assert {phone["phone_number"] for phone in after["phone_numbers"]} == {"555-0100", "555-0101"}


def test_the_run_after_it_has_nothing_to_do(installation: Installation, ada: str) -> None:
    installation.change(ada, email="countess@example.com")
    installation.run()
    before = installation.api.calls()

    assert installation.run()["state"] == "nothing_to_do"
    assert installation.run("acme", "--full")["counts"]["unchanged"] == 1
    assert "putContact" not in installation.run("acme", "--full")["api"]["by_operation"]
    assert installation.api.calls() > before  # the forced ones looked


def test_a_chain_of_addresses_runs_from_its_free_end(installation: Installation) -> None:
    people = [installation.add(f"p{at}@example.com", first_name=f"P{at}") for at in range(4)]
    installation.connect()
    installation.run()
    ids = {at: _there(installation, f"p{at}@example.com")["contact_id"] for at in range(4)}
    for at, contact_id in reversed(list(enumerate(people))):
        installation.change(contact_id, email=f"p{at + 1}@example.com")

    report = installation.run()

    assert (report["state"], report["counts"]["updated"]) == ("completed", 4)
    moved = {address: member["contact_id"] for address, member in installation.api.members().items()}
    assert moved == {f"p{at + 1}@example.com": ids[at] for at in range(4)}


def test_a_swap_of_two_addresses_swaps_the_values_and_no_address(installation: Installation) -> None:
    ada = installation.add("ada@example.com", first_name="Ada")
    bob = installation.add("bob@example.com", first_name="Bob")
    installation.connect()
    installation.run()
    installation.change(ada, email="between@example.com")
    installation.sql("UPDATE contacts SET email = 'ada@example.com' WHERE id = %s", bob)
    installation.change(ada, email="bob@example.com")

    report = installation.run()

    assert report["counts"]["updated"] == 2
    assert "putContact" not in report["api"]["by_operation"]
    names = {address: member["first_name"] for address, member in installation.api.members().items()}
    assert names == {"ada@example.com": "Bob", "bob@example.com": "Ada"}


def test_an_address_that_another_contact_has_is_matched_and_not_written(installation: Installation, ada: str) -> None:
    installation.api.door.contact(action="create", email="taken@example.com", fields={"first_name": "Ada"})
    installation.change(ada, email="taken@example.com")

    refused, matched = installation.run(), installation.run()

    assert (refused["counts"]["deferred"], matched["counts"]["added"]) == (1, 1)
    assert "putContact" not in matched["api"]["by_operation"]
    assert set(installation.api.members()) == {"ada@example.com", "taken@example.com"}
    assert installation.run()["state"] == "nothing_to_do"


def test_an_address_whose_owner_unsubscribed_is_not_mailed_again(installation: Installation, ada: str) -> None:
    installation.api.door.contact(action="create", email="off@example.com", list_id=installation.api.list_id)
    installation.api.door.contact(action="unsubscribe", email="off@example.com")
    installation.change(ada, email="off@example.com")

    installation.run()
    report = installation.run()

    assert report["standing"]["crm"]["held_back"] == {"unsubscribed": 1}
    assert "off@example.com" not in installation.api.imported()


def test_who_unsubscribed_stays_off_under_a_new_address(installation: Installation, ada: str) -> None:
    installation.api.door.contact(action="unsubscribe", email="ada@example.com")
    installation.change(ada, email="countess@example.com")

    report = installation.run()

    assert report["suppressed"] == {"unsubscribed": 1}
    assert "countess@example.com" not in {
        contact["email_address"]["address"] for contact in installation.api.door.state()["contacts"]
    }


def test_who_got_another_first_and_last_name_is_another_person(installation: Installation, ada: str) -> None:
    installation.change(ada, email="new@example.com", first_name="Grace", last_name="Hopper")

    report = installation.run()

    assert (report["counts"]["added"], report["counts"]["updated"]) == (1, 0)
    assert set(installation.api.members()) == {"ada@example.com", "new@example.com"}
    assert report["standing"]["list"]["still_on_list"] == 1


def test_an_address_that_is_taken_by_nobody_who_can_be_found_is_rejected_with_the_words(
    installation: Installation, ada: str
) -> None:
    words = [{"error_key": "contacts.api.conflict", "error_message": "Validation failed: Email already exists"}]
    installation.api.door.fault(fault="status", operation="putContact", status=409, body=words)
    installation.change(ada, email="countess@example.com")

    report = installation.run()

    assert report["counts"]["rejected"] == 1
    assert "Email already exists" in installation.sql("SELECT message FROM reconciler.rejects")[0][0]
    assert installation.run()["api"]["calls"] == 0
