"""A list as somebody names it: by its id, or by the address of its page."""

from __future__ import annotations

import pytest

from reconciler.checks import NoSuchList, as_uuid

ID = "06526938-56dd-11e9-932a-fa163e9ec6a5"
OTHER = "16526938-56dd-11e9-932a-fa163e9ec6a5"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f" {ID.upper()} ",
        ID.replace("-", ""),
        f"https://app.constantcontact.com/pages/contacts/ui#lists/{ID}?sort=name",
        f"https://example.com/lists/{ID}/{ID}",
    ],
)
def test_a_list_is_found_by_its_id_and_by_the_address_of_its_page(text: str) -> None:
    assert as_uuid(text) == ID


@pytest.mark.parametrize("text", ["", "Newsletter", f"{ID}5", f"a{ID}", f"https://example.com/{OTHER}/{ID}", ID[:-1]])
def test_what_names_no_list_or_two_is_refused_with_how_an_id_looks(text: str) -> None:
    with pytest.raises(NoSuchList) as refused:
        as_uuid(text)
    assert ID in refused.value.advice
