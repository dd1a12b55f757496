"""Who is no longer wanted is never written to again and never removed; who is still on the list is told."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

NAMES = ("ada", "bob", "eve")
#: Read whole in every run, without a column that says who belongs.
WHOLE = "SELECT id AS contact_id, email, first_name FROM contacts WHERE workspace = :workspace AND deleted_at IS NULL"


def made(installation: Installation, *options: str) -> Installation:
    """Three people in the CRM and on the list, where a stranger is too."""
    for name in NAMES:
        installation.add(f"{name}@example.com", first_name=name.title())
    assert installation.connect("acme", *options).code == 0
    assert installation.run()["counts"]["added"] == 3
    return installation


@pytest.fixture
def acme(installation: Installation) -> Installation:
    return made(installation)


@pytest.fixture
def whole(installation: Installation) -> Installation:
    (installation.folder / "contacts.sql").write_text(WHOLE)
    return made(installation, "--contacts-sql", "contacts.sql")


def contact_id(acme: Installation, name: str) -> str:
    return str(acme.sql("SELECT id::text FROM contacts WHERE email = %s", f"{name}@example.com")[0][0])


def listed(acme: Installation) -> dict[str, tuple[str, str]]:
    """Who is told to be still on the list: contact id and reason by address; as many as the standing balance says."""
    said = acme.say("status", "acme", "--still-on-list", "still.csv")
    assert (said.code, said.out) == (0, "")
    with (acme.folder / "still.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert said.err.startswith(f"{len(rows)} still on the list though not wanted: still.csv.")
    return {row["email"]: (row["contact_id"], row["reason"]) for row in rows}


def standing(report: Mapping[str, Any]) -> int:
    return int(report["standing"]["list"]["still_on_list"])


def is_left_alone(acme: Installation, name: str) -> None:
    """Neither another value nor a full comparison writes to them, and they stay as they are."""
    before, written = acme.api.members()[f"{name}@example.com"], acme.api.written().count(f"{name}@example.com")
    acme.sql("UPDATE contacts SET first_name = 'Other'")
    for options in ((), ("--full",)):
        acme.run("acme", *options)
    assert acme.api.members()[f"{name}@example.com"] == before
    assert acme.api.written().count(f"{name}@example.com") == written


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"deleted_at": "now"}, "out_of_scope"), ({"marketing_opt_out": True}, "opted_out")],
    ids=["ineligible", "opted out"],
)
def test_who_stops_being_wanted_by_a_column_is_left_alone_and_told(
    acme: Installation, change: dict[str, object], reason: str
) -> None:
    ada = contact_id(acme, "ada")
    acme.change(ada, first_name="Augusta", **change)

    report = acme.run()

    assert (report["state"], report["counts"]["suppressed"], report["suppressed"]) == ("nothing_to_do", 1, {reason: 1})
    assert standing(report) == 1
    assert listed(acme) == {"ada@example.com": (ada, reason)}
    is_left_alone(acme, "ada")


def test_who_is_wanted_again_is_written_to_again(acme: Installation) -> None:
    ada = contact_id(acme, "ada")
    acme.change(ada, deleted_at="now")
    acme.run()
    acme.change(ada, deleted_at=None, first_name="Augusta")

    report = acme.run()

    assert (report["counts"]["updated"], standing(report)) == (1, 0)
    assert acme.api.members()["ada@example.com"]["first_name"] == "Augusta"
    assert listed(acme) == {}


def test_a_row_that_leaves_a_whole_window_is_seen_at_once(whole: Installation) -> None:
    ada, bob = contact_id(whole, "ada"), contact_id(whole, "bob")
    whole.change(ada, deleted_at="now")
    whole.sql("DELETE FROM contacts WHERE id = CAST(%s AS uuid)", bob)

    # Less than half being there would hold it: one of three.
    whole.add("new@example.com")
    report = whole.run()

    assert (report["state"], report["counts"]["added"], standing(report)) == ("completed", 1, 2)
    assert listed(whole) == {"ada@example.com": (ada, "out_of_scope"), "bob@example.com": (bob, "out_of_scope")}
    is_left_alone(whole, "ada")
    is_left_alone(whole, "bob")


def test_a_row_that_is_deleted_is_seen_by_the_sweep(acme: Installation) -> None:
    ada = contact_id(acme, "ada")
    acme.sql("DELETE FROM contacts WHERE id = CAST(%s AS uuid)", ada)
    assert standing(acme.run()) == 0

    report = acme.run("acme", "--full")

    assert (standing(report), report["standing"]["crm"]["contacts"]) == (1, 2)
    assert listed(acme) == {"ada@example.com": (ada, "out_of_scope")}
    is_left_alone(acme, "ada")


@pytest.mark.parametrize("how", ["deleted", "ineligible", "opted out"])
def test_who_leaves_between_the_reading_and_the_push_is_not_pushed(acme: Installation, how: str) -> None:
    ada = contact_id(acme, "ada")
    acme.change(ada, first_name="Augusta")
    acme.add("new@example.com")
    changes = {
        "deleted": f"DELETE FROM contacts WHERE id = '{ada}'",
        "ineligible": f"UPDATE contacts SET deleted_at = now() WHERE id = '{ada}'",
        "opted out": f"UPDATE contacts SET marketing_opt_out = true WHERE id = '{ada}'",
    }

    def act(words: str) -> None:
        if words.startswith("comparing"):
            acme.sql(changes[how])

    report = acme.run_telling(act)

    assert (report["counts"]["added"], report["counts"]["updated"], report["counts"]["suppressed"]) == (1, 0, 1)
    assert acme.api.members()["ada@example.com"]["first_name"] == "Ada"
    assert standing(report) == 1
    assert listed(acme) == {"ada@example.com": (ada, "opted_out" if how == "opted out" else "out_of_scope")}


def test_a_new_contact_that_is_deleted_before_its_push_is_not_added(acme: Installation) -> None:
    new = acme.add("new@example.com")
    acme.add("other@example.com")

    def act(words: str) -> None:
        if words.startswith("comparing"):
            acme.sql("DELETE FROM contacts WHERE id = CAST(%s AS uuid)", new)

    report = acme.run_telling(act)

    assert (report["counts"]["added"], standing(report)) == (1, 0)
    assert "new@example.com" not in acme.api.members()
    assert listed(acme) == {}


def test_a_duplicate_that_goes_leaves_a_member_whom_the_other_wants(acme: Installation) -> None:
    twin = acme.add("ada@example.com", first_name="Twin")
    acme.run()
    for one, column in ((twin, "deleted_at"), (contact_id(acme, "bob"), "deleted_at")):
        acme.change(one, **{column: "now"})

    report = acme.run()

    assert (standing(report), report["standing"]["list"]["from_crm"]) == (1, 2)
    assert set(listed(acme)) == {"bob@example.com"}


def test_the_other_of_two_duplicates_takes_over(acme: Installation) -> None:
    ada = contact_id(acme, "ada")
    twin = acme.add("ada@example.com", first_name="Twin")
    acme.run()

    for gone, name in ((ada, "Twin"), (twin, "Ada")):
        acme.sql("UPDATE contacts SET deleted_at = CASE WHEN id::text = %s THEN now() END WHERE email ~ '^ada'", gone)
        report = acme.run()
        assert standing(report) == 0
        assert listed(acme) == {}
        assert acme.api.members()["ada@example.com"]["first_name"] == name


def test_an_opt_out_of_one_of_two_duplicates_counts_for_their_address(acme: Installation) -> None:
    ada = contact_id(acme, "ada")
    acme.add("ada@example.com", marketing_opt_out=True)

    report = acme.run()

    assert standing(report) == 1
    assert listed(acme)["ada@example.com"] == (ada, "opted_out")


def test_the_old_address_of_who_took_anothers_is_told_as_moved_away(acme: Installation) -> None:
    acme.sql("DELETE FROM contacts WHERE email = 'bob@example.com'")
    acme.change(contact_id(acme, "ada"), email="bob@example.com")

    report = acme.run("acme", "--full")

    assert standing(report) == 1
    assert list(listed(acme).values()) == [("", "moved_away")]
    member = acme.api.members()["ada@example.com"]["contact_id"]
    assert (acme.folder / "still.csv").read_text(encoding="utf-8").splitlines()[1].startswith(member)


def test_strangers_and_who_is_wanted_or_off_are_not_told(acme: Installation) -> None:
    door = acme.api.door
    door.contact(action="create", email="stranger@example.com", list_id=acme.api.list_id)
    acme.change(contact_id(acme, "ada"), deleted_at="now")
    acme.change(contact_id(acme, "bob"), deleted_at="now")
    door.contact(action="unsubscribe", email="bob@example.com")

    report = acme.run("acme", "--full")

    assert report["standing"]["list"] == {"members": 3, "from_crm": 1, "still_on_list": 1, "others": 1}
    assert set(listed(acme)) == {"ada@example.com"}


def write_still(acme: Installation, file: str) -> Said:
    return acme.say("status", "acme", "--still-on-list", file)


def test_the_file_is_for_nobody_else_and_no_cell_is_a_formula(installation: Installation) -> None:
    for local in ("=1+1", "+2", "-3", "ada"):
        installation.add(f"{local}@example.com")
    installation.connect()
    assert installation.run()["counts"]["added"] == 4
    installation.sql("UPDATE contacts SET deleted_at = now()")
    installation.run()

    assert set(listed(installation)) == {
        "'=1+1@example.com", "'+2@example.com", "'-3@example.com", "ada@example.com",
    }  # fmt: skip
    file = installation.folder / "still.csv"
    assert file.stat().st_mode & 0o777 == 0o600
    head, *rows = file.read_bytes().decode().split("\r\n")
    assert head == "member_id,email,contact_id,reason,since"
    assert len(rows) == 5


def test_the_file_is_of_one_connection(acme: Installation) -> None:
    said = acme.say("status", "--still-on-list", "still.csv")

    assert_refused(said, 2, "--still-on-list is of one connection", "reconciler status NAME")
    assert not Path(acme.folder / "still.csv").exists()
