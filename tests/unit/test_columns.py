"""An export's columns are found by people who are known, whatever they are called; what stays unclear is left out."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import TYPE_CHECKING

import pytest

from reconciler.constant_contact.columns import columns_of
from reconciler.constant_contact.wire import Mapped
from reconciler.domain import Member, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

LIST = "06526938-56dd-11e9-932a-fa163e9ec6a5"
MAPPED = Mapped(LIST, ("first_name", "phone", "home_city", "cf_tier"), {"tier": "x"}, {"tier": "string"})
HEADER = ("Contact ID", "a", "b", "c", "d", "Work phone", "Other phone", "Other city", "Home city", "Tier", "Updated")
LATER = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


def person(number: int, **fields: str) -> Member:
    return Member(
        f"00000000-0000-4000-8000-{number:012d}",
        Status.IMPLICIT,
        on_list=True,
        address=f"p{number}@example.com",
        fields={"first_name": f"First{number}"} | fields,
        updated_at=LATER + dt.timedelta(seconds=number),
    )


def row(member: Member, **cells: str) -> list[str]:
    """As an export shows them; the third and the fifth column are somebody's guess."""
    shown = dict.fromkeys(HEADER, "") | {
        "Contact ID": member.member_id.upper(),
        "a": member.address,
        "b": " " + member.fields.get("first_name", ""),
        "c": "implicit",
        "Other phone": member.fields.get("phone", ""),
        "Home city": member.fields.get("home_city", ""),
        "Tier": member.fields.get("cf_tier", ""),
        "Updated": member.updated_at.isoformat() if member.updated_at else "",
    }
    return list((shown | {name.replace("_", " "): cell for name, cell in cells.items()}).values())


def read(known: Sequence[Member], *rows: Sequence[str]) -> list[Member | None] | None:
    """What an export of those known, and these rows, shows of the latter."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *map(row, known), *rows])
    columns = columns_of(io.StringIO(text.getvalue()), known, MAPPED)
    return list(columns.members(io.StringIO(text.getvalue()), MAPPED))[len(known) :] if columns else None


KNOWN = [person(number, phone=f"555-{number}", home_city=f"City{number}") for number in range(40)]


def test_columns_are_found_by_what_they_show_whatever_they_are_called() -> None:
    other = person(900, phone="212-555-0100", home_city="Brno", cf_tier="gold")

    assert read(KNOWN, row(other)) == [other]


def test_a_field_that_nobody_known_has_is_found_among_empty_columns_by_its_words() -> None:
    other = person(900, cf_tier="gold")

    assert read(KNOWN, row(other, Work_phone="1", Other_city="Graz")) == [other]


def test_who_is_not_shown_clearly_is_told_as_nobody() -> None:
    strangers = [person(number) for number in range(40)]
    header_without_its_words = person(900)

    found = read(strangers, row(header_without_its_words, c="implicit", d="guess"), row(person(901))[:-1])

    assert found == [header_without_its_words, None]


def test_of_two_columns_that_agreed_and_now_differ_neither_is_believed() -> None:
    text = io.StringIO()
    csv.writer(text).writerows(
        [
            ["contact_id", "mail", "x", "y"],
            *[[m.member_id, m.address, f"First{n}", f"First{n}"] for n, m in enumerate(KNOWN)],
        ]
    )
    mapped = Mapped(LIST, ("first_name",))
    columns = columns_of(io.StringIO(text.getvalue()), KNOWN, mapped)

    assert columns is not None
    new = f"{person(900).member_id},new@example.com"
    found = list(columns.members(["header\n", f"{new},Ada,Ada\n", f"{new},Ada,Bob\n"], mapped))
    assert [member and member.fields for member in found] == [{"first_name": "Ada"}, None]
    assert found[0] is not None
    assert found[0].updated_at is None


@pytest.mark.parametrize(
    "known",
    [
        KNOWN[:19],
        [],
        [*KNOWN, person(50, first_name="Another")],
    ],
)
def test_an_export_that_too_few_or_somebody_else_explain_is_not_understood(known: Sequence[Member]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *map(row, KNOWN), row(person(50))])

    assert columns_of(io.StringIO(text.getvalue()), known, MAPPED) is None


def test_who_may_not_be_mailed_explains_nothing() -> None:
    off = Member(KNOWN[0].member_id, Status.UNSUBSCRIBED, on_list=True, address="other@example.com")
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *map(row, KNOWN)])

    assert columns_of(io.StringIO(text.getvalue()), [off, *KNOWN[1:]], MAPPED) is not None


@pytest.mark.parametrize("text", ["", "id,name\n", "<html></html>", "contact_id,x\n" + "y" * 200_000])
def test_what_is_no_export_is_not_understood(text: str) -> None:
    assert columns_of(io.StringIO(text), KNOWN, MAPPED) is None
