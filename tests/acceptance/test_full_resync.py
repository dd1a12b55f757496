"""A forced full resync of a list that many people have left: it says what it would do, and puts nobody back."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.installation import Installation

pytestmark = pytest.mark.http
UNSUBSCRIBED, LEFT, DELETED, STAYED = 500, 100, 50, 50


def people(installation: Installation) -> list[str]:
    """All in the CRM and on the list."""
    count = UNSUBSCRIBED + LEFT + DELETED + STAYED
    installation.sql(
        "INSERT INTO contacts (workspace, email, first_name)"
        " SELECT 'acme', 'p' || lpad(CAST(n AS text), 3, '0') || '@example.com', 'P' FROM generate_series(1, %s) AS n",
        count,
    )
    return [row[0] for row in installation.sql("SELECT email FROM contacts ORDER BY email")]


def go(installation: Installation, addresses: Sequence[str]) -> None:
    api = installation.api
    for address in addresses[:UNSUBSCRIBED]:
        api.door.contact(action="unsubscribe", email=address)
    for address in addresses[UNSUBSCRIBED : UNSUBSCRIBED + LEFT]:
        api.door.contact(action="leave_list", email=address, list_id=api.list_id)
    for address in addresses[UNSUBSCRIBED + LEFT : -STAYED]:
        api.door.contact(action="delete", email=address)


def test_six_hundred_and_fifty_who_are_off_stay_off_each_with_a_reason_and_that_is_said_before(
    installation: Installation,
) -> None:
    addresses = people(installation)
    assert installation.connect().code == 0
    installation.run()
    go(installation, addresses)
    installation.later(20)
    installation.sql("UPDATE contacts SET first_name = 'Q' || email WHERE email > %s", addresses[-4])
    installation.add("new@example.com", first_name="New")
    written = len(installation.api.written())

    installation.run("acme", "--full")
    installation.later(5)
    installation.run()  # that a hundred left at once is believed when a second reading says so
    installation.sql("UPDATE contacts SET first_name = 'R' || email WHERE email > %s", addresses[-4])
    said = installation.say("run", "acme", "--full", "--json")

    report = said.json
    assert report["suppressed"] == {"unsubscribed": UNSUBSCRIBED, "left_list": LEFT, "deleted_there": DELETED}
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    gone = addresses[UNSUBSCRIBED:-STAYED]
    assert set(installation.api.members()).isdisjoint(gone)
    there = installation.api.door.state()["contacts"]
    permissions = collections.Counter(each["email_address"]["permission_to_send"] for each in there)
    assert permissions["unsubscribed"] == UNSUBSCRIBED
    later = collections.Counter(installation.api.written()[written:])
    assert set(later) == {*addresses[-3:], "new@example.com"}, "to nobody else anything was written"
    assert said.err.startswith("The full resync would\n")
    words = " ".join(said.err.split())
    assert "update 3 members; values that would be overwritten: 3 first_name" in words
    assert "keep off 650 contacts: 50 deleted there, 100 left list, 500 unsubscribed" in words
    assert "contacts in the account before, at most" in words
    assert "look at your contact tier" in words
    assert "Automations that start when somebody joins the list would start" in words
