"""A source that blinks: what is missing for one reading is not believed for good, and one trouble hides no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.refusals import assert_refused

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http

PEOPLE = "SELECT *, age(xmin) AS row_age FROM contacts"


def test_a_window_that_reads_nothing_does_not_lift_the_hold_of_an_empty_source(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    installation.sql("CREATE TABLE saved AS SELECT * FROM contacts")
    installation.sql("DELETE FROM contacts")
    assert installation.run("acme", "--full")["reason"] == "source_shrunk"

    installation.say("run", "--all")
    (held,) = installation.say("status", "acme", "--json").json
    installation.sql("INSERT INTO contacts SELECT * FROM saved")
    installation.say("run", "--all")
    (lifted,) = installation.say("status", "acme", "--json").json

    assert held["held"]["reason"] == "source_shrunk"
    assert lifted["held"] is None


def test_a_detour_by_other_trouble_does_not_lift_the_hold_of_a_shrunk_source(installation: Installation) -> None:
    for number in range(10):
        installation.add(f"p{number}@example.com")
    installation.connect()
    installation.run()
    installation.sql("DELETE FROM contacts WHERE email > 'p2'")
    assert installation.run("acme", "--full")["reason"] == "source_shrunk"

    installation.sql("ALTER TABLE contacts RENAME TO away")
    installation.say("run", "--all")
    installation.sql("ALTER TABLE away RENAME TO contacts")
    installation.say("run", "--all")

    (told,) = installation.say("status", "acme", "--json").json
    assert told["held"]["reason"] == "source_shrunk"


def test_trouble_of_the_crm_neither_replaces_nor_lifts_what_constant_contact_holds(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.api.door.fault(operation="getList", fault="status", status=403, body={"error_key": "forbidden"})
    assert installation.run()["reason"] == "forbidden"
    calls = installation.api.calls()

    installation.sql("ALTER TABLE contacts RENAME TO away")
    installation.say("run", "--all")
    installation.sql("ALTER TABLE away RENAME TO contacts")
    installation.say("run", "--all")

    (told,) = installation.say("status", "acme", "--json").json
    assert told["held"]["reason"] == "forbidden"
    assert installation.api.calls() == calls


@pytest.mark.parametrize("window_name", ["xmin", "overlap"])
def test_who_is_missing_only_in_the_reading_before_the_push_is_pushed_by_the_next_run(
    installation: Installation, window_name: str
) -> None:
    installation.sql(f"CREATE VIEW people AS {PEOPLE}")
    (installation.folder / "contacts.sql").write_text(
        "SELECT id AS contact_id, email, first_name, updated_at AS changed_at, row_age FROM people"
    )
    installation.connect("acme", "--contacts-sql", "contacts.sql")
    installation.run()
    installation.say("set", "acme", f"window={window_name}", "overlap_seconds=0")
    for number in range(5):
        installation.add(f"new{number}@example.com")

    def blink(words: str) -> None:
        if words == "comparing both sides":
            installation.sql(f"CREATE OR REPLACE VIEW people AS {PEOPLE} WHERE false")

    assert installation.run_telling(blink)["counts"]["added"] == 0
    installation.sql(f"CREATE OR REPLACE VIEW people AS {PEOPLE}")

    report = installation.run()

    assert report["counts"]["added"] == 5
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert len(installation.api.members()) == 5


def test_many_who_are_missing_right_before_the_push_hold_and_there_is_nothing_to_approve(
    installation: Installation,
) -> None:
    installation.sql(f"CREATE VIEW people AS {PEOPLE}")
    (installation.folder / "contacts.sql").write_text("SELECT id AS contact_id, email, first_name, row_age FROM people")
    for number in range(25):
        installation.add(f"new{number}@example.com")
    installation.connect("acme", "--contacts-sql", "contacts.sql")

    def blink(words: str) -> None:
        if words == "comparing both sides":
            installation.sql(f"CREATE OR REPLACE VIEW people AS {PEOPLE} WHERE false")

    report = installation.run_telling(blink)

    assert (report["state"], report["reason"]) == ("held", "source_shrunk")
    assert "the ones that were about to be pushed" in report["message"]
    assert "approve" not in installation.say("status", "acme").out
    assert_refused(installation.say("approve", str(report["run_id"])), 2, "that is not all of them", "run acme")
    installation.sql(f"CREATE OR REPLACE VIEW people AS {PEOPLE}")
    assert installation.run()["counts"]["added"] == 25


def test_who_is_deleted_right_before_the_push_is_asked_for_once_more_and_no_more(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    installation.add("bob@example.com")

    def delete(words: str) -> None:
        if words == "comparing both sides":
            installation.sql("DELETE FROM contacts WHERE email = 'bob@example.com'")

    installation.run_telling(delete)
    assert installation.sql("SELECT count(*) FROM reconciler.contacts WHERE is_unsure") == [(1,)]
    installation.run()

    assert installation.sql("SELECT count(*) FROM reconciler.contacts WHERE is_unsure") == [(0,)]
    assert set(installation.api.members()) == {"ada@example.com"}
