"""A new key for what is sealed: into the key ring first, then value by value. Stopped anywhere, it goes on."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import UsageError, VaultError
from reconciler.key_ring import KeyRing
from reconciler.ledger import sealed
from reconciler.vault import Vault, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from reconciler.ledger.database import Ledger


@dataclass(frozen=True, slots=True)
class Rotated:
    """The active key, how many values were sealed anew with it, and which could not be opened."""

    active: str
    values: int
    unopened: Sequence[str]


def rotate(ledger: Ledger, path: Path, tell: Callable[[str], None] = lambda _: None) -> Rotated:
    """Seal everything with a new key; where an earlier rotation was left half-way, that one goes on instead.

    The ring has the new key, on disk, before anything is sealed with it. Older keys stay until `retire`. Each value is
    a transaction of its own, so that runs are not held up. Raises VaultError where the ring can't be read or written.
    """
    with _alone(path):
        ring = KeyRing.load(path)
        with ledger.transaction() as tx:
            is_half_way = bool(sealed.under_others(tx, ring.active))
        if not is_half_way:
            ring = ring.with_new_key()
            ring.save(path)
        return _seal_anew(ledger, ring, tell)


def retire(ledger: Ledger, path: Path, key_id: str) -> None:
    """Take a key out of the ring. Raises UsageError while it is active or anything is sealed with it."""
    with _alone(path):
        ring = KeyRing.load(path)
        if key_id not in ring.keys:
            raise UsageError(f"the key ring has no key {key_id!r}", advice=f"it has: {', '.join(sorted(ring.keys))}")
        if key_id == ring.active:
            raise UsageError(f"{key_id} is the active key", advice="`reconciler keys rotate` makes another")
        with ledger.transaction() as tx:
            still = sum(key_of(found.sealed) == key_id for found in sealed.under_others(tx, ring.active))
        if still:
            raise UsageError(
                f"{still:,} values are still sealed with {key_id}",
                advice="`reconciler keys rotate` seals them anew; what it can't open has to be connected again",
            )
        ring.without(key_id).save(path)


def _seal_anew(ledger: Ledger, ring: KeyRing, tell: Callable[[str], None]) -> Rotated:
    vault, unopened, count = Vault(ring), list[str](), 0
    with ledger.transaction() as tx:
        found = sealed.under_others(tx, ring.active)
    for one in found:
        place = {"table": one.table, "row": one.row, "field": one.field}
        try:
            value = vault.open(one.sealed, **place)
        except VaultError:
            unopened.append(f"{one.field} of {one.table} {one.row}")
            continue
        with ledger.transaction() as tx:
            sealed.replace(tx, one, vault.seal(value, **place))
        count += 1
        tell(f"{count:,} of {len(found):,} values sealed anew")
    return Rotated(ring.active, count, unopened)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """While the ring is changed nobody else changes it; a process that dies lets go by itself."""
    handle = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
