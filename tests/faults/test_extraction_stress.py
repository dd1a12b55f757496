"""The program's own extraction beside brutal writers, and beside two ways to find changes that lose some."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler import statements
from reconciler.crm import Crm
from reconciler.extract import Extraction, extract
from reconciler.ledger import connections
from reconciler.ledger.database import as_json
from reconciler.limits import Limits
from reconciler.window import Mode
from tests.faults.strategies import Mutant, Naive, watched
from tests.faults.writers import SHORT, WORKSPACE, Pace, Writers, committed, load
from tests.servers import server
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.window import Reading
    from tests.faults.strategies import Strategy

SAGE = statements.read("crm/contacts")
SEED = 20261124
SOAKED = (1, 2, 3, 4, 5)
#: So short that it loses what is committed late, until the sweep.
OVERLAP_SECONDS = 0.2
BEHIND = dt.timedelta(seconds=4)
MIRROR = (
    "SELECT contact_id, fields ->> 'first_name' AS first_name FROM reconciler.contacts"
    " WHERE connection_id = %s AND gone_at IS NULL"
)
STORED = "UPDATE reconciler.connections SET statement = %s, columns = %s, workspace = %s WHERE connection_id = %s"
BEGUN = (
    "INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)"
    " VALUES (%s, 1, 'cli', 'incremental', '', reconciler.clock()) RETURNING run_id"
)


@dataclass(frozen=True)
class Copied:
    """The extraction in one window, through a ledger: a connection without a list."""

    ledger: Ledger
    crm: Crm
    connection_id: int
    name: str

    def poll(self, reason: str | None = None) -> Reading:
        """Do what a run does first; with a reason, read everything."""
        with self.ledger.transaction() as tx:
            connection = connections.by_name(tx, self.name)
            assert connection is not None
            return extract(tx, self.crm, connection, self._run_id(tx), _hash_of, Extraction(reason))

    def mirror(self) -> dict[str, str | None]:
        """The first name of each contact that the CRM was last seen to have."""
        with self.ledger.transaction() as tx:
            found = tx.exec_driver_sql(MIRROR, (self.connection_id,))
            return {row.contact_id: row.first_name for row in found}

    def lost(self, truth: Mapping[Any, str]) -> set[Any]:
        """The contacts of whom the mirror does not have the last value."""
        mirror = self.mirror()
        return {contact for contact, value in truth.items() if mirror.get(str(contact)) != value}

    def _run_id(self, tx: Transaction) -> int:
        # The reads of the run before go with it.
        tx.exec_driver_sql("DELETE FROM reconciler.runs WHERE connection_id = %s", (self.connection_id,))
        return int(tx.exec_driver_sql(BEGUN, (self.connection_id,)).scalar_one())


def a_crm(url: str) -> Crm:
    return Crm(urls.parse(url), Limits(), time.monotonic)


def copied(ledger: Ledger, crm: Crm, mode: Mode, statement: str = SAGE, **settings: float) -> Copied:
    """A connection in that window, called as it is, to a CRM that has its tables already."""
    with crm.snapshot() as snapshot:
        columns = {column.name: column.type for column in snapshot.of(WORKSPACE).columns(statement)}
    with ledger.transaction() as tx:
        driver: Any = tx.connection.driver_connection
        connection_id = a_connection(driver, mode.value)
        tx.exec_driver_sql(STORED, (statement, as_json(columns), WORKSPACE, connection_id))
        connections.set_window(tx, connection_id, mode.value, "")
        connections.set_settings(tx, connection_id, settings)
    return Copied(ledger, crm, connection_id, mode.value)


@dataclass(frozen=True)
class Beside:
    """A CRM with Sage's table, and its copy in one window."""

    url: str
    copied: Copied

    @property
    def lost(self) -> set[Any]:
        return self.copied.lost(committed(self.url))

    def sql(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute(statement.encode(), parameters or None)

    def had_read_until(self, moment: str) -> None:
        """Say that the last reading came to just this moment."""
        with self.copied.ledger.transaction() as tx:
            moved = "UPDATE reconciler.watermarks SET until = %s WHERE connection_id = %s"
            tx.exec_driver_sql(moved, (moment, self.copied.connection_id))

    def poll(self, *, and_sweep: bool = False) -> Reading:
        """A run's reading; what overlap can't see is left to a sweep, where one is due."""
        reading = self.copied.poll()
        return self.copied.poll("daily_sweep") if and_sweep and self.copied.name == Mode.OVERLAP else reading


def reload(db: psycopg.Connection[Any], vanished: str = "nobody") -> None:
    """Load a table again from its dump, in one transaction: some changed, and those with such an address not in it."""
    with db.cursor() as cursor:
        cursor.execute("UPDATE contacts SET first_name = 'reloaded' WHERE email LIKE '%2@%'")
        with cursor.copy(f"COPY (SELECT * FROM contacts WHERE email NOT LIKE '{vanished}') TO STDOUT".encode()) as out:
            dump = b"".join(out)
        cursor.execute("TRUNCATE contacts")
        with cursor.copy("COPY contacts FROM STDIN") as back:
            back.write(dump)


@dataclass(frozen=True)
class Outcome:
    """What the writers did, and whose last value each one never saw: when all was quiet, and after a sweep."""

    done: Counter[str]
    lost: Mapping[str, int]
    swept: Mapping[str, Reading]
    lost_after: Mapping[str, int]


def brutalised(ledger: Ledger, url: str, seed: int, seconds: float, **chosen: Any) -> Outcome:
    """Let writers loose on a CRM while everybody polls it; then sweep."""
    load(url)
    windows = [copied(ledger, a_crm(url), mode, overlap_seconds=OVERLAP_SECONDS) for mode in Mode]
    ways: dict[str, Strategy] = {each.name: each for each in windows}
    ways |= {"naive": Naive(url), "mutant": Mutant(url)}
    with watched(list(ways.values()), seed):
        done = Writers(url, seed, seconds, **chosen).run()
    truth = committed(url)
    return Outcome(
        done,
        {name: len(way.lost(truth)) for name, way in ways.items()},
        {each.name: each.poll("daily_sweep") for each in windows},
        {each.name: len(each.lost(truth)) for each in windows},
    )


def check(outcome: Outcome) -> None:
    """Nothing is lost by the program where wrong ways lose much; by overlap nothing after the sweep, and it is told."""
    lost, swept = outcome.lost, outcome.swept
    assert min(outcome.done[kind] for kind in ("committed", "long", "prepared", "rolled back", "with savepoints")) > 0
    assert min(lost["naive"], lost["mutant"]) > 0
    assert (lost["xmin"], lost["whole"]) == (0, 0)
    assert (swept["xmin"].changed, swept["whole"].changed) == (0, 0)
    assert lost["overlap"] == swept["overlap"].recovered_late == swept["overlap"].changed > 0
    assert outcome.lost_after == dict.fromkeys(("xmin", "whole", "overlap"), 0)


def test_no_change_is_lost_beside_brutal_writers_and_a_sweep_finds_and_counts_what_a_short_overlap_missed(
    ledger: Ledger,
) -> None:
    with server() as crm:
        check(brutalised(ledger, crm.url(), SEED, 6.0, pace=SHORT))


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAKED)
def test_no_change_is_lost_in_a_minute_of_brutal_writing(ledger: Ledger, seed: int) -> None:
    with server() as crm:
        check(brutalised(ledger, crm.url(), seed, 60.0, pace=Pace()))


@pytest.mark.soak
def test_no_change_is_lost_where_the_application_stamps_by_a_clock_that_is_behind(ledger: Ledger) -> None:
    with server() as crm:
        check(brutalised(ledger, crm.url(), SEED, 60.0, pace=Pace(), behind=BEHIND))


def _hash_of(folded: str) -> bytes:
    return hashlib.sha256(folded.encode()).digest()
