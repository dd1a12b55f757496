"""The undo recipe makes the CRM as it was where that is known, and leaves alone what is not known to be its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.test_undo import cells, in_crm, put_back_in_crm, undo

if TYPE_CHECKING:
    from tests.installation import Installation


@pytest.fixture
def agreed(installation: Installation) -> Installation:
    """Both sides agree on three people."""
    installation.connect()
    installation.add("ada@example.com", first_name="Ada", last_name="Byron", job_title="Countess")
    installation.add("bob@example.com", first_name="Bob", company="Bob & Sons")
    installation.add("eve@example.com", first_name="Eve", job_title="''", company="Eve & Co", mobile="555-0111")
    assert installation.run()["counts"]["added"] == 3
    return installation


@pytest.mark.parametrize("is_swapped", [True, False], ids=["swapped", "a member's of no contact"])
def test_the_recipe_gives_no_contact_the_values_of_the_member_that_its_address_moved_to(
    agreed: Installation, *, is_swapped: bool
) -> None:
    agreed.api.door.contact(
        action="create", email="zed@example.com", list_id=agreed.api.list_id, fields={"first_name": "Zed"}
    )
    agreed.run("acme", "--full")
    ids = {email: contact_id for contact_id, email, *_ in in_crm(agreed)}
    agreed.change(ids["ada@example.com"], email="bob@example.com" if is_swapped else "zed@example.com")
    if is_swapped:
        agreed.change(ids["bob@example.com"], email="ada@example.com")
    agreed.change(ids["eve@example.com"], company="Wrong Ltd")
    before = in_crm(agreed)

    said = undo(agreed, agreed.run())
    put_back_in_crm(agreed)

    assert [row for row in in_crm(agreed) if row[0] != ids["eve@example.com"]] == [
        row for row in before if row[0] != ids["eve@example.com"]
    ]
    assert [row[5] for row in in_crm(agreed) if row[1] == "eve@example.com"] == ["Eve & Co"]
    assert " whose address moved to another member: not for the CRM, put these back by hand." in said.err
    moved = {row[0] for row in cells(agreed, "undo-fields.csv") if row[-1].startswith("no: the address moved")}
    assert "from ada@example.com to" in (agreed.folder / "undo-fields.csv").read_text(encoding="utf-8")
    assert moved == {ids["ada@example.com"], *([ids["bob@example.com"]] if is_swapped else [])}


def test_the_recipe_changes_nothing_in_the_crm_after_a_first_sync(installation: Installation) -> None:
    door, list_id = installation.api.door, installation.api.list_id
    door.contact(action="create", email="ada@example.com", list_id=list_id, fields={"first_name": "Augusta"})
    installation.connect()
    installation.add("ada@example.com", first_name="Ada", job_title="Countess")
    before = in_crm(installation)

    said = undo(installation, installation.run())
    put_back_in_crm(installation)

    assert in_crm(installation) == before
    assert "For the CRM are 0 of them" in said.err


def test_the_recipe_leaves_alone_what_the_crm_had_before_the_statement_had_its_column(
    installation: Installation,
) -> None:
    statement = installation.folder / "crm.sql"
    columns = "CAST(id AS text) AS contact_id, email, first_name"
    statement.write_text(f"SELECT {columns} FROM contacts WHERE workspace = :workspace", encoding="utf-8")
    assert installation.connect("acme", "--contacts-sql", str(statement)).code == 0
    ada = installation.add("ada@example.com", first_name="Ada", job_title="Countess")
    installation.run()
    statement.write_text(f"SELECT {columns}, job_title FROM contacts WHERE workspace = :workspace", encoding="utf-8")
    assert installation.connect("acme", "--contacts-sql", str(statement)).code == 0

    run = installation.run()
    undo(installation, run)
    put_back_in_crm(installation)
    after_the_column = in_crm(installation)
    installation.change(ada, job_title="Wrong")
    undo(installation, installation.run())
    put_back_in_crm(installation)

    assert run["counts"]["updated"] == 1
    assert [row[4] for row in (*after_the_column, *in_crm(installation))] == ["Countess", "Countess"]


def test_a_field_that_was_blank_in_the_crm_is_blank_there_again(agreed: Installation) -> None:
    crm = in_crm(agreed)
    [eve] = [row[0] for row in crm if row[1] == "eve@example.com"]
    agreed.change(eve, last_name="Wrong", street="Wrong Street")

    undo(agreed, agreed.run())
    put_back_in_crm(agreed)

    assert in_crm(agreed) == crm


def test_the_crm_has_its_own_value_again_where_constant_contact_had_another(agreed: Installation) -> None:
    crm = in_crm(agreed)
    [eve] = [row[0] for row in crm if row[1] == "eve@example.com"]
    agreed.api.door.contact(action="change", email="eve@example.com", fields={"company_name": "Changed There"})
    agreed.later(20)
    agreed.run("acme", "--full")
    agreed.change(eve, company="Wrong Ltd")

    undo(agreed, agreed.run())
    put_back_in_crm(agreed)

    assert cells(agreed, "undo-fields.csv")[1][3:5] == ["Changed There", "Wrong Ltd"]
    assert in_crm(agreed) == crm


def test_what_the_crm_changed_before_an_earlier_run_is_not_put_back_for_a_later_one(agreed: Installation) -> None:
    [eve] = [row[0] for row in in_crm(agreed) if row[1] == "eve@example.com"]
    agreed.change(eve, company="Right Ltd")
    agreed.run()
    agreed.change(eve, job_title="Wrong")

    undo(agreed, agreed.run())
    put_back_in_crm(agreed)

    assert [row[4:6] for row in in_crm(agreed) if row[0] == eve] == [("''", "Right Ltd")]


@pytest.mark.parametrize("blank", ["\u00a0", "\u2003", "\u3000", "\x1f", "\t\r\n "])
def test_the_recipe_reads_blanks_of_every_kind_as_the_program_does(agreed: Installation, blank: str) -> None:
    crm = in_crm(agreed)
    [eve] = [row[0] for row in crm if row[1] == "eve@example.com"]
    agreed.change(eve, first_name=f"Wro{blank}ng{blank}", company=f"{blank}Wrong {blank} Co")

    undo(agreed, agreed.run())
    put_back_in_crm(agreed)

    assert in_crm(agreed) == crm
