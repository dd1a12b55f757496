"""Who is off stays off: whatever the CRM says of them, however often, under whatever address or id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.installation import Installation

pytestmark = pytest.mark.http

THERE = ("unsubscribed", "left", "deleted")
HERE = ("opted_out", "ineligible", "twin")
EVERYBODY = (*THERE, *HERE)
#: Both ways to read before a push: whom it concerns one by one, or the whole list.
READINGS = pytest.mark.parametrize("singles", [100, 0], ids=["read singly", "read whole"])


class Town:
    """One person for each way to be off, and one who is on; all of them on the list after the first run."""

    def __init__(self, installation: Installation, singles: int = 100) -> None:
        self.installation = installation
        self.ids = {who: self._add(who, number) for number, who in enumerate((*EVERYBODY, "fine"))}
        # Of two with one address and nothing else to choose by, the lower id is synced.
        self.twin = installation.add("twin@example.com", first_name="Other", id=_contact_id(99))
        assert installation.connect().code == 0
        assert installation.say("set", "acme", f"membership_singles={singles}").code == 0

    def _add(self, who: str, number: int) -> str:
        return self.installation.add(
            f"{who}@example.com", first_name="Ada", last_name=who.title(), id=_contact_id(number)
        )

    def on_the_list(self) -> Town:
        report = self.installation.run()
        assert report["counts"]["added"] == 7, report
        return self

    def go(self, *who: str) -> None:
        """Let these people go, each in their way."""
        door, list_id = self.installation.api.door, self.installation.api.list_id
        acts: dict[str, Callable[[], object]] = {
            "unsubscribed": lambda: door.contact(action="unsubscribe", email="unsubscribed@example.com"),
            "left": lambda: door.contact(action="leave_list", email="left@example.com", list_id=list_id),
            "deleted": lambda: door.contact(action="delete", email="deleted@example.com"),
            "opted_out": lambda: self.installation.change(self.ids["opted_out"], marketing_opt_out=True),
            "ineligible": lambda: self.installation.change(self.ids["ineligible"], deleted_at="2026-01-01"),
            "twin": lambda: self.installation.change(self.twin, marketing_opt_out=True),
        }
        for each in who:
            acts[each]()

    def change(self, **columns: str) -> None:
        """Change every contact in the CRM."""
        for contact_id in self.ids.values():
            self.installation.change(contact_id, **columns)

    def move(self, domain: str = "example.org", **columns: str) -> None:
        """Give everybody another address."""
        for who, contact_id in self.ids.items():
            self.installation.change(contact_id, email=f"{who}@{domain}", **columns)

    def imports(self) -> list[str]:
        return [address.partition("@")[0] for address in self.installation.api.imported()]

    def assert_off(self, imports_before: int) -> None:
        """Nobody who went was in an import since, and each is as they left themselves."""
        assert set(self.imports()[imports_before:]) <= {"fine"}
        people = {found["email_address"]["address"]: found for found in self.installation.api.door.state()["contacts"]}
        list_id = self.installation.api.list_id
        assert people["unsubscribed@example.com"]["email_address"]["permission_to_send"] == "unsubscribed"
        assert list_id not in people["left@example.com"]["list_memberships"]
        assert "deleted_at" in people["deleted@example.com"]


def _contact_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


@READINGS
@pytest.mark.parametrize("options", [(), ("--full",)], ids=["incremental", "full"])
def test_who_went_right_before_a_run_is_not_put_back(
    installation: Installation, singles: int, options: tuple[str, ...]
) -> None:
    town = Town(installation, singles).on_the_list()
    before = len(town.imports())
    town.go(*EVERYBODY)
    town.change(first_name="Augusta")

    installation.run("acme", *options)
    installation.later(20)
    town.change(first_name="Beatrice")
    report = installation.run("acme", *options)

    town.assert_off(before)
    assert set(town.imports()[before:]) == {"fine"}
    reasons = {"unsubscribed": 1, "left_list": 1, "deleted_there": 1, "opted_out": 3, "out_of_scope": 1}
    assert report["suppressed"] == reasons
    assert report["standing"]["list"]["still_on_list"] == 3


@READINGS
def test_who_went_between_connecting_and_the_first_run_is_not_put_back(
    installation: Installation, singles: int
) -> None:
    api = installation.api
    for who in EVERYBODY:
        api.door.contact(action="create", email=f"{who}@example.com", list_id=api.list_id)
    town = Town(installation, singles)
    town.go(*EVERYBODY)

    installation.run()
    installation.run("acme", "--full")

    town.assert_off(0)
    assert town.imports() == ["fine"]


@READINGS
def test_who_was_known_but_never_on_the_list_and_is_deleted_stays_deleted(
    installation: Installation, singles: int
) -> None:
    """The owner deletes people whom the account knew, or came to know only since connecting."""
    door = installation.api.door
    door.contact(action="create", email="known@example.com")
    for number in range(8):
        door.contact(action="create", email=f"other{number}@example.com")
        installation.add(f"other{number}@example.com")
    installation.connect()
    installation.say("set", "acme", f"membership_singles={singles and 3}")
    door.contact(action="create", email="new@example.com")
    for who in ("known", "new"):
        installation.add(f"{who}@example.com")
        door.contact(action="delete", email=f"{who}@example.com")

    report = installation.run()

    assert report["counts"]["added"] == 8
    assert report["suppressed"] == {"deleted_there": 2}
    assert not {"known@example.com", "new@example.com"} & set(installation.api.imported())


@READINGS
@pytest.mark.parametrize("names", [{}, {"first_name": "Zoe", "last_name": "Zander"}], ids=["same name", "other name"])
@pytest.mark.parametrize("is_seen", [True, False], ids=["seen before", "in the same minute"])
def test_another_address_in_the_crm_brings_nobody_back(
    installation: Installation, singles: int, names: dict[str, str], *, is_seen: bool
) -> None:
    town = Town(installation, singles).on_the_list()
    town.go(*THERE)
    # The number of members stays what it was: counting alone must not be trusted.
    for who in THERE:
        installation.api.door.contact(action="create", email=f"new-{who}@example.com", list_id=installation.api.list_id)
    if is_seen:
        installation.later(20)
        town.change(first_name="Augusta")
        installation.run()
    before = len(town.imports())
    town.go("twin")
    for who in HERE:
        installation.change(town.ids[who], marketing_opt_out=True)
    town.move(**names)

    installation.run()
    installation.later(20)
    installation.run()
    installation.run("acme", "--full")

    town.assert_off(before)


def test_a_contact_made_anew_under_another_id_brings_nobody_back(installation: Installation) -> None:
    town = Town(installation).on_the_list()
    before = len(town.imports())
    town.go(*THERE)
    installation.sql("DELETE FROM contacts WHERE NOT marketing_opt_out")
    for who in (*THERE, "fine"):
        installation.add(f"{who}@example.com", first_name="Anew", last_name=who.title())

    installation.run()
    installation.later(20)
    installation.run("acme", "--full")

    town.assert_off(before)


@pytest.mark.parametrize("moment", ["comparing both sides", "members of the list read", "opt-outs read"])
def test_who_opts_out_in_the_crm_while_the_run_goes_on_is_not_sent(installation: Installation, moment: str) -> None:
    town = Town(installation, 0).on_the_list()
    before = len(town.imports())
    town.change(first_name="Augusta")
    heard: list[str] = []

    def opt_out(words: str) -> None:
        if words.endswith(moment) and not heard:
            town.go(*HERE)
            heard.append(words)

    report = installation.run_telling(opt_out)

    assert heard
    assert not set(HERE) & set(town.imports()[before:])
    assert report["counts"]["updated"] == 4
    assert (report["suppressed"]["opted_out"], report["suppressed"]["out_of_scope"]) == (3, 1), report
    assert report["standing"]["list"]["still_on_list"] == 3


def test_both_sides_are_read_again_before_a_later_batch(installation: Installation) -> None:
    town = Town(installation).on_the_list()
    before = len(town.imports())
    town.change(first_name="Augusta")
    installation.say("set", "acme", "batch_contacts=1", "reading_age_seconds=0")
    sent: list[str] = []

    def go(words: str) -> None:
        if words.startswith("sending") and not sent:
            sent.extend(installation.sql("SELECT contact_id FROM reconciler.batch_contacts WHERE NOT settled")[0])
            town.go(*(who for who in EVERYBODY if town.ids[who] != sent[0]))

    installation.run_telling(go)

    assert sent
    first = next(who for who, contact_id in town.ids.items() if contact_id == sent[0])
    assert set(town.imports()[before:]) <= {first, "fine"}


def test_what_was_read_long_ago_is_read_again_before_the_first_batch(installation: Installation) -> None:
    """The run may have waited for an earlier import between its reading and its push."""
    town = Town(installation).on_the_list()
    before = len(town.imports())
    town.change(first_name="Augusta")
    installation.say("set", "acme", "reading_age_seconds=0")
    # With a stranger among them, what was decided before is decided again.
    installation.api.door.contact(action="create", email="new@example.com", list_id=installation.api.list_id)
    heard: list[str] = []

    def go(words: str) -> None:
        heard.append(words)
        if heard.count("comparing both sides") == 2 and words == "comparing both sides":
            town.go(*EVERYBODY)

    installation.run_telling(go)

    town.assert_off(before)


def test_a_contact_whose_address_changes_while_the_run_goes_on_waits_for_the_next(installation: Installation) -> None:
    """Nothing was read at Constant Contact about the new address yet."""
    door = installation.api.door
    door.contact(action="create", email="second@example.com")
    contact = installation.add("first@example.com", first_name="Ada")
    installation.connect()

    def move(words: str) -> None:
        if words == "comparing both sides":
            installation.change(contact, email="second@example.com")
            door.contact(action="delete", email="second@example.com")

    report = installation.run_telling(lambda words: None if "contacts" in words else move(words))

    assert installation.api.imported() == []
    assert report["counts"]["deferred"] + report["counts"]["suppressed"] == 1
    assert installation.run("acme", "--full")["suppressed"] == {"deleted_there": 1}


def test_who_opts_out_while_their_new_address_is_in_doubt_is_not_sent_under_the_old_one(
    installation: Installation,
) -> None:
    """A contact whose address is in an unsettled batch can't be decided anew."""
    installation.add("taken@example.com")
    installation.connect()
    installation.api.door.fault(fault="drop_before", operation="bulkImportContactsJSON")
    installation.run()
    contact = installation.add("old@example.com", first_name="Ada")

    def go(words: str) -> None:
        if words == "comparing both sides":
            installation.change(contact, email="taken@example.com", marketing_opt_out=True)

    report = installation.run_telling(go)

    assert report["plan"]["added"] == 1
    assert installation.api.imported() == ["taken@example.com"]


def test_who_comes_back_by_themselves_is_synced_again(installation: Installation) -> None:
    town = Town(installation).on_the_list()
    town.go("left", "unsubscribed")
    installation.later(20)
    town.change(first_name="Augusta")
    assert installation.run()["suppressed"] == {"left_list": 1, "unsubscribed": 1}
    api = installation.api
    api.door.contact(action="join_list", email="left@example.com", list_id=api.list_id)
    api.door.contact(action="change", email="unsubscribed@example.com", permission="explicit")

    report = installation.run("acme", "--full")

    assert report["counts"]["updated"] == 2
    members = api.members()
    assert members["left@example.com"]["first_name"] == "Augusta"
    assert members["unsubscribed@example.com"]["first_name"] == "Augusta"
