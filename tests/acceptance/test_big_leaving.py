"""Many who leave at once are no reason to trust one reading: they wait, and are settled by another kind of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
MANY = 60


@pytest.fixture
def left(installation: Installation) -> list[str]:
    """The addresses of many people who were on the list, left it, and have a change in the CRM."""
    api = installation.api
    addresses = [f"p{number}@example.com" for number in range(MANY)]
    for address in addresses:
        installation.add(address, first_name="Ada")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == MANY
    installation.later(20)
    for address in addresses:
        api.door.contact(action="leave_list", email=address, list_id=api.list_id)
    installation.sql("UPDATE contacts SET first_name = 'Augusta'")
    return addresses


def _exports(installation: Installation) -> int:
    requests = installation.api.door.state(contacts=False)["requests"]["by_operation"]
    return int(requests.get("postContactsExport", 0))


def test_many_who_leave_at_once_wait_and_are_settled_by_an_export(installation: Installation, left: list[str]) -> None:
    report = installation.run()

    assert report["counts"]["deferred"] == MANY
    assert [problem["code"] for problem in report["problems"]] == ["membership_unclear"]
    assert report["standing"]["crm"]["on_list"] == 0
    soon = installation.run()
    assert (soon["state"], soon["api"]["calls"]) == ("nothing_to_do", 0)
    assert soon["standing"]["crm"]["held_back"] == {"waiting": MANY}
    installation.later(5)
    settled = installation.run()
    assert _exports(installation) >= 1
    assert settled["suppressed"] == {"left_list": MANY}
    assert installation.run()["api"]["calls"] == 0
    assert installation.run("acme", "--full")["suppressed"] == {"left_list": MANY}
    assert installation.api.imported() == sorted(left, key=installation.api.imported().index)
    assert installation.api.members() == {}


@pytest.mark.broken_answer
def test_an_export_that_is_not_understood_is_no_evidence(installation: Installation, left: list[str]) -> None:
    installation.run()
    installation.later(5)
    installation.api.door.fault(fault="body", operation="getContactsExport", body="Who,What\nAda,here\n")

    report = installation.run()

    assert _exports(installation) == 1
    assert report["counts"]["deferred"] == MANY
    installation.later(5)
    assert installation.run()["suppressed"] == {"left_list": MANY}
    assert installation.api.members() == {}
    assert len(installation.api.imported()) == MANY


def test_who_was_missed_by_mistake_is_synced_once_seen_again(installation: Installation, left: list[str]) -> None:
    installation.run()
    api = installation.api
    for address in left:
        api.door.contact(action="join_list", email=address, list_id=api.list_id)
    installation.later(5)

    report = installation.run()

    assert report["counts"]["updated"] == MANY
    assert {member["first_name"] for member in api.members().values()} == {"Augusta"}


def test_few_who_leave_are_settled_at_once(installation: Installation) -> None:
    api = installation.api
    for number in range(10):
        installation.add(f"p{number}@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    installation.later(20)
    for number in range(4):
        api.door.contact(action="leave_list", email=f"p{number}@example.com", list_id=api.list_id)
    installation.sql("UPDATE contacts SET first_name = 'Augusta'")

    report = installation.run()

    assert report["suppressed"] == {"left_list": 4}
    assert report["counts"]["updated"] == 6
