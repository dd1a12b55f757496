"""Nothing ping-pongs: however Constant Contact shows the values, the run after a sync finds nothing to do."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

PHONES = (
    "5550100123",
    "(555) 010-0124",
    "+1 555 010 0125",
    "1-555-010-0126",
    "555.010.0127",
    " 555 010  0128 ",
    "555-010-0129 ext 5",
    "+49 30 901820",
    "0049 30 901821",
)
NAMES = (
    "ada",
    "ADA",
    "McLove",
    "van der Berg",
    "o'neil",
    "anne-marie",
    "K.C.",
    "éva",
    "  Ada   Maria ",
    "ǆ",
    "ß",
    "İnci",
)
STATES = ("Illinois", "illinois", "IL", " New  York ", "NEW YORK", "Île-de-France", "Puerto Rico", "Washington")
ADDRESSES = ("Person.{}@Example.com", "PERSON{}@EXAMPLE.COM", " person{}@example.com ", "person+{}@example.com")
ALL_ON = dict.fromkeys(("fold_names", "trim", "abbreviate_states", "lower_case_addresses"), True)


def corpus(installation: Installation, name: str = "person") -> int:
    """A contact for each odd phone, name, state and address; says how many."""
    people: list[dict[str, Any]] = [{"phone": phone} for phone in PHONES]
    people += [{"first_name": name, "last_name": name.swapcase()} for name in NAMES]
    places = {"city": " Spring  field", "street": "1 Main St ", "postal_code": "04 101"}
    people += [{"state": state, **places} for state in STATES]
    people += [{"company": "  ACME   inc. ", "job_title": "head OF sales\t", "mobile": PHONES[1]} for _ in ADDRESSES]
    for number, columns in enumerate(people):
        installation.add(ADDRESSES[number % len(ADDRESSES)].format(f"{name}{number}"), **columns)
    return len(people)


def test_the_second_run_after_a_sync_is_silent(installation: Installation) -> None:
    """For each combination of the switches, with people of its own, because it is the write that reformats.

    The form of phones has nothing to do with the others: it goes round.
    """
    installation.connect()
    installation.say("set", "acme", "guard_least=10000")  # so many in a day are meant
    everybody = 0
    formats = itertools.cycle(("us_dashes", "digits", "none"))
    for turned, phones in zip(itertools.product((False, True), repeat=len(ALL_ON)), formats, strict=False):
        switches = {"phone_format": phones, **dict(zip(ALL_ON, turned, strict=True))}
        installation.api.door.switch(**switches)
        count = corpus(installation, f"r{everybody}.")
        everybody += count
        first, second = installation.run(), installation.run()

        assert (first["state"], first["counts"]["added"], first["field_refused"]) == ("completed", count, 0), switches
        assert (second["state"], second["api"]["calls"]) == ("nothing_to_do", 0), switches

    full = installation.run("acme", "--full")

    assert (full["state"], full["counts"]["unchanged"], full["drift"]["members"]) == ("nothing_to_do", everybody, 0)
    assert len(installation.api.imported()) == everybody
    assert installation.run()["api"]["calls"] == 0


def test_who_is_touched_again_without_a_change_is_silent_too(installation: Installation) -> None:
    installation.api.door.switch(phone_format="digits", **ALL_ON)
    count = corpus(installation)
    installation.connect()
    installation.run()

    installation.sql("UPDATE contacts SET updated_at = now() + interval '1 minute'")

    report = installation.run()
    assert (report["counts"]["read"], report["counts"]["unchanged"], report["api"]["calls"]) == (count, count, 0)


def test_one_field_that_changes_is_all_that_is_sent(installation: Installation) -> None:
    installation.api.door.switch(phone_format="digits", **ALL_ON)
    corpus(installation)
    everything = {
        "first_name": "ada",
        "phone": PHONES[1],
        "state": "Illinois",
        "company": " ACME ",
        "city": "springfield",
    }
    ada = installation.add("Ada@Example.com", **everything)
    installation.connect()
    installation.run()
    installation.change(ada, company="Acme & Sons")

    report = installation.run()

    assert installation.rows(report["run_id"]) == [(ada, "update", "company_name", "verified", "")]
    assert installation.run()["api"]["calls"] == 0
