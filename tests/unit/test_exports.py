from __future__ import annotations

import json

import pytest

from reconciler.constant_contact import exports
from reconciler.constant_contact.packed import Packed

ONE = "00000000-0000-4000-8000-000000000001"
TWO = "00000000-0000-4000-8000-00000000000A"


def ids(text: str) -> list[str] | None:
    found = exports.contact_ids(Packed([text.encode()]).lines)
    if found is None:
        return None
    read = list(found)
    assert len(found) == len(read)
    assert list(found) == read  # as often as somebody asks
    return read


def test_the_request_names_the_one_list() -> None:
    assert json.loads(exports.request(ONE)) == {"list_ids": [ONE]}
    assert json.loads(exports.request(ONE, mailable=True)) == {"list_ids": [ONE], "status": "active"}


@pytest.mark.parametrize(
    "header", ["contact_id", "Contact ID", "CONTACT_ID", "contact id", "Contact UUID", " contactId "]
)
def test_the_column_of_ids_is_found_by_its_header(header: str) -> None:
    assert ids(f"Email address,{header}\r\na@example.com,{ONE}\r\n") == [ONE]


def test_ids_are_given_in_the_order_of_the_file() -> None:
    assert ids(f"contact_id\n{TWO}\n{ONE}\n") == [TWO, ONE]


def test_an_export_without_rows_is_an_empty_list() -> None:
    assert ids("contact_id\n") == []


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert ids(f"\ufeffcontact_id\n{ONE}\n") == [ONE]


def test_commas_and_line_ends_inside_quotes_are_no_ends() -> None:
    assert ids(f'name,contact_id\n"Lee, Ann\nof Rome",{ONE}\n') == [ONE]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Email address,First name\na@example.com,Ann\n",
        f"contact_id,Contact ID\n{ONE},{ONE}\n",
        f"id\n{ONE}\n",
        "contact_id\nnot-an-id\n",
        f"contact_id,name\n{ONE},Ann\n,Bob\n",
        f"name,contact_id\nAnn,{ONE}\nBob\n",
        "<html><body>Service Unavailable</body></html>",
        f"contact_id,name\n{ONE},{'x' * 200_000}\n",
    ],
)
def test_what_is_not_understood_is_no_evidence(text: str) -> None:
    assert ids(text) is None
