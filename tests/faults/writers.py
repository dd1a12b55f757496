"""A CRM that is written to brutally: many at once, some slow to commit, some never, some in two phases."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

from reconciler.demo.people import create_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    Connection: TypeAlias = psycopg.Connection[Any]

WORKSPACE = "acme"
#: A lock that nobody lets go of for so long, in milliseconds, ends the transaction that waits for it.
LOCK_TIMEOUT = 10_000
#: Fewer than the server's max_prepared_transactions, 10: a test may hold some itself.
MOST_PREPARED = 8

LOAD = """
    INSERT INTO contacts (workspace, email, first_name, created_at, updated_at)
    SELECT %s, 'loaded' || number || '@example.com', 'old' || number, now() - interval '1 day', now() - interval '1 day'
    FROM generate_series(1, %s) AS number
"""
# The trigger, where there is one, has the last word about updated_at.
UPDATE = "UPDATE contacts SET first_name = %s, updated_at = coalesce(%s, updated_at) WHERE id = %s"
INSERT = "INSERT INTO contacts (workspace, email, first_name, updated_at) VALUES (%s, %s, %s, coalesce(%s, now()))"


@dataclass(frozen=True)
class Pace:
    """How long what is slow takes, from and to in seconds."""

    #: Between the last write of a long transaction and its end.
    long: tuple[float, float] = (1.0, 3.0)
    #: Between PREPARE TRANSACTION and its end.
    prepared: tuple[float, float] = (0.5, 3.0)
    #: After every write: an application does not send all at once.
    thinking: tuple[float, float] = (0.0, 0.03)
    #: After every transaction.
    resting: tuple[float, float] = (0.0, 0.02)


#: A sample that is over soon after its few seconds.
SHORT = Pace(long=(0.3, 1.0), prepared=(0.3, 1.0))


@dataclass(frozen=True)
class Shares:
    """How many of all transactions are so; those who are several things at once count for each."""

    inserts: float = 0.1
    long: float = 0.05
    rolled_back: float = 0.1
    prepared: float = 0.05
    savepoints: float = 0.1


@dataclass(frozen=True)
class Write:
    """One statement; without an id it inserts."""

    id: uuid.UUID | None
    in_savepoint: bool = False
    undone: bool = False


@dataclass(frozen=True)
class Plan:
    """One transaction."""

    writes: tuple[Write, ...]
    commits: bool
    long: float | None
    prepared: float | None

    @property
    def kinds(self) -> list[str]:
        kinds = ["committed" if self.commits else "rolled back"]
        kinds += ["long"] if self.long is not None else []
        return kinds + (["with savepoints"] if any(write.in_savepoint for write in self.writes) else [])


def load(url: str, count: int = 500) -> None:
    """Make Sage's table with so many contacts, who were last changed yesterday."""
    with psycopg.connect(url) as db:
        create_tables(db)
        db.execute(LOAD, (WORKSPACE, count))


def committed(url: str) -> dict[uuid.UUID, str]:
    """The truth: each contact's id and first name."""
    with psycopg.connect(url) as db:
        return dict(db.execute("SELECT id, first_name FROM contacts ORDER BY id").fetchall())


def drawn(rng: random.Random, ids: Sequence[uuid.UUID], pace: Pace, shares: Shares) -> Plan:
    """Choose a transaction; rows are locked in the order of their ids, so that writers never wait in a circle."""
    inserts = rng.random() < shares.inserts
    chosen = [None] if inserts else sorted(rng.sample(ids, rng.randint(1, 3)))
    nests = rng.random() < shares.savepoints
    return Plan(
        writes=tuple(Write(contact, nests and rng.random() < 0.7, rng.random() < 0.5) for contact in chosen),
        commits=rng.random() >= shares.rolled_back,
        long=rng.uniform(*pace.long) if rng.random() < shares.long else None,
        prepared=rng.uniform(*pace.prepared) if rng.random() < shares.prepared else None,
    )


@dataclass
class Writers:
    """Writers on Sage's table in this database, for so many seconds and until the last of them has ended.

    With `behind`, the application stamps updated_at by a clock that is so far behind, and there is no trigger.
    """

    url: str
    seed: int
    seconds: float
    pace: Pace = field(default_factory=Pace)
    shares: Shares = field(default_factory=Shares)
    behind: dt.timedelta | None = None
    count: int = 12
    most_prepared: int = MOST_PREPARED

    def run(self) -> Counter[str]:
        """Return how many transactions there were of each kind; none is left open when it returns, or raises."""
        self._over = threading.Event()
        self._values = itertools.count(1)
        self._room = threading.BoundedSemaphore(self.most_prepared)
        self._name = f"writers-{uuid.uuid4().hex}"
        self._ids = self._prepare()
        end = threading.Timer(self.seconds, self._over.set)
        try:
            with ThreadPoolExecutor(self.count) as pool:
                end.start()
                try:
                    done = list(pool.map(self._write, range(self.count)))
                finally:
                    self._over.set()
        finally:
            end.cancel()
            self._end_prepared()
        return sum(done, Counter())

    def _prepare(self) -> list[uuid.UUID]:
        with psycopg.connect(self.url) as db:
            if self.behind is not None:
                db.execute("DROP TRIGGER IF EXISTS contacts_set_updated_at ON contacts")
            return [contact for (contact,) in db.execute("SELECT id FROM contacts ORDER BY id")]

    def _write(self, number: int) -> Counter[str]:
        """What one writer does."""
        rng, done = random.Random(f"{self.seed} {number}"), Counter[str]()  # noqa: S311 - it must be repeatable
        try:
            with psycopg.connect(self.url, options=f"-c lock_timeout={LOCK_TIMEOUT}") as db:
                while not self._over.is_set():
                    done.update(self._carry_out(db, rng, drawn(rng, self._ids, self.pace, self.shares)))
                    self._over.wait(rng.uniform(*self.pace.resting))
        except BaseException:
            self._over.set()  # the others need not go on
            raise
        return done

    def _carry_out(self, db: Connection, rng: random.Random, plan: Plan) -> list[str]:
        """Return of what kinds the transaction was."""
        in_two_phases = plan.prepared is not None and self._room.acquire(blocking=False)
        try:
            if in_two_phases:
                return self._in_two_phases(db, rng, plan)
            self._send(db, rng, plan)
            (db.commit if plan.commits else db.rollback)()
        except (LockNotAvailable, DeadlockDetected):
            (db.tpc_rollback if in_two_phases else db.rollback)()
            return ["given up"]
        finally:
            if in_two_phases:
                self._room.release()
        return plan.kinds

    def _in_two_phases(self, db: Connection, rng: random.Random, plan: Plan) -> list[str]:
        db.tpc_begin(f"{self._name}-{next(self._values)}")
        self._send(db, rng, plan)
        db.tpc_prepare()
        time.sleep(plan.prepared or 0.0)
        (db.tpc_commit if plan.commits else db.tpc_rollback)()
        return [*plan.kinds, "prepared"]

    def _send(self, db: Connection, rng: random.Random, plan: Plan) -> None:
        for write in plan.writes:
            if write.in_savepoint:
                db.execute("SAVEPOINT part")
            self._send_one(db, write)
            time.sleep(rng.uniform(*self.pace.thinking))
            if write.in_savepoint:
                db.execute("ROLLBACK TO SAVEPOINT part" if write.undone else "RELEASE SAVEPOINT part")
        time.sleep(plan.long or 0.0)

    def _send_one(self, db: Connection, write: Write) -> None:
        value = f"v{next(self._values)}"
        stamp = None if self.behind is None else dt.datetime.now(dt.UTC) - self.behind
        if write.id is None:
            db.execute(INSERT, (WORKSPACE, f"{value}@example.com", value, stamp))
        else:
            db.execute(UPDATE, (value, stamp, write.id))

    def _end_prepared(self) -> None:
        """Roll back what a writer that broke has left prepared: it would lock its rows and its database for ever."""
        with psycopg.connect(self.url, autocommit=True) as db:
            for xid in db.tpc_recover():
                if xid.gtrid.startswith(self._name):
                    db.tpc_rollback(xid)
