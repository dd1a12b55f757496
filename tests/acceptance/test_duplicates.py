"""Several contacts with one address: one is synced, and stays the one until it is no longer wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

FIRST, SECOND = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


def _two(installation: Installation, **first: object) -> None:
    installation.add("ada@example.com", id=FIRST, first_name="Ada", last_name="Love", **first)
    installation.add("Ada@Example.com", id=SECOND, first_name="Augusta")
    assert installation.connect().code == 0


def _name(installation: Installation) -> object:
    (member,) = installation.api.members().values()
    return member["first_name"]


def test_one_of_two_is_synced_and_both_are_named(installation: Installation) -> None:
    _two(installation)

    report = installation.run()

    assert report["counts"]["added"] == report["counts"]["duplicate"] == 1
    assert _name(installation) == "Ada"
    assert (SECOND, "skip", None, "skipped", "duplicate") in installation.rows(report["run_id"])
    (message,) = installation.sql(
        "SELECT message FROM reconciler.run_rows WHERE code = 'duplicate' AND run_id = %s", report["run_id"]
    )
    assert FIRST in message[0]


def test_the_next_takes_over_and_keeps_the_place(installation: Installation) -> None:
    _two(installation)
    installation.run()
    installation.change(FIRST, deleted_at="2026-01-01")

    taken_over = installation.run()

    assert installation.rows(taken_over["run_id"])[0] == (SECOND, "update", "first_name", "verified", "")
    assert _name(installation) == "Augusta"
    installation.change(FIRST, deleted_at=None)
    back = installation.run("acme", "--full")
    assert (back["counts"]["unchanged"], back["counts"]["duplicate"]) == (1, 1)
    assert (FIRST, "skip", None, "skipped", "duplicate") in installation.rows(back["run_id"])
    assert _name(installation) == "Augusta"


def test_who_was_there_first_stays_when_a_lower_id_joins(installation: Installation) -> None:
    _two(installation, deleted_at="2026-01-01")
    installation.run()
    installation.change(SECOND, first_name="Beatrice")
    installation.run()
    installation.change(FIRST, deleted_at=None)

    report = installation.run()

    assert (report["counts"]["updated"], report["counts"]["duplicate"]) == (0, 1)
    assert _name(installation) == "Beatrice"


def test_a_duplicate_that_gets_an_address_of_its_own_is_added(installation: Installation) -> None:
    _two(installation)
    installation.run()
    installation.change(SECOND, email="augusta@example.com")

    report = installation.run()

    assert report["counts"]["added"] == 1
    assert set(installation.api.members()) == {"ada@example.com", "augusta@example.com"}


def test_when_the_synced_one_moves_away_the_next_takes_over(installation: Installation) -> None:
    _two(installation)
    installation.run()
    installation.change(FIRST, email="ada@example.org", first_name="Zoe", last_name="Other")
    # Another name with the new address: another person, so the member is the other contact's now.
    installation.change(SECOND, company="Analytical Engines")

    installation.run()
    installation.run()

    members = installation.api.members()
    assert members["ada@example.com"]["first_name"] == "Augusta"
    assert members["ada@example.org"]["first_name"] == "Zoe"


def test_an_opt_out_of_either_counts_for_both(installation: Installation) -> None:
    _two(installation)
    installation.run()
    before = installation.api.imported()
    installation.change(SECOND, marketing_opt_out=True)
    installation.change(FIRST, first_name="Beatrice")

    report = installation.run()

    assert report["suppressed"] == {"opted_out": 2}
    assert report["standing"]["list"]["still_on_list"] == 1
    messages = dict(installation.sql("SELECT contact_id, message FROM reconciler.run_rows WHERE code = 'opted_out'"))
    assert SECOND in messages[FIRST]
    assert installation.api.imported() == before


def test_a_member_that_is_two_contacts_is_added_once(installation: Installation) -> None:
    """Constant Contact compares addresses without letter case; so do we."""
    _two(installation)

    installation.run()
    installation.run("acme", "--full")

    assert installation.api.imported() == ["ada@example.com"]
