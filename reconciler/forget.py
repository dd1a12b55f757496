"""Forget one person: out of the ledger, in all connections, and kept off from then on."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.extract import contact
from reconciler.forgotten import address_key
from reconciler.ledger import audit, connections, forgotten, leases
from reconciler.ledger.forgotten import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.ledger.database import Ledger, Row, Transaction
    from reconciler.ledger.leases import Lease, Patience


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of a person: the connections by name, and how many rows of which kind."""

    connections: Sequence[str]
    rows: Mapping[str, int]
    #: Connections on whose list the person still is: nobody is removed.
    still_on_list: Sequence[str]


def forget(ledger: Ledger, hash_of: Callable[[str], bytes], address: str, actor: str, patience: Patience) -> Erased:
    """Erase one person from the ledger, in all connections at once or in none; keyed hashes keep them off.

    Waits for runs of these connections. Raises UsageError where a run goes on for longer, or an import of the person
    is unsettled: what becomes of it has to be known first.
    """
    person = _person(address, hash_of)
    with contextlib.ExitStack() as stack:
        with ledger.transaction() as tx:
            names = {row.connection_id: row.name for row in _found(tx, person)}
        held = [stack.enter_context(_alone(ledger, name, patience)) for name in names.values()]
        with ledger.transaction() as tx:
            for lease in held:
                leases.must_be_ours(tx, lease)
            found = _found(tx, person)
            if not names.keys() >= {row.connection_id for row in found}:
                raise UsageError("a run has just read this person: nothing was erased", advice="say it again")
            erased = _erase(tx, person, found, hash_of)
            audit.write(tx, actor, "forget", None, {"connections": erased.connections, "erased": erased.rows})
    return erased


def _person(address: str, hash_of: Callable[[str], bytes]) -> Person:
    """Who it is, recognised as an extraction would."""
    trimmed = address.strip()
    local, _, domain = trimmed.rpartition("@")
    if not (local and domain):
        raise UsageError("that is no e-mail address", advice="for example: `reconciler forget somebody@example.com`")
    found = contact("somebody", trimmed, {}, eligible=True, opted_out=False)
    written = {trimmed, found.address}
    return Person(hash_of(address_key(found)), sorted(written | {spelling.lower() for spelling in written}))


def _found(tx: Transaction, person: Person) -> Sequence[Row]:
    """The connections that have something of the person. Raises UsageError where an import of them is unsettled."""
    found = forgotten.where(tx, person)
    if unsettled := [row.name for row in found if row.is_unsettled]:
        raise UsageError(
            f"an import with this person is unsettled in {', '.join(unsettled)}: nothing was erased",
            advice=f"`reconciler run {unsettled[0]}` until nothing is in doubt, then forget them",
        )
    return found


@contextlib.contextmanager
def _alone(ledger: Ledger, name: str, patience: Patience) -> Iterator[Lease]:
    """While somebody is erased from a connection, no run of it goes on."""
    with ledger.transaction() as tx:
        connection = connections.by_name(tx, name)
    if connection is None:
        raise UsageError(f"{name} was erased at the same moment: nothing else was", advice="say it again")
    limits = connection.limits
    seconds, renew = limits.lease_seconds, limits.lease_renew_seconds
    with leases.lease(
        ledger, connection.connection_id, "forget", seconds=seconds, renew=renew, patience=patience
    ) as lease:
        if lease is None:
            raise UsageError(
                f"{name} runs: nothing was erased", advice="say it again when the run has ended, or with --wait SECONDS"
            )
        yield lease


def _erase(tx: Transaction, person: Person, found: Sequence[Row], hash_of: Callable[[str], bytes]) -> Erased:
    forgotten.keep_address(tx, person)
    counts: Counter[str] = Counter()
    for row in found:
        counts.update(forgotten.erase(tx, row.connection_id, person, row.contacts, hash_of))
    names = [row.name for row in found]
    return Erased(names, dict(counts), [row.name for row in found if row.on_list])
