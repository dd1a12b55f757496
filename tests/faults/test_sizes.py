"""Faults 34 and 69: nobody, one, and more than one import takes, by count and by bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
MOST_BYTES = 4_000_000
MOST_CONTACTS = 40_000
FILL = """
    INSERT INTO contacts (workspace, email, first_name, last_name, job_title, company, street)
    SELECT 'acme', 'p' || n || '@example.com', 'First' || n, repeat(CAST(%(letter)s AS text), 40),
           repeat(%(letter)s, 40), repeat(%(letter)s, 40), repeat(%(letter)s, 250)
    FROM generate_series(1, %(count)s) AS n
"""


def imports(installation: Installation) -> list[dict[str, Any]]:
    history = installation.api.door.state(contacts=False, history=100_000)["history"]
    return [asked for asked in history if asked["operation"] == "bulkImportContactsJSON"]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (21, [20, 1])])
def test_nobody_is_no_import_and_one_too_many_goes_in_another(
    installation: Installation, count: int, sizes: list[int]
) -> None:
    for number in range(count):
        installation.add(f"p{number}@example.com")
    assert installation.connect().code == 0
    assert installation.say("set", "acme", "batch_contacts=20").code == 0

    report = installation.run()

    assert report["counts"]["added"] == count
    assert [len(asked["emails"]) for asked in imports(installation)] == sizes
    assert len(installation.api.members()) == count
    assert installation.run()["api"]["calls"] == 0


@pytest.mark.parametrize(
    ("count", "letter", "at_least"),
    [
        # Letters of two bytes: it is bytes that are counted.
        (4_800, "ü", 2),
        pytest.param(MOST_CONTACTS + 1, "", 2, marks=[pytest.mark.soak, pytest.mark.timeout(1200)]),
    ],
)
def test_what_constant_contact_would_cut_off_without_a_word_goes_in_another_import(
    installation: Installation, count: int, letter: str, at_least: int
) -> None:
    assert installation.connect().code == 0
    with psycopg.connect(installation.url) as db:
        db.execute(FILL, {"count": count, "letter": letter})

    report = installation.run()

    sent = imports(installation)
    assert (report["state"], report["counts"]["added"]) == ("completed", count)
    assert len(sent) >= at_least
    assert max(asked["bytes"] for asked in sent) <= MOST_BYTES
    assert max(len(asked["emails"]) for asked in sent) <= MOST_CONTACTS
    assert sent[0]["bytes"] > 0.99 * MOST_BYTES or len(sent[0]["emails"]) == MOST_CONTACTS
    members = installation.api.members()
    assert len(members) == count
    if letter:
        assert {member["street_addresses"][0]["street"] for member in members.values()} == {letter * 250}
