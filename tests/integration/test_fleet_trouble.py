"""What might go wrong between workers, one thing at a time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import fleet
from reconciler.database_url import parse
from reconciler.errors import SchemaError
from reconciler.fleet import Doing, Fleet, Manner, Place
from reconciler.ledger import ages, queue, schema
from reconciler.ledger.database import Ledger
from reconciler.ledger.schedules import Room
from reconciler.secret import Secret
from tests.crowd import until
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procrastinate import App

EVERY = 300.0


@pytest.fixture
def db(ledger: Ledger, ledger_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A ledger with its queue, and two connections."""
    fleet.apply_schema(ledger)
    with psycopg.connect(ledger_url, autocommit=True) as db:
        db.execute("SET search_path TO reconciler_queue")  # its triggers look for its tables there
        for name in ("acme", "other"):
            a_connection(db, name)
        yield db


@pytest.fixture
def working(ledger: Ledger, ledger_url: str) -> Fleet:
    return Fleet(ledger, Manner(1, EVERY, Room(100, 2, 100), Place(Secret(ledger_url))), Doing(lambda _: True))


def claimed(db: psycopg.Connection[Any], working: Fleet) -> list[str]:
    """Claim as a worker does; gives who is in the queue then."""
    working._claim()
    found = db.execute("SELECT args ->> 'name' FROM procrastinate_jobs ORDER BY 1")
    return [name for (name,) in found]


def promised(db: psycopg.Connection[Any]) -> dict[str, float | None]:
    return dict(db.execute("SELECT name, every_seconds FROM reconciler.connections").fetchall())


def test_who_stands_still_while_changing_a_connection_keeps_no_other_waiting(
    ledger: Ledger, db: psycopg.Connection[Any], ledger_url: str
) -> None:
    with psycopg.connect(ledger_url) as still:
        still.execute("UPDATE reconciler.connections SET waiting = 1 WHERE name = 'acme'")
        with ledger.transaction() as tx:
            tx.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
            ages.promise(tx, EVERY)
        assert promised(db) == {"acme": None, "other": EVERY}

    with ledger.transaction() as tx:
        ages.promise(tx, EVERY)

    assert promised(db) == {"acme": EVERY, "other": EVERY}


def test_who_is_told_to_stop_before_it_works_begins_nothing_and_after_it_nothing_happens(
    db: psycopg.Connection[Any], working: Fleet
) -> None:
    working.stop_soon()
    ended = threading.Thread(target=working.work, daemon=True)
    ended.start()
    ended.join(10)

    assert not ended.is_alive()
    working.stop_soon()
    assert db.execute("SELECT count(*) FROM procrastinate_jobs").fetchall() == [(0,)]


def test_what_a_dead_worker_had_under_way_keeps_no_later_task_of_its_connection_waiting(
    db: psycopg.Connection[Any], working: Fleet
) -> None:
    for status in ("doing", "todo"):
        db.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock, args, status)"
            f" VALUES ('reconciler', 'reconciler.run', 'connection 1', 'connection 1', '{{}}', '{status}')"
        )

    asyncio.run(_take_over(working))

    assert db.execute("SELECT status FROM procrastinate_jobs").fetchall() == [("todo",)]


async def _take_over(working: Fleet) -> None:
    app: App = working._app()
    async with app.open_async():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(working._take_over_on_and_on(app), 1)


def test_who_holds_the_queue_s_tables_is_given_way_to_while_they_are_changed(
    ledger: Ledger, db: psycopg.Connection[Any], ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "_LOCK_SECONDS", 0.1)
    migrations = {**fleet._migrations(), "99": "ALTER TABLE procrastinate_jobs ADD COLUMN more integer"}
    with psycopg.connect(ledger_url) as other:
        other.execute("SELECT FROM reconciler_queue.procrastinate_jobs")
        kept: list[float] = []

        def sleep(seconds: float) -> None:
            """Workers go on meanwhile, and in the end let go."""
            kept.append(seconds)
            db.execute("SET lock_timeout = '1s'")
            db.execute("SELECT FROM procrastinate_jobs")
            if len(kept) == 2:
                other.rollback()

        assert queue.apply(ledger, "", migrations, sleep) == ["99"]
    assert len(kept) == 2


def test_queue_tables_that_are_older_than_the_program_are_named(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    with ledger.transaction() as tx:
        fleet.must_be_up_to_date(tx)

    db.execute("DELETE FROM applied WHERE name ~ '^03.04.*pre'")

    with ledger.transaction() as tx, pytest.raises(SchemaError, match=r"03\.04\.00_01_pre_\w+ not applied") as refused:
        fleet.must_be_up_to_date(tx)
    assert refused.value.advice == "run `reconciler schema apply`"


def test_another_program_s_queue_is_not_taken_for_ours(
    ledger: Ledger, db: psycopg.Connection[Any], ledger_url: str
) -> None:
    db.execute("CREATE TABLE public.procrastinate_jobs ()")
    found = []
    for path in ("public, reconciler_queue", "reconciler_queue, public"):
        db.execute(f"ALTER DATABASE {db.info.dbname} SET search_path TO {path}")
        with contextlib.closing(Ledger(parse(ledger_url))) as there, there.transaction() as tx:
            found.append(queue.is_found(tx))

    assert found == [False, True]


def test_those_that_fail_get_no_more_than_their_part_of_the_places_however_long_they_are_due(
    db: psycopg.Connection[Any], working: Fleet
) -> None:
    for number in range(5):
        a_connection(db, f"failing {number}")
    db.execute("UPDATE reconciler.accounts SET key_fingerprint = CAST(encoded_account_id AS bytea)")
    db.execute("UPDATE reconciler.connections SET failures = 1 WHERE name ~ 'failing'")
    db.execute(
        "UPDATE reconciler.schedules AS s SET due_at = s.due_at - interval '1 hour' FROM reconciler.connections AS c"
        " WHERE c.connection_id = s.connection_id AND c.failures > 0"
    )

    assert claimed(db, working) == ["acme", "failing 0", "other"]
    assert claimed(db, working) == ["acme", "failing 0", "other"]
    db.execute("DELETE FROM procrastinate_jobs")
    assert claimed(db, working) == ["failing 1"]


def test_those_that_fail_keep_no_other_of_their_key_waiting(db: psycopg.Connection[Any], working: Fleet) -> None:
    for number in range(3):
        a_connection(db, f"failing {number}")
    db.execute("UPDATE reconciler.connections SET failures = 1 WHERE name ~ 'failing'")
    db.execute(
        "UPDATE reconciler.schedules AS s SET due_at = s.due_at - interval '1 hour' FROM reconciler.connections AS c"
        " WHERE c.connection_id = s.connection_id AND c.failures > 0"
    )

    assert claimed(db, working) == ["acme", "failing 0"]


def test_who_waits_in_quarantine_is_passed_over_until_its_time(db: psycopg.Connection[Any], working: Fleet) -> None:
    db.execute(
        "UPDATE reconciler.connections SET failures = 3, quarantined_at = now(), next_attempt_at = now() + i.pause"
        " FROM (VALUES ('acme', interval '1 hour'), ('other', interval '-1 second')) AS i (name, pause)"
        " WHERE i.name = connections.name"
    )

    assert claimed(db, working) == ["other"]


def test_a_long_run_keeps_no_others_waiting_where_its_worker_has_lost_its_place(
    ledger: Ledger, db: psycopg.Connection[Any], ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "_LOOK_SECONDS", 0.1)
    monkeypatch.setattr(fleet, "_PATIENCE_SECONDS", (0.1, 1.0))
    db.execute("UPDATE reconciler.accounts SET key_fingerprint = CAST(encoded_account_id AS bytea)")
    db.execute("UPDATE reconciler.schedules SET due_at = 'infinity' WHERE connection_id > 1")
    begun, ends = dict.fromkeys(("acme", "other"), 0), threading.Event()

    def run(name: str) -> bool:
        """The first one has the lease."""
        begun[name] += 1
        return name == "other" or (begun[name] == 1 and ends.wait(60))

    manner = Manner(2, EVERY, Room(100, 2, 100), Place(Secret(ledger_url)))
    working = Fleet(ledger, manner, Doing(run))
    thread = threading.Thread(target=working.work)
    thread.start()
    try:
        until(lambda: begun["acme"])
        db.execute("DELETE FROM procrastinate_workers")  # as another worker does where one stands still
        until(lambda: db.execute("SELECT FROM procrastinate_jobs WHERE worker_id IS NULL").rowcount)
        db.execute("UPDATE reconciler.schedules SET due_at = now() WHERE connection_id > 1")
        until(lambda: begun["other"])
        assert not ends.is_set()
    finally:
        ends.set()
        working.stop_soon()
        thread.join(20)
    assert not thread.is_alive()
    assert begun["other"] == 1


def test_who_ends_what_is_under_way_gives_signs_of_life_until_it_has_ended(
    ledger: Ledger, db: psycopg.Connection[Any], ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "_HEARTBEAT_SECONDS", 0.1)
    begun, ends = threading.Event(), threading.Event()

    def run(_: str) -> bool:
        begun.set()
        return ends.wait(60)

    def last_sign() -> list[tuple[Any, ...]]:
        return db.execute("SELECT last_heartbeat FROM procrastinate_workers").fetchall()

    working = Fleet(ledger, Manner(1, EVERY, Room(100, 2, 100), Place(Secret(ledger_url))), Doing(run))
    thread = threading.Thread(target=working.work)
    thread.start()
    try:
        assert begun.wait(20)
        working.stop_soon()
        until(lambda: working._ending)
        seen = last_sign()
        until(lambda: last_sign() > seen)
    finally:
        ends.set()
        thread.join(20)
    assert not thread.is_alive()
    assert last_sign() == []
