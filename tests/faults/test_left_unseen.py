"""What happens to people between our import and the look at what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.conftest import Acme

pytestmark = pytest.mark.http


def later(acme: Acme, minutes: float) -> None:
    acme.installation.later(minutes)
    acme.api.door.advance(minutes * 60)


def not_looked(acme: Acme) -> None:
    """The import has its answer and is carried out, and the run ends before it has looked."""
    assert acme.installation.say("set", "acme", "poll_patience_seconds=0.1").code == 0
    acme.api.door.switch(activity_seconds=60)
    assert acme.installation.run()["counts"]["in_doubt"] == 1
    acme.api.door.advance(120)
    acme.api.door.switch(activity_seconds=0)


def not_answered(acme: Acme) -> None:
    acme.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON", times=1)
    assert acme.installation.run()["counts"]["in_doubt"] == 1


@pytest.mark.parametrize(("sent", "is_known"), [(not_looked, False), (not_looked, True), (not_answered, False)])
def test_who_leaves_before_the_read_back_stays_off(acme: Acme, sent: Callable[[Acme], None], *, is_known: bool) -> None:
    """Of somebody whom the account had, an import without an answer can't be known to have brought them."""
    if is_known:
        acme.api.door.contact(action="create", email="bob@example.com")
        later(acme, 20)
    sent(acme)
    acme.api.door.contact(action="leave_list", email="bob@example.com", list_id=acme.api.list_id)

    for minutes in (5, 16, 6, 10):
        later(acme, minutes)
        acme.installation.run()
    later(acme, 60)
    ended = acme.installation.run()

    assert "bob@example.com" not in acme.api.members()
    assert acme.api.imported().count("bob@example.com") == 1
    assert ended["standing"]["crm"]["held_back"] == {"left_list": 1}
    assert acme.installation.run("acme", "--full")["suppressed"] == {"left_list": 1}
    assert "bob@example.com" not in acme.api.members()


def test_a_value_that_somebody_set_there_is_not_taken_for_the_echo_of_an_import_that_never_came(acme: Acme) -> None:
    acme.arrives()
    later(acme, 20)
    acme.installation.sql("UPDATE contacts SET first_name = 'New' WHERE email = 'ada@example.com'")
    acme.api.door.fault(fault="drop_before", operation="bulkImportContactsJSON", times=1)
    assert acme.installation.run()["counts"]["in_doubt"] == 1
    acme.api.door.contact(action="change", email="ada@example.com", fields={"first_name": "Owner"})

    later(acme, 5)
    acme.installation.run()

    assert acme.api.members()["ada@example.com"]["first_name"] == "New"


def test_a_new_contact_under_an_address_that_is_in_doubt_waits_and_the_sums_meet(acme: Acme) -> None:
    not_answered(acme)
    acme.installation.add("BOB@example.com", first_name="Robert")

    report = acme.installation.run()

    assert (report["counts"]["in_doubt"], report["counts"]["deferred"]) == (1, 1)
    assert report["balanced"]["contacts"]
