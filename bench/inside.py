"""The program's own parts in this process, where one of its stages is measured by itself."""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler import extract as extraction
from reconciler.bootstrap import Process
from reconciler.ledger import connections
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.ground import Ground
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage in seconds: the program's, and other ways by name; the bare limit is one of them."""

    name: str
    contacts: int
    ours: float
    others: dict[str, float]


class _UndoneError(Exception):
    """Ends a transaction that was measured, so that the next round begins where this one did."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The parts of the program in this process, on a ground where it is connected."""

    ground: Ground
    process: Process
    ledger: Ledger
    connection: Connection
    rounds: int

    def timed(self, work: Callable[[], object]) -> float:
        """The median of some rounds, in seconds."""
        taken = []
        for _ in range(self.rounds):
            began = time.perf_counter()
            work()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def undone(self, work: Callable[[Transaction], object]) -> None:
        """Do something in a transaction that is rolled back."""
        with contextlib.suppress(_UndoneError), self.ledger.transaction() as tx:
            work(tx)
            raise _UndoneError

    def extract(self, tx: Transaction) -> int:
        """Extract all contacts; says how many were written."""
        keys = self.process.keys(self.process.vault())
        crm = self.process.crm(None, self.connection.limits)
        told = extraction.Extraction("measured")
        return extraction.extract(tx, crm, self.connection, 0, keys.hash_of, told).changed


@contextlib.contextmanager
def inside(made: Ground, rounds: int) -> Iterator[Inside]:
    """Open the program's parts in this process."""
    process = Process(Settings.load(made.environ, None))
    ledger = process.ledger()
    try:
        with ledger.transaction() as tx:
            connection = connections.by_name(tx, "acme")
        assert connection is not None  # noqa: S101 - the ground has connected it
        yield Inside(made, process, ledger, connection, rounds)
    finally:
        ledger.close()
