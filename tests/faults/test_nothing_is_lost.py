"""What loses changes elsewhere: each through the program's own extraction, by all three windows.

What `overlap` can't see is found by the next sweep; where it can, no sweep is done.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import statements
from reconciler.crm import Snapshot
from reconciler.errors import SourceShrunk
from reconciler.window import Mode
from tests.faults.test_extraction_stress import SAGE, Beside, a_crm, copied, reload
from tests.faults.writers import load
from tests.garden_centre import load_garden_centre

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.ledger.database import Ledger
    from tests.installation import Installation

WITHOUT_TRIGGER = "DROP TRIGGER contacts_set_updated_at ON contacts"
CHANGE = "UPDATE contacts SET first_name = %s WHERE email = %s"
MOMENT = "2026-10-01 12:00Z"
FOUND_BY_ITSELF = (Mode.XMIN, Mode.WHOLE)


@pytest.fixture(params=Mode)
def mode(request: pytest.FixtureRequest) -> Mode:
    found: Mode = request.param
    return found


@pytest.fixture
def beside(ledger: Ledger, database_url: str, mode: Mode) -> Beside:
    """A hundred contacts that were changed yesterday, and read since. The window has no overlap: late is too late."""
    load(database_url, 100)
    made = Beside(database_url, copied(ledger, a_crm(database_url), mode, overlap_seconds=0))
    made.poll()
    return made


def test_ten_thousand_rows_of_one_moment_that_are_changed_in_two_transactions_arrive(beside: Beside) -> None:
    """Of the very moment, in fact, that the last reading is said to have come to."""
    load(beside.url, 9_900)
    beside.sql(WITHOUT_TRIGGER)
    beside.sql("UPDATE contacts SET updated_at = %s", MOMENT)
    beside.copied.poll("daily_sweep")

    with psycopg.connect(beside.url) as first, psycopg.connect(beside.url) as second:
        second.execute("UPDATE contacts SET first_name = 'second' WHERE email LIKE '%5@%'")
        first.execute("UPDATE contacts SET first_name = 'first' WHERE email LIKE '%0@%'")
        for each in (first, second):
            each.commit()
            beside.had_read_until(MOMENT)
            assert beside.poll().changed == 1000

    assert beside.lost == set()


def test_whatever_time_a_change_bears_it_arrives_and_so_does_an_ordinary_one_after_it(beside: Beside) -> None:
    beside.sql(WITHOUT_TRIGGER)
    beside.sql("ALTER TABLE contacts ALTER COLUMN updated_at DROP NOT NULL")
    for name in ("once", "twice"):
        for number, time in enumerate(("2099-01-01", None, "infinity", "-infinity", "1000-01-01 BC", "1970-01-01"), 1):
            changed = f"UPDATE contacts SET first_name = '{name}', updated_at = %s WHERE email = %s"
            beside.sql(changed, time, f"loaded{number}@example.com")
        beside.sql("UPDATE contacts SET first_name = %s, updated_at = now() WHERE email LIKE 'loaded7@%%'", name)
        beside.poll()
        # Nobody sees by its time that a row has changed which says 1970.
        assert len(beside.lost) == (1 if beside.copied.name == Mode.OVERLAP else 0)
        beside.poll(and_sweep=True)
        assert beside.lost == set()


#: What the clock on the wall shows, and which moment it is; from 3:00 the clocks go back to 2:00.
AUTUMN = [
    ("01:59", "2026-10-24 23:59Z"),
    ("02:30", "2026-10-25 00:30Z"),
    ("02:31", "2026-10-25 00:31Z"),
    ("02:29", "2026-10-25 01:29Z"),
    ("02:30", "2026-10-25 01:30Z"),
    ("02:59", "2026-10-25 01:59Z"),
    ("03:00", "2026-10-25 02:00Z"),
]


def test_no_change_of_the_hour_that_happens_twice_is_lost(ledger: Ledger, database_url: str, mode: Mode) -> None:
    load(database_url, 10)
    with psycopg.connect(database_url) as db:
        db.execute("ALTER TABLE contacts ADD COLUMN changed timestamp NOT NULL DEFAULT '2026-10-01'")
    local = SAGE.replace("updated_at AS", "changed AT TIME ZONE 'Europe/Berlin' AS")
    beside = Beside(database_url, copied(ledger, a_crm(database_url), mode, local, overlap_seconds=0))
    beside.poll()
    until = "2026-10-24 23:58Z"
    for number, (shown, moment) in enumerate(AUTUMN, 1):
        beside.had_read_until(until)
        changed = "UPDATE contacts SET first_name = 'new', changed = %s WHERE email = %s"
        beside.sql(changed, f"2026-10-25 {shown}", f"loaded{number}@example.com")
        beside.poll()
        assert beside.lost == set()
        until = moment


@pytest.mark.parametrize("command", ["VACUUM (FREEZE)", "VACUUM (FULL)", "VACUUM (FULL, FREEZE)"])
def test_a_change_is_found_though_its_row_was_frozen_or_moved_since(beside: Beside, command: str) -> None:
    beside.sql(CHANGE, "new", "loaded1@example.com")
    beside.sql(f"{command} contacts")
    beside.poll()
    assert beside.lost == set()

    beside.sql(f"{command} contacts")
    assert beside.poll().read == (100 if beside.copied.name == Mode.WHOLE else 0)


def test_a_table_that_is_emptied_and_loaded_again_is_read_again(beside: Beside) -> None:
    beside.sql(WITHOUT_TRIGGER)
    with psycopg.connect(beside.url) as db:
        reload(db)

    beside.poll()
    assert (beside.lost == set()) == (beside.copied.name in FOUND_BY_ITSELF)
    beside.poll(and_sweep=True)
    assert beside.lost == set()


def test_a_table_that_is_emptied_and_loaded_between_the_snapshot_and_the_reading_loses_nothing(
    beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRUNCATE is seen at once, and what is loaded after it is not: the table looks empty, though it never was."""
    columns = Snapshot.columns

    def interrupted(snapshot: Snapshot, statement: str) -> Any:
        with psycopg.connect(beside.url) as db:
            reload(db)
        return columns(snapshot, statement)

    is_whole = beside.copied.name == Mode.WHOLE
    with monkeypatch.context() as patch, pytest.raises(SourceShrunk) if is_whole else contextlib.nullcontext():
        patch.setattr(Snapshot, "columns", interrupted)
        assert beside.poll().read == 0
    beside.poll()

    assert beside.lost == set()
    assert len(beside.copied.mirror()) == 100


@contextlib.contextmanager
def left_open(db: psycopg.Connection[Any]) -> Iterator[None]:
    db.execute(CHANGE, ("late", "loaded1@example.com"))
    yield
    db.commit()


@contextlib.contextmanager
def prepared(db: psycopg.Connection[Any]) -> Iterator[None]:
    db.tpc_begin("late")
    db.execute(CHANGE, ("late", "loaded1@example.com"))
    db.tpc_prepare()
    yield
    db.tpc_commit()


@contextlib.contextmanager
def in_savepoints(db: psycopg.Connection[Any]) -> Iterator[None]:
    """The row bears the number of its savepoint, not of its transaction; so many are not all remembered by a server."""
    for number in range(100):
        db.execute(f"SAVEPOINT s{number}".encode())
        db.execute(CHANGE, ("late", f"loaded{number + 1}@example.com"))
    db.execute("ROLLBACK TO SAVEPOINT s90")
    db.execute("RELEASE SAVEPOINT s1")
    yield
    db.commit()


LATE = [left_open, prepared, in_savepoints]


@pytest.mark.parametrize("late", LATE)
def test_what_is_committed_two_runs_late_arrives(beside: Beside, late: Callable[..., Any]) -> None:
    with psycopg.connect(beside.url) as db, late(db):
        for _ in range(2):
            beside.sql("INSERT INTO contacts (workspace, email) VALUES ('acme', NULL)")
            beside.poll()

    beside.poll()
    assert (beside.lost == set()) == (beside.copied.name in FOUND_BY_ITSELF)
    beside.poll(and_sweep=True)
    assert beside.lost == set()


@pytest.mark.parametrize("age", ["least(-5, age(xmin))", "CAST(NULL AS integer)"])
def test_a_row_whose_age_says_nothing_is_read_every_time(ledger: Ledger, database_url: str, age: str) -> None:
    """Negative is the age of a joined row of 2^31 transactions ago: `least` prefers it to that of a fresh one."""
    load(database_url, 10)
    odd = SAGE.replace("age(xmin) AS", f"CASE WHEN email LIKE 'loaded1%' THEN {age} ELSE age(xmin) END AS")
    beside = Beside(database_url, copied(ledger, a_crm(database_url), Mode.XMIN, odd))
    beside.poll()

    assert [beside.poll().read, beside.poll().read] == [2, 2]
    beside.sql(CHANGE, "new", "loaded1@example.com")
    beside.sql(CHANGE, "new", "loaded2@example.com")
    assert beside.poll().changed == 2
    assert beside.lost == set()


JOINED = statements.read("crm/examples/adventureworks")
_PHONES, _PLACES = ("cell", "work", "home"), ("home", "shipping")
#: Person 9001 has everything, 9002 has nothing. What is new has the number in it.
CHANGES = [
    "UPDATE person SET first_name = 'n{}', modified_at = {now} WHERE person_id = 9001",
    "INSERT INTO person VALUES (9003, 'n{}', NULL, {now})",
    "UPDATE email_address SET email = 'n{}@example.com', modified_at = {now} WHERE person_id = 9001",
    "INSERT INTO email_address VALUES (9002, 'n{}@example.com', {now})",
    *(f"UPDATE person_phone SET phone_number = '{{}}', modified_at = {{now}}"
      f" WHERE person_id = 9001 AND phone_type = '{kind}'" for kind in _PHONES),
    *(f"INSERT INTO person_phone VALUES (9002, '{{}}', '{kind}', {{now}})" for kind in _PHONES),
    *(f"UPDATE person_address SET city = 'n{{}}', modified_at = {{now}}"
      f" WHERE person_id = 9001 AND address_type = '{kind}'" for kind in _PLACES),
    ("DELETE FROM person_phone WHERE person_id = 9002 AND phone_type = 'work'; UPDATE person_phone SET"
     " phone_type = 'work', phone_number = '{}', modified_at = {now} WHERE person_id = 9002 AND phone_type = 'cell'"),
    *(f"INSERT INTO person_address VALUES (9002, '{kind}', 'n{{}}', NULL, 'Brno', '', '60200', 'CZ', {{now}})"
      for kind in _PLACES),
]  # fmt: skip


def test_a_change_of_any_one_of_the_joined_tables_is_found_and_a_deletion_by_the_sweep(
    ledger: Ledger, database_url: str, mode: Mode
) -> None:
    with psycopg.connect(database_url) as db:
        load_garden_centre(db)
        db.execute("INSERT INTO person SELECT i, 'Ann', NULL, '2019-05-04' FROM unnest(ARRAY[9001, 9002]) AS i")
        for change in CHANGES:
            if change.startswith("INSERT") and "9002" in change:
                db.execute(change.replace("9002", "9001").format("old", now="'2019-05-04'").encode())
    way = copied(ledger, a_crm(database_url), mode, JOINED, overlap_seconds=0)
    assert way.poll().read == 402
    for number, change in enumerate(CHANGES, 5550100):
        with psycopg.connect(database_url) as db:
            db.execute(change.format(number, now="timezone('UTC', clock_timestamp())").encode())
        assert (way.poll().changed, _copies_with(ledger, str(number))) == (1, 1), change

    with psycopg.connect(database_url) as db:
        db.execute("DELETE FROM person_phone WHERE person_id = 9001 AND phone_type = 'cell'")
    found, swept = way.poll(), way.poll("daily_sweep")
    seen = [found.changed, swept.changed, swept.recovered_late]
    assert seen == ([1, 0, 0] if mode == Mode.WHOLE else [0, 1, 1])


def test_a_late_commit_gets_to_the_list_by_the_whole_program(installation: Installation, mode: Mode) -> None:
    _connect(installation, mode, 3)
    with psycopg.connect(installation.url) as db:
        db.execute(CHANGE, ("late", "loaded1@example.com"))
        for address in ("bob@example.com", "eve@example.com"):
            installation.add(address)
            assert installation.run()["state"] == "completed"

    reports = [installation.run(), installation.run("acme", "--full")]

    is_swept = mode == Mode.OVERLAP
    assert [report["counts"]["updated"] for report in reports] == ([0, 1] if is_swept else [1, 0])
    assert [report["window"]["recovered_late"] for report in reports] == [0, int(is_swept)]
    assert installation.api.members()["loaded1@example.com"]["first_name"] == "late"


def test_who_vanished_from_a_dump_that_was_loaded_is_found_by_the_sweep_and_stays_on_the_list(
    installation: Installation, mode: Mode
) -> None:
    _connect(installation, mode, 30)
    with psycopg.connect(installation.url) as db:
        db.execute(WITHOUT_TRIGGER)
        reload(db, vanished="%1@%")

    first, swept = installation.run(), installation.run("acme", "--full")

    assert first["counts"]["updated"] + swept["counts"]["updated"] == 3
    vanished = [report["suppressed"].get("out_of_scope", 0) for report in (first, swept)]
    assert vanished == ([3, 0] if mode == Mode.WHOLE else [0, 3])
    assert len(members := installation.api.members()) == 30
    assert {members[f"loaded{number}@example.com"]["first_name"] for number in (2, 12, 22)} == {"reloaded"}


def _connect(installation: Installation, mode: Mode, count: int) -> None:
    load(installation.url, count)
    assert installation.connect().code == 0
    assert installation.say("set", "acme", f"window={mode}", "overlap_seconds=0").code == 0
    assert installation.run()["counts"]["added"] == count


def _copies_with(ledger: Ledger, text: str) -> int:
    with ledger.transaction() as tx:
        found = "SELECT count(*) FROM reconciler.contacts WHERE address || CAST(fields AS text) LIKE %s"
        return int(tx.exec_driver_sql(found, (f"%{text}%",)).scalar_one())
