"""The right to run one connection: a row with a fence number, by the database's clock only."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.errors import LeaseLost, LedgerError
from reconciler.ledger.database import one, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.ledger.database import Ledger, Transaction

#: How often it is looked whether a renewal has come, in seconds.
_A_MOMENT: Final = 0.1
#: A process that has stopped while it makes a lease's row loses it after so long.
_HOLD_SECONDS: Final = 10.0


@dataclass(slots=True)
class Lease:
    """A lease that was taken. `lost` is set once it could not be renewed."""

    connection_id: int
    fence: int
    #: Until then it is ours for certain, by this process's own clock: counted from before it was asked for.
    good_until: float = math.inf
    lost: threading.Event = field(default_factory=threading.Event, compare=False)

    @property
    def held(self) -> tuple[int, int]:
        return (self.connection_id, self.fence)

    def must_last(self, seconds: float, monotonic: Callable[[], float], sleep: Callable[[float], None]) -> None:
        """Wait until it is ours for so long yet, as it is after each renewal. Raises LeaseLost where none comes."""
        while (left := self.good_until - monotonic()) <= seconds or self.lost.is_set():
            if left <= 0 or self.lost.is_set():
                raise LeaseLost
            sleep(min(_A_MOMENT, left))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lease that another run has, and by which clock."""

    seconds: float = 0.0
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


NONE: Final = Patience()


@contextlib.contextmanager
def lease(
    ledger: Ledger,
    connection_id: int,
    holder: str,
    *,
    seconds: float,
    renew: float,
    patience: Patience = NONE,
) -> Iterator[Lease | None]:
    """Take the lease for as long as the block runs; None where another run has it.

    It is renewed in the background, on a database connection of its own.
    """
    with ledger.transaction() as tx:
        run(tx, "lease_prepare", connection_id=connection_id, hold_seconds=_HOLD_SECONDS)
    taken = _taken(ledger, connection_id, holder, seconds, patience)
    if taken is None:
        yield None
        return
    done = threading.Event()

    def keep() -> None:
        while not done.wait(renew) and _renewed(ledger, taken, seconds, patience.monotonic):
            pass

    renewer = threading.Thread(target=keep, daemon=True)
    renewer.start()
    try:
        yield taken
    finally:
        done.set()
        renewer.join()
        _release(ledger, taken)


def _taken(ledger: Ledger, connection_id: int, holder: str, seconds: float, patience: Patience) -> Lease | None:
    until = patience.monotonic() + patience.seconds
    while True:
        with ledger.transaction() as tx:
            # A process that stands still within a transaction would keep everybody out for as long as it does.
            run(tx, "lease_unblock", connection_id=connection_id)
        asked_at = patience.monotonic()
        with ledger.transaction() as tx:
            row = one(tx, "lease_take", connection_id=connection_id, holder=holder, seconds=seconds)
        if row is not None:
            return Lease(connection_id, row.fence, asked_at + seconds)
        if patience.monotonic() >= until:
            return None
        patience.sleep(_A_MOMENT)


def _renewed(ledger: Ledger, taken: Lease, seconds: float, monotonic: Callable[[], float]) -> bool:
    """Renew it once; False where it is another's."""
    asked_at = monotonic()
    try:
        with ledger.transaction() as tx:
            row = one(tx, "lease_renew", connection_id=taken.connection_id, fence=taken.fence, seconds=seconds)
    except LedgerError:
        return True  # Until its time is over nobody else can have it.
    if row is None:
        taken.lost.set()
        return False
    taken.good_until = asked_at + seconds
    return True


def _release(ledger: Ledger, taken: Lease) -> None:
    with contextlib.suppress(LedgerError), ledger.transaction() as tx:
        run(tx, "lease_release", connection_id=taken.connection_id, fence=taken.fence)


def must_be_ours(tx: Transaction, lease: Lease) -> None:
    """Raise LeaseLost unless the lease is still ours; until the transaction ends nobody takes it over."""
    if one(tx, "lease_check", connection_id=lease.connection_id, fence=lease.fence) is None:
        raise LeaseLost


def fence_off(tx: Transaction, connection_id: int) -> bool:
    """Let the run that goes on write nothing more, and ask nothing more; says whether there is one.

    Nobody takes the lease before that run has stopped, or before its time is over.
    """
    return one(tx, "lease_fence_off", connection_id=connection_id) is not None


def wait_until_free(ledger: Ledger, connection_id: int, sleep: Callable[[float], None]) -> None:
    """Return when no run has the lease: at the latest when the time of one that was fenced off is over."""
    while True:
        with ledger.transaction() as tx:
            if one(tx, "lease_is_free", connection_id=connection_id):
                return
        sleep(_A_MOMENT)
