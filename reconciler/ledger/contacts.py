"""The mirror of the CRM: staged in bulk, then written by difference, in one transaction with the watermark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.ledger import statistics
from reconciler.ledger.database import as_json, copy, rows, run, value

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.domain import Contact
    from reconciler.ledger.database import Transaction

_COLUMNS = (
    "contact_id",
    "address",
    "address_hash",
    "fault",
    "eligible",
    "opted_out",
    "fields",
    "refused",
    "is_forgotten",
    "is_on_time",
)


@dataclass(frozen=True, slots=True)
class Merged:
    """How many contacts were new or changed, and how many of them the window would have missed."""

    written: int
    late: int


def stage(tx: Transaction, contacts: Iterable[tuple[Contact, bool]], hash_of: Callable[[str], bytes]) -> int:
    """Copy contacts, each with whether its window has it, into a staging table of this transaction; says how many."""
    run(tx, "contacts_stage")
    return stage_more(tx, contacts, hash_of)


def stage_more(tx: Transaction, contacts: Iterable[tuple[Contact, bool]], hash_of: Callable[[str], bytes]) -> int:
    """Copy further contacts into the same staging table; says how many."""
    return copy(tx, "staged_contacts", _COLUMNS, _records(contacts, hash_of))


def unsure(tx: Transaction, connection_id: int) -> list[str]:
    """Who was missing from a reading of some contacts only, and is not among the staged."""
    return [row.contact_id for row in rows(tx, "contacts_unsure", connection_id=connection_id)]


def be_sure(tx: Transaction, connection_id: int) -> None:
    """Who was asked for once more and is still missing is gone for good."""
    run(tx, "contacts_sure", connection_id=connection_id)


def doubled(tx: Transaction) -> Sequence[str]:
    """Some of the contact ids that were staged more than once."""
    return [row.contact_id for row in rows(tx, "contacts_doubled")]


def merge(tx: Transaction, connection_id: int) -> Merged:
    """Write what differs from the mirror."""
    run(tx, "contacts_reopen_left_addresses", connection_id=connection_id)
    found = run(tx, "contacts_merge", connection_id=connection_id).one()
    statistics.refresh(tx, "contacts", found.written, found.written)
    return Merged(int(found.written), int(found.late))


def in_crm(tx: Transaction, connection_id: int, among: Sequence[str] | None = None) -> int:
    """How many contacts the statement returned when it was last read: all, or among some ids."""
    asked = None if among is None else list(among)
    return int(value(tx, "contacts_in_crm", connection_id=connection_id, among=asked))


def mark_gone(tx: Transaction, connection_id: int, among: Sequence[str] | None = None) -> int:
    """Mark contacts that were not staged as gone: of all, or among some ids. Says how many."""
    asked = None if among is None else list(among)
    return run(tx, "contacts_mark_gone", connection_id=connection_id, among=asked).rowcount


def mates(tx: Transaction, connection_id: int, contact_ids: Sequence[str]) -> list[str]:
    """These contacts and all that share an address with one of them."""
    return [row.contact_id for row in rows(tx, "contacts_mates", connection_id=connection_id, among=list(contact_ids))]


def of_address(tx: Transaction, connection_id: int, address_hash: bytes) -> list[str]:
    """The ids of the contacts with this address; those that are still in the CRM come first."""
    found = rows(tx, "contacts_of_address", connection_id=connection_id, address_hash=address_hash)
    return [row.contact_id for row in found]


def changed_since(tx: Transaction, connection_id: int, since: dt.datetime, among: Sequence[str]) -> list[str]:
    """Which of some contacts the mirror has with other values since a moment of our clock."""
    found = rows(tx, "contacts_changed", connection_id=connection_id, since=since, among=list(among))
    return [row.contact_id for row in found]


def note_reads(tx: Transaction, run_id: int) -> None:
    """Remember which contacts this run read, for its report."""
    run(tx, "reads_note", run_id=run_id)


def _records(contacts: Iterable[tuple[Contact, bool]], hash_of: Callable[[str], bytes]) -> Iterator[tuple[object, ...]]:
    for contact, is_on_time in contacts:
        yield (
            contact.contact_id,
            contact.address,
            hash_of(contact.folded) if contact.folded else None,
            contact.fault,
            contact.eligible,
            contact.opted_out,
            as_json(contact.fields),
            as_json(contact.refused),
            contact.forgotten,
            is_on_time,
        )
