"""Who was forgotten: hashes instead of people, and the erasing of everything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.forgotten import Forgotten, contact_hash, pseudonym
from reconciler.ledger.database import rows, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.ledger.database import Row, Transaction

#: What is deleted of a contact; the rest of it is overwritten.
_DELETED = ("rejects", "rows", "changes", "sent")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is to be forgotten: the hash of the address, and the ways in which it was written."""

    address_hash: bytes
    spellings: Sequence[str]


def known(tx: Transaction, connection_id: int, hash_of: Callable[[str], bytes]) -> Forgotten:
    """Who was forgotten, as far as it matters to a connection."""
    found = rows(tx, "forgotten_known", connection_id=connection_id)
    addresses = frozenset(bytes(row.hash) for row in found if row.is_address)
    return Forgotten(addresses, frozenset(bytes(row.hash) for row in found if not row.is_address), hash_of)


def keep_out(tx: Transaction, connection_id: int, forgotten: Forgotten) -> None:
    """Erase contacts that got an address which was forgotten: of those that were met, and of the mirror.

    Whose import is unsettled is only no longer wanted, until it is settled and they are met again.
    """
    mirrored = [row.contact_id for row in rows(tx, "forgotten_in_mirror", connection_id=connection_id)]
    if them := sorted({*forgotten.met, *mirrored}):
        busy = {row.contact_id for row in rows(tx, "forgotten_busy", connection_id=connection_id, among=them)}
        run(tx, "forgotten_wait", connection_id=connection_id, among=sorted(busy))
        erase_contacts(tx, connection_id, [who for who in them if who not in busy], forgotten.hash_of)


def where(tx: Transaction, person: Person) -> Sequence[Row]:
    """Each connection that has something of somebody: connection_id, name, contacts (ids), on_list, is_unsettled."""
    return rows(tx, "forgotten_where", address_hash=person.address_hash, spellings=list(person.spellings))


def erase(
    tx: Transaction, connection_id: int, person: Person, contact_ids: Sequence[str], hash_of: Callable[[str], bytes]
) -> dict[str, int]:
    """Erase somebody in one connection; says how many rows of which kind."""
    told = erase_contacts(tx, connection_id, contact_ids, hash_of)
    for kind, count in _erase_traces(tx, connection_id, person).items():
        told[kind] = told.get(kind, 0) + count
    return told


def erase_contacts(
    tx: Transaction, connection_id: int, contact_ids: Sequence[str], hash_of: Callable[[str], bytes]
) -> dict[str, int]:
    """Erase contacts, and keep the hashes of their ids; in their place stands one that has nothing of them."""
    hashes = [contact_hash(hash_of, contact_id) for contact_id in contact_ids]
    whose = {"connection_id": connection_id, "among": list(contact_ids)}
    told = {"members": run(tx, "forget_members", **whose).rowcount}
    told |= {kind: run(tx, f"forget_{kind}", **whose).rowcount for kind in _DELETED}
    names = [pseudonym(hashed) for hashed in hashes]
    run(tx, "forget_reads", **whose, names=names)
    told["contacts"] = run(tx, "forget_contacts", **whose, names=names).rowcount
    run(tx, "forget_doubles", **whose)
    run(tx, "forget_pairs", **whose, names=names)
    run(tx, "forgotten_keep_contacts", connection_id=connection_id, hashes=hashes)
    return told


def keep_address(tx: Transaction, person: Person) -> None:
    """From now on nobody with this address comes into the ledger."""
    run(tx, "forgotten_keep_address", address_hash=person.address_hash)


def _erase_traces(tx: Transaction, connection_id: int, person: Person) -> dict[str, int]:
    """Erase the address where it stands though the contact is not, or no longer, theirs."""
    whose = {"connection_id": connection_id, "address_hash": person.address_hash}
    spelled = {"connection_id": connection_id, "spellings": list(person.spellings)}
    run(tx, "forget_former_address", **spelled)
    return {
        "members": run(tx, "forget_members_of_address", **whose).rowcount,
        "rows": run(tx, "forget_rows_of_address", **spelled).rowcount,
        "changes": run(tx, "forget_changes_of_address", **whose).rowcount,
        "sent": run(tx, "forget_sent_of_address", **whose).rowcount,
    }
