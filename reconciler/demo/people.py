"""Invented contacts for a workspace of the demo: the same seed gives the same people, byte for byte.

Faker's calls are slow, so each locale's pools are drawn once and people are put together from them.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, replace
from importlib import resources
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from faker import Faker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg

SEED: Final = 20261123
PLAIN: Final = "plain"
# What a CRM has besides plain contacts, and how much of it.
SHARES: Final = {
    "no_email": 0.02,
    "duplicate_email": 0.015,
    "invalid_email": 0.01,
    "opted_out": 0.01,
    "deleted": 0.005,
    "long_name": 0.005,
    "blanks_around_name": 0.005,
}
# From here on every group has somebody; fewer people would be nothing but exceptions.
SMALLEST_WITH_ALL_GROUPS: Final = 20

POOL: Final = 120
LONG_NAME: Final = 60
DOMAINS: Final = ("example.com", "example.org", "example.net")

# Letters that Unicode does not decompose to ASCII, each with its reading. Japanese is not among
# them: how a name is read is not seen in how it is written.
READINGS: Final = """
    łl ßss øo đd æae œoe ıi þth ðd
    аa бb вv гh ґg дd еe єie жzh зz иy іi кk лl мm нn оo пp рr сs тt уu фf хkh цts чch шsh щshch ь юiu яia
    αa βv γg δd εe ζz ηi θth ιi κk λl μm νn ξx οo πp ρr σs ςs τt υy φf χch ψps ωo
"""  # noqa: RUF001 - letters that look alike are what this is about
ROMAN: Final = {ord(reading[0]): reading[1:] for reading in READINGS.split()}

COPY: Final = b"""
    COPY contacts (
        workspace, id, email, first_name, last_name, phone, mobile, company, job_title,
        street, city, state, postal_code, country, marketing_opt_out, deleted_at
    ) FROM STDIN
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A row of Sage's table `contacts`; the database knows the workspace and the times.

    `deleted` becomes deleted_at, set to the time of the insert.
    """

    id: UUID
    email: str | None
    first_name: str
    last_name: str
    phone: str | None
    mobile: str | None
    company: str | None
    job_title: str | None
    street: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    marketing_opt_out: bool = False
    deleted: bool = False
    group: str = PLAIN


@dataclass(frozen=True, slots=True)
class _Locale:
    name: str
    weight: int
    countries: tuple[str, ...]
    state: str | None = None


LOCALES: Final = (
    _Locale("en_US", 40, ("United States", "USA", "US"), "state_abbr"),
    _Locale("en_GB", 14, ("United Kingdom", "UK", "GB")),
    _Locale("de_DE", 10, ("Germany", "Deutschland"), "administrative_unit"),
    _Locale("fr_FR", 8, ("France",)),
    _Locale("es_ES", 8, ("Spain", "España"), "administrative_unit"),
    _Locale("pl_PL", 5, ("Poland", "Polska")),
    _Locale("pt_BR", 5, ("Brazil", "Brasil"), "estado_sigla"),
    _Locale("cs_CZ", 3, ("Czechia", "Czech Republic")),
    _Locale("ja_JP", 3, ("Japan",), "administrative_unit"),
    _Locale("el_GR", 2, ("Greece",)),
    _Locale("uk_UA", 2, ("Ukraine",)),
)


class _Pools:
    """What one locale's people are put together from."""

    def __init__(self, locale: _Locale, seed: int) -> None:
        fake = Faker(locale.name)
        fake.seed_instance(f"{seed} {locale.name}")
        self.countries = locale.countries
        self.first_names = _draw(fake.first_name)
        self.last_names = _draw(fake.last_name)
        self.companies = _draw(fake.company)
        self.jobs = _draw(fake.job)
        self.phones = _draw(fake.phone_number)
        self.streets = [" ".join(street.replace("\n", ", ").split()) for street in _draw(fake.street_address)]
        self.cities = _draw(fake.city)
        self.postal_codes = _draw(fake.postcode)
        self.states = _draw(getattr(fake, locale.state)) if locale.state else [None]


def _draw(provider: Callable[[], str]) -> list[str]:
    return [provider() for _ in range(POOL)]


def people(count: int, seed: int = SEED) -> list[Person]:
    """Give `count` contacts; the same count and seed give the same ones."""
    rng = random.Random(seed)  # noqa: S311 - nothing here is secret, and it must be repeatable
    pools = [_Pools(locale, seed) for locale in LOCALES]
    picked = rng.choices(pools, [locale.weight for locale in LOCALES], k=count)
    found = [_plain(number, pool, rng) for number, pool in enumerate(picked, start=1)]
    groups = _groups(count, rng)
    originals = [person for person, group in zip(found, groups, strict=True) if group == PLAIN]
    return [_as_group(person, group, originals, rng) for person, group in zip(found, groups, strict=True)]


def summary(people: Sequence[Person]) -> dict[str, int]:
    """Say how many there are of each group; the groups nobody is in as well."""
    counted = Counter(person.group for person in people)
    return {group: counted[group] for group in (PLAIN, *SHARES)}


def create_tables(conn: psycopg.Connection[Any]) -> None:
    """Make Sage's table and its trigger, unless they are there."""
    conn.execute(resources.files("reconciler.demo").joinpath("sage.sql").read_bytes())


def insert(conn: psycopg.Connection[Any], workspace: str, people: Sequence[Person]) -> None:
    """Put people into a workspace, in the transaction of the connection."""
    with conn.cursor() as cursor, cursor.copy(COPY) as copy:
        for person in people:
            copy.write_row((workspace, *_row(person)))


_COLUMNS: Final = tuple(f.name for f in fields(Person) if f.name not in {"deleted", "group"})


def _row(person: Person) -> tuple[object, ...]:
    # PostgreSQL reads the word as the transaction's time, the same that created_at gets.
    deleted_at = "now" if person.deleted else None
    return (*(getattr(person, name) for name in _COLUMNS), deleted_at)


def _groups(count: int, rng: random.Random) -> list[str]:
    least = 1 if count >= SMALLEST_WITH_ALL_GROUPS else 0
    groups = [group for group, share in SHARES.items() for _ in range(max(least, round(count * share)))]
    groups += [PLAIN] * (count - len(groups))
    rng.shuffle(groups)
    return groups


def _plain(number: int, pool: _Pools, rng: random.Random) -> Person:
    first_name, last_name = rng.choice(pool.first_names), rng.choice(pool.last_names)
    at_home = rng.random() < 0.7  # noqa: PLR2004 - an address is whole or not there
    return Person(
        id=UUID(int=rng.getrandbits(128), version=4),
        email=f"{_local_part(first_name, last_name)}{number}@{rng.choice(DOMAINS)}",
        first_name=first_name,
        last_name=last_name,
        phone=_maybe(0.7, _phone(pool, rng), rng),
        mobile=_maybe(0.5, _phone(pool, rng), rng),
        company=_maybe(0.6, rng.choice(pool.companies), rng),
        job_title=_maybe(0.6, rng.choice(pool.jobs), rng),
        street=rng.choice(pool.streets) if at_home else None,
        city=rng.choice(pool.cities) if at_home else None,
        state=rng.choice(pool.states) if at_home else None,
        postal_code=rng.choice(pool.postal_codes) if at_home else None,
        country=rng.choice(pool.countries) if at_home else None,
    )


def _maybe(share: float, value: str, rng: random.Random) -> str | None:
    return value if rng.random() < share else None


def _phone(pool: _Pools, rng: random.Random) -> str:
    """Give a number in one of the locale's ways of writing it, with an ending of its own."""
    return re.sub(r"\d(?=\D*(?:\d\D*)?$)", lambda _: str(rng.randrange(10)), rng.choice(pool.phones))


def _local_part(first_name: str, last_name: str) -> str:
    words = (_roman(name) for name in (first_name, last_name))
    return ".".join(word for word in words if word) or "contact"


def _roman(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.lower()).translate(ROMAN)
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())


def _as_group(person: Person, group: str, originals: list[Person], rng: random.Random) -> Person:
    match group:
        case "no_email":
            person = replace(person, email=None)
        case "duplicate_email":
            person = _duplicate(person, rng.choice(originals), rng)
        case "invalid_email":
            person = replace(person, email=_invalid(str(person.email), rng))
        case "opted_out":
            person = replace(person, marketing_opt_out=True)
        case "deleted":
            person = replace(person, deleted=True)
        case "long_name":
            person = replace(person, first_name=_long(person, originals, rng))
        case "blanks_around_name":
            person = replace(person, first_name=f" {person.first_name}", last_name=f"\t{person.last_name}  ")
    return replace(person, group=group)


def _duplicate(person: Person, original: Person, rng: random.Random) -> Person:
    """Give the person the original's address, written in another way; every other one is the same human."""
    email = str(original.email)
    written = rng.choice((email.upper(), email.title(), f" {email}", f"{email} ", f"\t{email.upper()}"))
    if rng.random() < 0.5:  # noqa: PLR2004 - half of them
        return replace(person, email=written)
    return replace(person, email=written, first_name=original.first_name, last_name=original.last_name)


def _invalid(email: str, rng: random.Random) -> str:
    local, domain = email.split("@")
    return rng.choice(
        (
            f"{local}.{domain}",
            f"{local} at {domain}",
            f"{local} @{domain}",
            f"{local}@{domain}.",
            f"{local}.@{domain}",
            f"{local}@{domain.replace('.', ',')}",
            f"{email}, {local}@{DOMAINS[0]}",
            "n/a",
        )
    )


def _long(person: Person, originals: list[Person], rng: random.Random) -> str:
    names = [original.first_name for original in originals if original.first_name.isascii()]
    name = person.first_name
    while len(name) < LONG_NAME:
        name = f"{name} {rng.choice(names or [name])}"
    return name
