"""A CRM that is read from a standby, and one whose standby has taken over, by whatever window."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler.window import Mode
from tests.faults.test_extraction_stress import Beside, Copied, a_crm, copied
from tests.faults.test_nothing_is_lost import CHANGE, LATE
from tests.faults.writers import load
from tests.servers import Standby, server, standby_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.demo.postgres import EmbeddedPostgres
    from reconciler.ledger.database import Ledger
    from tests.installation import Installation

INSERT = "INSERT INTO contacts (workspace, email, first_name) VALUES ('acme', %s, %s)"


@dataclass(frozen=True)
class Pair:
    """A primary and its standby, and the one address under which the CRM is known: it is moved in a failover."""

    primary: EmbeddedPostgres
    standby: Standby
    database: str
    moving: Path

    @property
    def url(self) -> str:
        return self._under(str(self.moving))

    @property
    def on_primary(self) -> str:
        return self.primary.url(self.database)

    @property
    def on_standby(self) -> str:
        return self.standby.url(self.database)

    def move_to(self, to: EmbeddedPostgres) -> None:
        self.moving.unlink(missing_ok=True)
        self.moving.symlink_to(str(to._sockets))

    def fail_over(self, unseen: Callable[[], None]) -> None:
        """The primary ends with what only it has; then the standby takes over its address."""
        self.standby.catch_up()
        self.standby.stop()
        unseen()
        self.primary.stop()
        self.standby.start()
        self.standby.promote()
        self.move_to(self.standby)

    def _under(self, host: str) -> str:
        return f"postgresql://sage@/{self.database}?host={host}"


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedPostgres]:
    with server() as primary:
        yield primary


@pytest.fixture
def pair(primary: EmbeddedPostgres) -> Iterator[Pair]:
    """Thirty contacts. Something was written after the standby had begun to follow, as in life."""
    primary.start()
    database = f"crm_{uuid.uuid4().hex}"
    primary.create_database(database)
    load(primary.url(database), 30)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, standby_of(primary) as standby:
        pair = Pair(primary, standby, database, Path(folder, "crm"))
        pair.move_to(primary)
        change(pair.on_primary, "loaded30", "new")
        standby.catch_up()
        yield pair


def change(url: str, who: str, name: str) -> None:
    with psycopg.connect(url) as db:
        db.execute(CHANGE, (name, f"{who}@example.com"))


def replayed_until(standby: Standby) -> dt.datetime:
    found = standby._say("SELECT pg_last_xact_replay_timestamp()")
    assert isinstance(found, dt.datetime)
    return found


@pytest.mark.parametrize("mode", Mode)
def test_what_is_committed_while_a_standby_is_paused_arrives_once_it_goes_on(
    ledger: Ledger, pair: Pair, mode: Mode
) -> None:
    beside = Beside(pair.on_primary, copied(ledger, a_crm(pair.on_standby), mode, overlap_seconds=0))
    beside.poll()
    pair.standby.pause()
    for name in ("loaded1", "loaded2"):
        change(pair.on_primary, name, "new")
        pair.standby.receive()
        reading = beside.poll()
        assert reading.changed == 0
        assert reading.until.now <= replayed_until(pair.standby)
    assert len(beside.lost) == 2

    pair.standby.resume()
    pair.standby.catch_up()
    assert beside.poll().changed == 2
    assert beside.lost == set()


@pytest.mark.parametrize("late", LATE)
def test_what_the_primary_commits_two_runs_late_arrives_by_its_standby(
    ledger: Ledger, pair: Pair, late: Callable[..., Any]
) -> None:
    beside = Beside(pair.on_primary, copied(ledger, a_crm(pair.on_standby), Mode.XMIN))
    beside.poll()
    with psycopg.connect(pair.on_primary) as db, late(db):
        for _ in range(2):
            with psycopg.connect(pair.on_primary) as other:
                other.execute(INSERT, (None, "meanwhile"))
            pair.standby.catch_up()
            beside.poll()

    pair.standby.catch_up()
    beside.poll()

    assert beside.lost == set()


def test_a_standby_that_is_promoted_where_it_is_read_is_read_in_full(ledger: Ledger, pair: Pair) -> None:
    windows = [copied(ledger, a_crm(pair.on_standby), mode, overlap_seconds=0) for mode in Mode]
    for window in windows:
        window.poll()
    change(pair.on_primary, "loaded1", "before")
    pair.standby.catch_up()
    pair.standby.promote()
    change(pair.on_standby, "loaded2", "after")

    for window in windows:
        assert window.poll().window.reason == "source_changed"
        assert Beside(pair.on_standby, window).lost == set()
    change(pair.on_standby, "loaded3", "later")
    for window in windows:
        assert window.poll().window.reason is None
        assert Beside(pair.on_standby, window).lost == set()


@pytest.mark.parametrize("later_commits", [0, 100])
def test_after_a_failover_the_copy_is_that_of_the_new_primary_whatever_the_old_one_had_committed(
    ledger: Ledger, pair: Pair, later_commits: int
) -> None:
    """With fewer commits than were lost the new primary is behind the watermark; with more, numbers say nothing."""
    windows = [copied(ledger, a_crm(pair.url), mode, overlap_seconds=0) for mode in Mode]

    def unseen() -> None:
        with psycopg.connect(pair.on_primary, autocommit=True) as db:
            db.execute(CHANGE, ("never replicated", "loaded1@example.com"))
            for number in range(20):
                db.execute(INSERT, (f"lost{number}@example.com", "never replicated"))
        for window in windows:
            assert window.poll().read == 50

    pair.fail_over(unseen)
    with psycopg.connect(pair.on_standby, autocommit=True) as db:
        db.execute(CHANGE, ("promoted", "loaded2@example.com"))
        for number in range(later_commits):
            db.execute(CHANGE, (f"promoted {number}", "loaded3@example.com"))

    for window in windows:
        assert window.poll().window.reason == "source_changed"
        has_exactly_what_is_there(window, pair.on_standby)
        assert window.poll().window.reason is None


def has_exactly_what_is_there(window: Copied, url: str) -> None:
    with psycopg.connect(url) as db:
        there = db.execute("SELECT CAST(id AS text), first_name FROM contacts").fetchall()
    assert window.mirror() == dict(there)


def test_the_run_after_a_failover_is_full_says_so_and_loses_nothing(installation: Installation, pair: Pair) -> None:
    address = installation.folder / "crm"
    address.write_text(pair.url)
    assert installation.connect("acme", "--crm-url-file", str(address)).code == 0
    assert installation.run()["counts"]["added"] == 30

    pair.fail_over(lambda: change(pair.on_primary, "loaded1", "never replicated"))
    change(pair.on_standby, "loaded2", "promoted")
    report = installation.run()

    assert (report["state"], report["mode"], report["reason"]) == ("completed", "full", "source_changed")
    assert report["counts"]["updated"] == 1
    names = {address: member["first_name"] for address, member in installation.api.members().items()}
    assert names["loaded1@example.com"] == "old1"
    assert names["loaded2@example.com"] == "promoted"
    assert installation.run()["mode"] == "incremental"


def test_a_standby_that_has_replayed_nothing_since_it_was_started_does_not_pass_for_one_that_is_up_to_date(
    ledger: Ledger, pair: Pair
) -> None:
    with standby_of(pair.primary) as fresh:
        crm = a_crm(fresh.url(pair.database))
        beside = Beside(pair.on_primary, copied(ledger, crm, Mode.OVERLAP, overlap_seconds=0))
        fresh.pause()
        change(pair.on_primary, "loaded1", "new")
        fresh.receive()
        beside.poll()

        fresh.resume()
        fresh.catch_up()
        beside.poll()

    assert beside.lost == set()


def test_the_watermark_of_a_promoted_standby_goes_on(ledger: Ledger, pair: Pair) -> None:
    window = copied(ledger, a_crm(pair.on_standby), Mode.OVERLAP, overlap_seconds=0)
    pair.standby.promote()
    for name in ("once", "twice"):
        change(pair.on_standby, "loaded1", name)
        window.poll()
    change(pair.on_standby, "loaded2", "later")
    reading = window.poll()

    assert reading.read == 1
    assert reading.until.now > replayed_until(pair.standby)
