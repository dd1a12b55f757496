"""Who is due: one statement, whatever the number of connections, and as much of each as its turn needs."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler.ledger import ages
from reconciler.ledger.due import due, everybody
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.ledger.database import Ledger

EVERY = 300.0


@pytest.fixture
def db(ledger_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ledger_url, autocommit=True) as db:
        yield db


def ticked(db: psycopg.Connection[Any], name: str, seconds_ago: float, settings: str = "{}") -> int:
    """A connection with a tick so long ago."""
    number = a_connection(db, name)
    db.execute(
        "UPDATE reconciler.connections SET last_tick_at = reconciler.clock() - make_interval(secs => %s), settings = %s"
        " WHERE connection_id = %s",
        (seconds_ago, settings, number),
    )
    return number


def names(ledger: Ledger) -> list[str]:
    with ledger.transaction() as tx:
        return [one.name for one in due(tx, EVERY)]


def test_who_never_had_a_tick_or_whose_interval_has_gone_by_is_due(ledger: Ledger, db: psycopg.Connection[Any]) -> None:
    a_connection(db, "never")
    ticked(db, "late", EVERY)
    ticked(db, "early", EVERY * 0.89)
    ticked(db, "own", 60, '{"interval_seconds": 60}')
    ticked(db, "rare", EVERY, '{"interval_seconds": 3600}')
    ticked(db, "none of its own", EVERY, '{"interval_seconds": 0}')

    assert names(ledger) == ["late", "never", "none of its own", "own"]
    with ledger.transaction() as tx:
        assert {one.name: one.interval for one in due(tx, EVERY)}["own"] == 60
        assert len(everybody(tx)) == 6


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reconciler.connections SET paused_at = now()",
        "UPDATE reconciler.connections SET quarantined_at = now(), next_attempt_at = now() + interval '1 hour'",
        (
            "INSERT INTO reconciler.leases SELECT connection_id, 1, 'another', now() + interval '1 minute'"
            " FROM reconciler.connections"
        ),
    ],
)
def test_who_is_paused_or_waits_in_quarantine_or_runs_is_not_due(
    ledger: Ledger, db: psycopg.Connection[Any], change: str
) -> None:
    ticked(db, "acme", EVERY)
    assert names(ledger) == ["acme"]

    db.execute(change)

    assert names(ledger) == []


def test_those_that_ticked_in_one_second_fall_due_over_a_tenth_of_the_interval(
    ledger: Ledger, db: psycopg.Connection[Any]
) -> None:
    for number in range(40):
        ticked(db, f"c{number}", 0)

    found = []
    for seconds in (269, 278, 285, 292, 301):
        db.execute(
            "UPDATE reconciler.connections SET last_tick_at = reconciler.clock() - make_interval(secs => %s)",
            (seconds,),
        )
        found.append(len(names(ledger)))

    assert found[0] == 0
    assert all(4 < later - before < 16 for before, later in itertools.pairwise(found))
    assert found[-1] == 40


def test_a_turn_is_told_by_what_it_needs_and_a_promise_is_each_one_s_own(
    ledger: Ledger, db: psycopg.Connection[Any]
) -> None:
    ticked(db, "acme", EVERY)
    ticked(db, "own", 60, '{"interval_seconds": 60}')
    db.execute("UPDATE reconciler.connections SET waiting = 7, failures = 2 WHERE name = 'acme'")
    db.execute("UPDATE reconciler.accounts SET key_fingerprint = '\\x0102' WHERE encoded_account_id = 'acme'")

    with ledger.transaction() as tx:
        (acme, _) = due(tx, EVERY)
        ages.promise(tx, EVERY)
        promised = {one.name: one.every_seconds for one in ages.of_all(tx)}

    told = dataclasses.asdict(acme)
    assert (told["key"], told["waiting"], told["is_failing"], told["interval"]) == (b"\x01\x02", 7, True, EVERY)
    assert promised == {"acme": EVERY, "own": 60}
