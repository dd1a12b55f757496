"""An invented CRM of the shape of AdventureWorks, for those who do not have the samples."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from reconciler.demo import people
from tests.crm_samples import ADVENTUREWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg

CUSTOMERS: Final = 400
_SEED: Final = 7
#: A watermark's overlap is over before: nothing of this is read a second time.
_LONG_AGO: Final = dt.datetime(2019, 5, 4, 12)  # noqa: DTZ001 - the tables' columns have no zone


def load_garden_centre(conn: psycopg.Connection[Any]) -> None:
    """Make and fill the four tables, and commit."""
    conn.execute(ADVENTUREWORKS)
    plain = [person for person in people.people(CUSTOMERS * 2, _SEED) if person.group == people.PLAIN][:CUSTOMERS]
    numbered = list(enumerate(plain, start=1))
    # Constant Contact takes titles of 50 characters: here nothing is too long, and everything has to arrive.
    _copy(conn, "person", [(number, one.first_name, one.job_title and one.job_title[:50]) for number, one in numbered])
    _copy(conn, "email_address", [(number, one.email) for number, one in numbered])
    _copy(conn, "person_phone", [row for number, one in numbered for row in _phones(number, one)])
    _copy(conn, "person_address", [row for number, one in numbered for row in _addresses(number, one)])
    conn.commit()


def _phones(number: int, person: people.Person) -> list[tuple[object, ...]]:
    """Nobody, one or two phones; whoever has neither a landline nor a mobile gets none."""
    landline = "work" if person.company else "home"
    kinds = {"cell": person.mobile, landline: person.phone}
    return [(number, phone, kind) for kind, phone in kinds.items() if phone]


def _addresses(number: int, person: people.Person) -> list[tuple[object, ...]]:
    """At home for those who have an address; every fifth of them has plants sent somewhere else."""
    if person.street is None:
        return []
    rest = (person.city, person.state or "", person.postal_code, person.country)
    home = (number, "home", person.street, None, *rest)
    shipping = (number, "shipping", person.street, f"Gate {number}", *rest)
    return [home, shipping] if number % 5 == 0 else [home]


def _copy(conn: psycopg.Connection[Any], table: str, rows: Sequence[tuple[object, ...]]) -> None:
    with conn.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row((*row, _LONG_AGO))
