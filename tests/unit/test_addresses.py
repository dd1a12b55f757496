"""Addresses: what is decided without the library is what the library would have decided."""

from __future__ import annotations

import email_validator
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler import addresses

LETTERS = st.sampled_from("aZ0.-_+'@x\u00fc\u212a ")
MADE_UP = st.builds(
    "{}@{}.{}".format,
    st.text(LETTERS, max_size=70) | st.sampled_from(["Sales", "ABUSE", "sales", "www", "a" * 64, "a" * 65]),
    st.text(LETTERS, max_size=12),
    st.sampled_from(["com", "COM", "test", "local", "invalid", "x--y", "c-", "1", "arpa", "museum"]),
)


def by_the_library(text: str) -> str:
    try:
        return email_validator.validate_email(text, check_deliverability=False).normalized
    except email_validator.EmailNotValidError:
        return ""


@given(MADE_UP | st.emails() | st.text(max_size=40))
@example("Postmaster@EXAMPLE.com")
@example("ann@example.com.")
@example("ann@.example.com")
@example("ann..lee@example.com")
@example("ann@xn--bcher-kva.de")
def test_an_address_is_usable_in_the_form_that_the_library_gives_it_or_not_at_all(text: str) -> None:
    trimmed = text.strip()
    found, fault = addresses.usable(trimmed)

    assert found == (by_the_library(trimmed) if len(trimmed) <= addresses.LONGEST else "")
    assert bool(found) is not bool(fault)


@pytest.mark.parametrize("text", ["ann@example.com", "Ann.O'Neil+news@Example.COM"])
def test_plain_addresses_of_a_known_domain_are_not_taken_apart(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses.usable(text)

    monkeypatch.setattr(email_validator, "validate_email", None)
    assert addresses.usable(text)[0]
