"""A new key for what is sealed: into the key ring first, then batch by batch. Stopped anywhere, it goes on."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageError, VaultError
from reconciler.key_ring import KeyRing
from reconciler.ledger import sealed
from reconciler.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from reconciler.ledger.database import Ledger, Row, Transaction

#: Values sealed anew in one transaction: their rows are held for a fraction of a second.
_BATCH: Final = 200
#: How long somebody who holds a row is waited for; who renews a token holds it for 17 seconds at most.
_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, *(5.0,) * 8)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The active key, how many values were sealed anew with it, which could not be opened, and how many are held."""

    active: str
    values: int
    unopened: Sequence[str]
    held: int


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one way through all values came to."""

    values: int
    unopened: Sequence[str]
    held: int


def prepare(path: Path) -> str:
    """Put the next key into the ring without using it; gives its id. One that is there already is given again.

    Where the ring is copied to several machines, each of them can then open what the others will seal with it.
    """
    with _alone(path):
        ring = KeyRing.load(path)
        if ring.prepared is None:
            ring = ring.with_another_key()
            ring.save(path)
        return ring.newest


def rotate(
    ledger: Ledger, path: Path, sleep: Callable[[float], None], tell: Callable[[str], None] = lambda _: None
) -> Rotated:
    """Seal everything with a new key; where an earlier rotation was left half-way, that one goes on instead.

    The new key is the prepared one, else it is made. The ring has it, on disk, before anything is sealed with it. Older
    keys stay until `retire`. Values are sealed in short transactions, and rows that somebody holds are left for later,
    so that runs and renewed tokens are not held up. Raises VaultError where the ring can't be read or written.
    """
    with _alone(path):
        ring = KeyRing.load(path)
        with ledger.transaction() as tx:
            _, under_others = sealed.count(tx, ring.active)
        if not under_others or ring.prepared is not None:
            ring = (ring if ring.prepared is not None else ring.with_another_key()).with_newest_active()
            ring.save(path)
        return _seal_anew(ledger, ring, sleep, tell)


def retire(ledger: Ledger, path: Path, key_id: str) -> None:
    """Take a key out of the ring. Raises UsageError while it is active or anything is sealed with it."""
    with _alone(path):
        ring = KeyRing.load(path)
        if key_id not in ring.keys:
            raise UsageError(f"the key ring has no key {key_id!r}", advice=f"it has: {', '.join(sorted(ring.keys))}")
        if key_id == ring.active:
            raise UsageError(f"{key_id} is the active key", advice="`reconciler keys rotate` makes another")
        with ledger.transaction() as tx:
            still, _ = sealed.count(tx, key_id)
        if still:
            raise UsageError(
                f"{still:,} values are still sealed with {key_id}",
                advice="`reconciler keys rotate` seals them anew; what it can't open has to be connected again",
            )
        ring.without(key_id).save(path)


def _seal_anew(ledger: Ledger, ring: KeyRing, sleep: Callable[[float], None], tell: Callable[[str], None]) -> Rotated:
    """Go through everything, and again through what somebody held or replaced with an older ring meanwhile."""
    vault, count, pauses = Vault(ring), 0, list(_PAUSES)
    with ledger.transaction() as tx:
        _, total = sealed.count(tx, ring.active)
    while True:
        done = _go_through(ledger, vault, ring.active, _telling(tell, count, total))
        count += done.values
        if not done.held or not pauses:
            return Rotated(ring.active, count, done.unopened, done.held)
        sleep(pauses.pop(0))


def _telling(tell: Callable[[str], None], before: int, total: int) -> Callable[[int], None]:
    return lambda count: tell(f"{before + count:,} of {total:,} values sealed anew")


def _go_through(ledger: Ledger, vault: Vault, active: str, tell: Callable[[int], None]) -> _Pass:
    count, held, unopened, after = 0, 0, list[str](), sealed.FIRST
    while True:
        with ledger.transaction() as tx:
            found = sealed.under_others(tx, active, after, _BATCH)
            free = sealed.lock(tx, found)
            done = [_seal_one(tx, vault, each) for each in free]
        if not found:
            return _Pass(count, unopened, held)
        unopened += [_named(one) for one, is_done in zip(free, done, strict=True) if is_done is None]
        count += sum(is_done is True for is_done in done)
        held += len(found) - len(free) + sum(is_done is False for is_done in done)
        after = (found[-1].table, found[-1].row, found[-1].field)
        tell(count)


def _named(found: Row) -> str:
    return f"{found.field} of {found.table} {found.row}"


def _seal_one(tx: Transaction, vault: Vault, found: Row) -> bool | None:
    """Whether a value was sealed anew: False where another has taken its place, None where it can't be opened."""
    place = {"table": found.table, "row": found.row, "field": found.field}
    try:
        value = vault.open(found.sealed, **place)
    except VaultError:
        return None
    return sealed.replace(tx, found, vault.seal(value, **place))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While the ring is changed nobody else changes it; a process that dies lets go by itself."""
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
