"""The right to run one connection: a row with a fence number, by the database's clock only."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.errors import LedgerError
from reconciler.ledger.database import one, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that was taken. `lost` is set once it could not be renewed."""

    connection_id: int
    fence: int
    lost: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def held(self) -> tuple[int, int]:
        return (self.connection_id, self.fence)


@contextlib.contextmanager
def lease(ledger: Ledger, connection_id: int, holder: str, *, seconds: float, renew: float) -> Iterator[Lease | None]:
    """Take the lease for as long as the block runs; None where another run has it.

    It is renewed in the background, on a database connection of its own.
    """
    with ledger.transaction() as tx:
        run(tx, "lease_prepare", connection_id=connection_id)
        row = one(tx, "lease_take", connection_id=connection_id, holder=holder, seconds=seconds)
    if row is None:
        yield None
        return
    taken = Lease(connection_id, row.fence)
    done = threading.Event()
    renewer = threading.Thread(target=_renew, args=(ledger, taken, done, seconds, renew), daemon=True)
    renewer.start()
    try:
        yield taken
    finally:
        done.set()
        renewer.join()
        _release(ledger, taken)


def _renew(ledger: Ledger, taken: Lease, done: threading.Event, seconds: float, every: float) -> None:
    while not done.wait(every):
        try:
            with ledger.transaction() as tx:
                row = one(tx, "lease_renew", connection_id=taken.connection_id, fence=taken.fence, seconds=seconds)
        except LedgerError:
            continue  # The next write transaction finds out whether the lease outlived the trouble.
        if row is None:
            taken.lost.set()
            return


def _release(ledger: Ledger, taken: Lease) -> None:
    with contextlib.suppress(LedgerError), ledger.transaction() as tx:
        run(tx, "lease_release", connection_id=taken.connection_id, fence=taken.fence)
