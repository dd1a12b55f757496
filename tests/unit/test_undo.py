"""What takes a run back: the old values as Constant Contact's own import takes them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.undo import Done, Undo


def changed(field: str, before: str, after: str, **present: str) -> Done:
    return Done("17", "ada@example.com", field, before, after, {field: after, **present}, is_as_left=True)


def imported(*done: Done) -> dict[str, str]:
    header, [row] = Undo(done).import_table()
    return dict(zip(header, row, strict=True))


def test_each_person_has_one_line_with_the_columns_that_are_needed_in_a_fixed_order() -> None:
    bob = Done("18", "bob@example.com", "cf_Club", "Gold", "Silver", {"cf_Club": "Silver"}, is_as_left=True)
    header, rows = Undo([changed("mobile_phone", "1", "2"), changed("first_name", "Ada", "A"), bob]).import_table()

    assert header == ("Email Address", "First Name", "Phone Number - Mobile", "Club")
    assert rows == [("ada@example.com", "Ada", "1", ""), ("bob@example.com", "", "", "Gold")]


def test_an_address_goes_whole_because_an_import_may_take_it_whole() -> None:
    found = imported(changed("home_city", "London", "Paris", home_street="1 Dorset Street", work_city="Rome"))

    assert found == {
        "Email Address": "ada@example.com",
        "Home Address Line 1": "1 Dorset Street",
        "Home City": "London",
    }


def test_a_birthday_is_one_column_without_its_year_also_where_half_of_it_has_changed() -> None:
    found = imported(changed("birthday_day", "31", "30", birthday_month="5"))

    assert found == {"Email Address": "ada@example.com", "Birthday": "31-May"}


def test_what_no_import_puts_back_is_in_no_file_for_one() -> None:
    blank = changed("first_name", "", "Ada")
    gone = Done("17", "ada@example.com", "last_name", "Byron", "King", None, is_as_left=True)
    newer = Done("17", "ada@example.com", "job_title", "Countess", "Lady", {"job_title": "Poet"}, is_as_left=False)

    undo = Undo([blank, gone, newer, changed("email", "a@example.com", "ada@example.com")])

    assert undo.put_back == []
    assert undo.import_table() == (("Email Address",), [])
    assert [row[5].startswith("no: ") for row in undo.fields_table()] == [True] * 4


def test_who_was_added_is_no_changed_field() -> None:
    added = Done("17", "ada@example.com", None, "", "", None, is_as_left=False)

    assert (Undo([added]).added, Undo([added]).changed) == (["ada@example.com"], [])


def test_for_the_crm_is_only_what_it_is_known_to_have_had_itself() -> None:
    known = replace(changed("job_title", "Countess (there)", "Lady"), crm_before="Countess")
    blank = replace(changed("last_name", "", "Byron"), crm_before="")
    unknown = changed("company_name", "", "Engines")
    moved = replace(changed("first_name", "Bob", "Ada"), crm_before="Augusta", moved_from="a@example.com")

    undo = Undo([known, blank, unknown, moved])

    assert undo.for_crm == [known, blank]
    assert undo.moved == [moved]
    assert [tuple(row[-2:]) for row in undo.fields_table()] == [
        ("Countess", "yes"),
        ("", "yes"),
        ("", "no: not known to have been changed in the CRM"),
        ("Augusta", "no: the address moved from a@example.com to another member, whose value it was"),
    ]
