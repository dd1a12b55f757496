"""Ways to find what changed in a table: two that lose changes, one that doesn't, and all of them watched at once."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import psycopg

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping, Sequence

ROWS = "SELECT id, first_name, updated_at FROM contacts"
LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


class Strategy(Protocol):
    """What is asked again and again for what changed."""

    def poll(self) -> object: ...

    def lost(self, truth: Mapping[uuid.UUID, str]) -> set[uuid.UUID]:
        """The contacts whose last value it never saw."""


@dataclass
class Seeing:
    """What all of these have in common: the values they saw last."""

    url: str
    seen: dict[uuid.UUID, str] = field(default_factory=dict, init=False)

    def lost(self, truth: Mapping[uuid.UUID, str]) -> set[uuid.UUID]:
        return {contact for contact, value in truth.items() if self.seen.get(contact) != value}

    def _see(self, rows: Sequence[tuple[Any, ...]]) -> int:
        self.seen.update({contact: value for contact, value, *_ in rows})
        return len(rows)


@dataclass
class Naive(Seeing):
    """Remembers the latest updated_at that it saw, and reads what is later.

    It loses what was stamped before that and committed after.
    """

    _latest: dt.datetime = LONG_AGO

    def poll(self) -> int:
        with psycopg.connect(self.url) as db:
            found = db.execute(f"{ROWS} WHERE updated_at > %s", (self._latest,)).fetchall()
        self._latest = max((at for _, _, at in found), default=self._latest)
        return self._see(found)


@dataclass
class ByVersion(Seeing):
    """Reads row versions since the oldest transaction that was open at the last reading. It loses nothing.

    age() counts from the same next transaction id on both sides, which so cancels.
    """

    changed = "age(xmin) BETWEEN 0 AND age(CAST(%(low32)s AS xid))"
    _mark: int | None = None

    def poll(self) -> int:
        with psycopg.connect(self.url) as db:
            db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            oldest, following = _snapshot(db)
            mark = {"low32": str((self._mark or 0) % 2**32), "saved": self._mark, "following": following}
            found = db.execute(f"{ROWS} WHERE {self.changed}" if self._mark else ROWS, mark).fetchall()
        self._mark = oldest
        return self._see(found)


@dataclass
class Mutant(ByVersion):
    """The well-known mistake: a row's age is compared with how far the transaction ids have come.

    Both look like "so many transactions ago". But age() counts from the next id, and the snapshot's xmax follows the
    last transaction that has *ended*: with writers open, ids after it are given out already, and every row is older
    than the difference by their number. The rows of the oldest ones, which are seen last, fall out for good.
    The same with `<` loses half as many again, and with the snapshot's xmin in place of its xmax ten times as many;
    this is the one that looks right, and that a test without open writers passes.
    """

    changed = "age(xmin) <= %(following)s - %(saved)s"


def _snapshot(db: psycopg.Connection[Any]) -> tuple[int, int]:
    """The oldest transaction that is open, and the id after the last one that has ended."""
    (snapshot,) = db.execute("SELECT CAST(pg_current_snapshot() AS text)").fetchall()[0]
    oldest, following, _ = snapshot.split(":")
    return int(oldest), int(following)


@contextlib.contextmanager
def watched(strategies: Sequence[Strategy], seed: int) -> Iterator[None]:
    """Each is polled every 50 to 250 ms, by a thread of its own, until the end of the block; then twice more."""
    over = threading.Event()
    with ThreadPoolExecutor(len(strategies)) as pool:
        polling = [
            pool.submit(_poll, strategy, random.Random(f"{seed} {number}"), over)  # noqa: S311 - it must be repeatable
            for number, strategy in enumerate(strategies)
        ]
        try:
            yield
        finally:
            over.set()
    for polled, strategy in zip(polling, strategies, strict=True):
        polled.result()
        strategy.poll()
        strategy.poll()


def _poll(strategy: Strategy, rng: random.Random, over: threading.Event) -> None:
    while not over.wait(rng.uniform(0.05, 0.25)):
        strategy.poll()
