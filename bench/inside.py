"""The program's own parts in this process, where one of its stages is measured by itself."""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import extract as extraction
from reconciler.bootstrap import Process
from reconciler.cli import YOUNG
from reconciler.ledger import connections, leases
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.ground import Ground
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.ledger.leases import Lease


_LEASE_SECONDS: Final = 3600


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
    lease: Lease
    rounds: int

    def timed(self, work: Callable[[], object]) -> float:
        """The median of some rounds, in seconds."""
        taken = []
        for _ in range(self.rounds):
            began = time.perf_counter()
            work()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def transaction(self) -> contextlib.AbstractContextManager[Transaction]:
        """A transaction as a run has it."""
        return self.ledger.transaction(self.lease.held)

    def timed_undone(self, prepare: Callable[[Transaction], object], work: Callable[[Transaction], object]) -> float:
        """The median of some rounds, each in a transaction that is prepared before, and rolled back."""
        taken: list[float] = []

        def once(tx: Transaction) -> None:
            prepare(tx)
            began = time.perf_counter()
            work(tx)
            taken.append(time.perf_counter() - began)

        for _ in range(self.rounds):
            self.undone(once)
        return statistics.median(taken)

    def undone(self, work: Callable[[Transaction], object]) -> None:
        """Do something in a transaction that is rolled back."""
        with contextlib.suppress(_UndoneError), self.transaction() as tx:
            work(tx)
            raise _UndoneError

    def extract(self, tx: Transaction, expected: int | None = None) -> None:
        """Extract all contacts; so many are to be written, if that is known."""
        keys = self.process.keys(self.process.vault())
        crm = self.process.crm(None, self.connection.limits)
        told = extraction.Extraction("measured")
        written = extraction.extract(tx, crm, self.connection, 0, keys.hash_of, told).changed
        if expected not in (None, written):
            raise ValueError(f"{written:,} contacts were written instead of {expected:,}")


@contextlib.contextmanager
def inside(made: Ground, rounds: int) -> Iterator[Inside]:
    """Open the program's parts in this process, which has the lease."""
    gc.set_threshold(YOUNG)
    process = Process(Settings.load(made.environ, None))
    with contextlib.closing(process.ledger()) as ledger:
        with ledger.transaction() as tx:
            connection = connections.by_name(tx, "acme")
        assert connection is not None  # noqa: S101 - the ground has connected it
        number = connection.connection_id
        with leases.lease(ledger, number, "bench", seconds=_LEASE_SECONDS, renew=_LEASE_SECONDS / 3) as lease:
            assert lease is not None  # noqa: S101 - nobody else runs it
            yield Inside(made, process, ledger, connection, lease, rounds)
