"""Invented people: the same for the same number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.simulator.clock import read_time
from reconciler.simulator.definitions import BEGINNING
from reconciler.simulator.rows import RowReader
from reconciler.simulator.state import NEWSLETTER, Account

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST: Final = (
    "Aster",
    "Briar",
    "Clover",
    "Dahlia",
    "Elder",
    "Fern",
    "Hazel",
    "Ivy",
    "Juniper",
    "Laurel",
    "Rowan",
)
_LAST: Final = (
    "Bank",
    "Brook",
    "Dale",
    "Field",
    "Ford",
    "Hill",
    "Lake",
    "Marsh",
    "Mead",
    "Moor",
    "Stone",
    "Wood",
    "Wells",
)
_CITIES: Final = ("Eastbrook", "Northfield", "Southmoor", "Westlake")


def person(number: int) -> dict[str, object]:
    """Make up a person, as a row of an import."""
    return {
        "email": f"person{number:06d}@example.com",
        "first_name": _FIRST[number % len(_FIRST)],
        "last_name": _LAST[number % len(_LAST)],
        "phone": f"555-555-{number % 10_000:04d}",
        "street": f"{number} Garden Road",
        "city": _CITIES[number % len(_CITIES)],
        "state": "MA",
        "zip": f"{number % 100_000:05d}",
        "country": "United States",
        "cf:customer_id": f"C{number:06d}",
    }


def new_people(account: Account, count: int) -> Iterator[dict[str, object]]:
    """Make up so many people whom the account doesn't have."""
    number = len(account.live.contacts)
    while count > 0:
        number += 1
        row = person(number)
        if account.live.by_address(str(row["email"])) is None:
            count -= 1
            yield row


def fill(account: Account, count: int) -> None:
    """Put so many invented people on the newsletter, a minute apart and long ago."""
    reader, at = RowReader(account.custom_field_ids()), read_time(BEGINNING)
    for number, row in enumerate(new_people(account, count)):
        account.create(str(row["email"]), reader.read(row), (NEWSLETTER,), "implicit", at + 60 * number)
