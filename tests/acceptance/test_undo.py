"""A run can be taken back by hand: with the files of `report --undo`, and the recipe as its document has it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from reconciler.demo import usual_script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.installation import Installation, Said

_RECIPE: Final = Path(__file__).resolve().parents[2] / "docs" / "howto" / "undo-a-run.md"
_WRONG: Final = {"company": "Wrong Ltd", "mobile": "555-0000", "job_title": "Wrong", "first_name": "Wrong"}
#: What the web page of Constant Contact's import makes of its headings.
_OF_THE_PAGE: Final = {
    "Email Address": "email",
    "First Name": "first_name",
    "Job Title": "job_title",
    "Company": "company_name",
    "Phone Number - Mobile": "mobile_phone",
    "Home Address Line 1": "home_street",
    "Home City": "home_city",
}


def recipe(language: str) -> str:
    """The one block of this language in the document."""
    [block] = re.findall(rf"^```{language}\n(.*?)^```", _RECIPE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(block)


def undo(acme: Installation, run: Mapping[str, Any]) -> Said:
    return acme.say("report", str(run["run_id"]), "--undo", "undo.csv")


def cells(acme: Installation, name: str) -> list[list[str]]:
    with (acme.folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def put_back_in_crm(acme: Installation) -> None:
    """The document's statements, as psql would run them."""
    before, copy, after = re.split(r"^\\(copy .*)$", recipe("sql"), flags=re.MULTILINE)
    statement = re.fullmatch(r"copy (undo) FROM '(.*)' (WITH .*)", copy)
    assert statement
    with psycopg.connect(acme.url) as db, db.cursor() as cursor:
        db.execute(before)
        with cursor.copy(f"COPY {statement[1]} FROM STDIN {statement[3]}") as stream:
            stream.write((acme.folder / statement[2]).read_bytes())
        db.execute(after)


def put_back_by_import(acme: Installation) -> None:
    """The document's command, and an import into a list made for this, as by hand on the web page."""
    command = recipe("sh").replace("python3", sys.executable, 1)
    subprocess.run(["/bin/sh", "-c", command], cwd=acme.folder, check=True)  # noqa: S603 - the document's
    header, *rows = cells(acme, "import.csv")
    people = [{_OF_THE_PAGE[name]: cell for name, cell in zip(header, row, strict=True) if cell} for row in rows]
    own_list = acme.api.door.list(action="create", name="Undo")["list_id"]
    api = usual_script.Api(acme.api.url, acme.api.access_token, pause_seconds=0)
    api.post("/activities/contacts_json_import", {"import_data": people, "list_ids": [own_list]})


def there(acme: Installation) -> dict[str, dict[str, Any]]:
    """What the list's members have there, without what is of no contact's own."""
    names = ("contact_id", "first_name", "last_name", "job_title", "company_name")
    return {
        address: {
            **{name: member.get(name) for name in names},
            "phones": sorted((phone["kind"], phone["phone_number"]) for phone in member.get("phone_numbers", ())),
            "streets": [(place.get("street"), place.get("city")) for place in member.get("street_addresses", ())],
        }
        for address, member in acme.api.members().items()
    }


def in_crm(acme: Installation) -> list[tuple[Any, ...]]:
    return acme.sql(
        "SELECT id::text, email, first_name, last_name, job_title, company, mobile, street, city"
        " FROM contacts ORDER BY id"
    )


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Both sides agree on three people, whose values are such as a spreadsheet would take for formulas."""
    installation.connect()
    ada = {
        "first_name": "Ada",
        "last_name": "Byron",
        "job_title": "=2+5",
        "company": "'Engines'",
        "mobile": "+1 5550142",
    }
    installation.add("ada@example.com", **ada, street="1, Dorset Street", city="London")
    bob = {"first_name": "O'Bob", "job_title": '@home "and" away', "company": "-Sub", "mobile": "555-0199"}
    installation.add("bob@example.com", **bob)
    installation.add("eve@example.com", first_name="Eve", job_title="''", company="Eve & Co", mobile="555-0111")
    assert installation.run()["counts"]["added"] == 3
    return installation


def test_a_wrong_change_of_the_crm_is_taken_back_by_the_recipe(acme: Installation) -> None:
    crm, before = in_crm(acme), there(acme)
    ids = {email: contact_id for contact_id, email, *_ in crm}
    for contact_id in ids.values():
        acme.change(contact_id, **_WRONG)
    acme.change(ids["ada@example.com"], street="2 Wrong Street", city="Paris")
    acme.change(ids["bob@example.com"], email="bob.new@example.com")
    run = acme.run()
    assert (run["counts"]["updated"], run["state"]) == (3, "completed")

    said = undo(acme, run)
    put_back_in_crm(acme)
    following = acme.run()

    assert said.code == 0, said.err
    assert in_crm(acme) == crm
    assert following["counts"]["updated"] == 3
    assert there(acme) == before
    assert acme.run()["state"] == "nothing_to_do"


def test_what_a_first_sync_overwrote_is_taken_back_by_an_import_and_stays(installation: Installation) -> None:
    door, list_id = installation.api.door, installation.api.list_id
    cared_for = {
        "first_name": "Ada",
        "company_name": "=Engines",
        "job_title": "'Countess",
        "mobile_phone": "+1 5550142",
    }
    cared_for |= {"home_street": "1, Dorset Street", "home_city": "London"}
    door.contact(action="create", email="ada@example.com", list_id=list_id, fields=cared_for)
    door.contact(action="create", email="bob@example.com", fields={"company_name": "Bob & Sons"})
    before = there(installation)
    installation.connect()
    wrong = {"company": "Engines Ltd", "job_title": "Lady", "mobile": "555-0000", "first_name": "Augusta"}
    installation.add("ada@example.com", **wrong, city="Paris")
    installation.add("bob@example.com", company="Sons of Bob")
    run = installation.run()

    undo(installation, run)
    put_back_by_import(installation)
    following = installation.run("acme", "--full")

    assert cells(installation, "undo-added.csv") == [["bob@example.com"]]
    assert there(installation)["ada@example.com"] == before["ada@example.com"]
    assert there(installation)["bob@example.com"]["company_name"] == "Bob & Sons"
    assert (following["counts"]["updated"], following["drift"]) == (0, {"members": 2})


def test_whom_the_run_added_is_taken_off_and_never_put_back(acme: Installation) -> None:
    before = there(acme)
    acme.add("new@example.com", company="New Ltd")
    acme.add("+plus@example.com", company="Plus Ltd")
    run = acme.run()

    said = undo(acme, run)
    added = [cell.removeprefix("'") for [cell] in cells(acme, "undo-added.csv")]
    for address in added:
        acme.api.door.contact(action="leave_list", email=address, list_id=acme.api.list_id)

    assert sorted(added) == ["+plus@example.com", "new@example.com"]
    assert "added 2 contacts to the list: undo-added.csv." in said.err
    assert cells(acme, "undo-fields.csv")[1:] == []
    assert acme.run("acme", "--full")["counts"]["added"] == 0
    # So soon after a push of ours an absence proves nothing yet; nobody is put back meanwhile.
    acme.later(20)
    following = [acme.run("acme", "--full") for _ in range(2)][-1]
    assert following["suppressed"] == {"left_list": 2}
    assert there(acme) == before


def test_what_no_import_can_put_back_is_named_with_the_reason(acme: Installation) -> None:
    ids = {email: contact_id for contact_id, email, *_ in in_crm(acme)}
    acme.change(ids["ada@example.com"], last_name="King", company="King Ltd", email="ada.king@example.com")
    acme.change(ids["bob@example.com"], last_name="Builder", company="Bob Ltd", mobile="555-0000")
    acme.change(ids["eve@example.com"], company="Eve Ltd")
    run = acme.run()
    acme.api.door.contact(action="change", email="bob@example.com", fields={"company_name": "Changed There"})
    acme.api.door.contact(action="leave_list", email="eve@example.com", list_id=acme.api.list_id)
    acme.later(20)
    acme.run("acme", "--full")

    undo(acme, run)

    _, *rows = cells(acme, "undo-fields.csv")
    told = {(email, field): by_import for _, email, field, _, _, by_import, _, _ in rows}
    assert told == {
        ("ada.king@example.com", "email"): "no: an import knows people by their address, and can't change it",
        ("ada.king@example.com", "company_name"): "yes",
        ("ada.king@example.com", "last_name"): "yes",
        ("bob@example.com", "company_name"): "no: changed there since",
        (
            "bob@example.com",
            "last_name",
        ): "no: it was blank, and an import leaves a field alone that is blank in the file",
        ("bob@example.com", "mobile_phone"): "yes",
        ("eve@example.com", "company_name"): "no: not on the list now",
    }
    header, *people = cells(acme, "undo.csv")
    assert header == ["Email Address", "Last Name", "Company", "Phone Number - Mobile"]
    assert sorted(people) == [
        ["ada.king@example.com", "Byron", "''Engines'", ""],
        ["bob@example.com", "", "", "555-0199"],
    ]


def test_the_recipe_leaves_alone_what_the_crm_has_changed_since(acme: Installation) -> None:
    ids = {email: contact_id for contact_id, email, *_ in in_crm(acme)}
    acme.change(ids["ada@example.com"], **_WRONG)
    undo(acme, acme.run())
    acme.change(ids["ada@example.com"], company="Right Ltd", last_name="King")

    put_back_in_crm(acme)

    [row] = [row for row in in_crm(acme) if row[1] == "ada@example.com"]
    assert row[2:7] == ("Ada", "King", "=2+5", "Right Ltd", "+1 5550142")


def test_a_run_that_changed_nothing_says_so_and_writes_nothing(acme: Installation) -> None:
    said = undo(acme, acme.run("acme", "--full"))

    assert (said.code, said.out) == (0, "")
    assert "added nobody and changed nothing" in said.err
    assert list(acme.folder.glob("undo*")) == []


def test_a_run_whose_rows_have_expired_can_not_be_undone_and_says_why(acme: Installation) -> None:
    acme.add("new@example.com")
    run = acme.run()
    acme.later(31 * 24 * 60)
    acme.run()

    said = undo(acme, run)

    assert said.code == 2
    assert f"what run {run['run_id']} changed is no longer known: its rows were deleted on 20" in said.err
    assert "rows_kept_days" in said.err
    assert list(acme.folder.glob("undo*")) == []


def test_the_files_are_for_their_owner_only_and_take_the_place_of_those_of_another_run(acme: Installation) -> None:
    acme.add("new@example.com")
    added = acme.run()
    [contact_id] = [row[0] for row in in_crm(acme) if row[1] == "eve@example.com"]
    acme.change(contact_id, company="Eve Ltd")
    changed = acme.run()
    (acme.folder / "undo.csv").write_text("somebody's", encoding="utf-8")

    undo(acme, added)
    undo(acme, changed)

    assert cells(acme, "undo-added.csv") == []
    assert cells(acme, "undo.csv") == [["Email Address", "Company"], ["eve@example.com", "Eve & Co"]]
    assert {file.stat().st_mode & 0o777 for file in acme.folder.glob("undo*")} == {0o600}


def test_who_was_in_doubt_is_told_and_belongs_to_the_run_that_found_out(acme: Installation) -> None:
    acme.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    acme.add("new@example.com")
    sent = acme.run()

    said = undo(acme, sent)
    acme.later(5)
    undo(acme, acme.run())

    assert "In doubt when it ended: 1 contact." in said.err
    assert cells(acme, "undo-added.csv") == [["new@example.com"]]
