from __future__ import annotations

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email

from reconciler.demo.people import DOMAINS, PLAIN, SHARES, Person, people, summary

COUNT = 2_000


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return people(COUNT)


def of(crowd: list[Person], group: str) -> list[Person]:
    return [person for person in crowd if person.group == group]


def key(email: str | None) -> str:
    return str(email).strip().lower()


def is_valid(email: str) -> bool:
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError:
        return False
    return True


def test_the_same_seed_gives_the_same_people(crowd: list[Person]) -> None:
    assert repr(people(COUNT)) == repr(crowd)


def test_another_seed_gives_other_people(crowd: list[Person]) -> None:
    assert not {person.id for person in people(50, seed=1)} & {person.id for person in crowd}


@pytest.mark.parametrize("count", [0, 1, 3, 19, 20, 21, 500])
def test_there_are_as_many_people_as_asked_for(count: int) -> None:
    found = people(count)
    assert len(found) == count
    assert sum(summary(found).values()) == count


def test_every_group_has_its_share(crowd: list[Person]) -> None:
    found = summary(crowd)
    assert {group: found[group] for group in SHARES} == {g: round(COUNT * s) for g, s in SHARES.items()}


def test_even_a_small_crowd_has_somebody_of_every_group() -> None:
    assert all(summary(people(20)).values())


def test_identifiers_are_unique(crowd: list[Person]) -> None:
    assert len({person.id for person in crowd}) == COUNT


def test_addresses_are_valid_ascii_at_example_domains(crowd: list[Person]) -> None:
    emails = [key(person.email) for person in crowd if person.group not in {"no_email", "invalid_email"}]
    assert {email.partition("@")[2] for email in emails} == set(DOMAINS)
    assert all(email.isascii() and is_valid(email) for email in emails)


def test_invalid_addresses_are_invalid_and_at_no_real_domain(crowd: list[Person]) -> None:
    emails = [str(person.email) for person in of(crowd, "invalid_email")]
    assert not any(is_valid(email) for email in emails)
    assert all("example" in email for email in emails if email != "n/a")


def test_addresses_are_unique_but_for_the_duplicates(crowd: list[Person]) -> None:
    others = [key(p.email) for p in crowd if p.group not in {"no_email", "invalid_email", "duplicate_email"}]
    assert len(set(others)) == len(others)


def test_a_duplicate_has_a_plain_contacts_address_written_otherwise(crowd: list[Person]) -> None:
    plain = {str(person.email) for person in of(crowd, PLAIN)}
    duplicates = of(crowd, "duplicate_email")
    assert all(key(person.email) in plain and person.email not in plain for person in duplicates)


def test_each_group_is_what_its_name_says(crowd: list[Person]) -> None:
    assert all(person.email is None for person in of(crowd, "no_email"))
    assert all(person.marketing_opt_out for person in of(crowd, "opted_out"))
    assert all(person.deleted for person in of(crowd, "deleted"))
    assert all(len(person.first_name) > 50 for person in of(crowd, "long_name"))
    assert all(p.last_name != p.last_name.strip() for p in of(crowd, "blanks_around_name"))


def test_plain_contacts_are_none_of_the_exceptions(crowd: list[Person]) -> None:
    for person in of(crowd, PLAIN):
        assert person.email
        assert not person.marketing_opt_out
        assert not person.deleted
        assert len(person.first_name) <= 50
        assert person.first_name == person.first_name.strip()


def test_names_come_in_several_scripts(crowd: list[Person]) -> None:
    letters = {letter for person in crowd for letter in person.first_name if letter.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}
    assert scripts >= {"LATIN", "GREEK", "CYRILLIC", "CJK"}


def test_latin_names_have_accents(crowd: list[Person]) -> None:
    names = "".join(person.first_name + person.last_name for person in crowd)
    assert all(letter in names for letter in "éñãäüłč")


def test_no_field_spans_lines(crowd: list[Person]) -> None:
    assert not any("\n" in str(person.street) + str(person.company) for person in crowd)
