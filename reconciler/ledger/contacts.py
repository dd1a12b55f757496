"""The mirror of the CRM: staged in bulk, then written by difference, with the watermark, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.ledger import statistics
from reconciler.ledger.database import as_json, copy, rows, run

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.domain import Contact
    from reconciler.ledger.database import Transaction
    from reconciler.window import Window

_COLUMNS = ("contact_id", "address", "address_hash", "fault", "eligible", "opted_out", "fields", "refused")


@dataclass(frozen=True, slots=True)
class Origin:
    """Which server and database a watermark belongs to."""

    host: str
    database: str
    system_identifier: str
    timeline: int


def stage(tx: Transaction, contacts: Iterable[Contact], hash_of: Callable[[str], bytes]) -> int:
    """Copy contacts into a staging table of this transaction; says how many."""
    run(tx, "contacts_stage")
    return copy(tx, "staged_contacts", _COLUMNS, _records(contacts, hash_of))


def doubled(tx: Transaction) -> Sequence[str]:
    """Some of the contact ids that were staged more than once."""
    return [row.contact_id for row in rows(tx, "contacts_doubled")]


def merge(tx: Transaction, connection_id: int) -> int:
    """Write what differs from the mirror; says how many contacts were new or changed."""
    run(tx, "contacts_reopen_left_addresses", connection_id=connection_id)
    written = run(tx, "contacts_merge", connection_id=connection_id).rowcount
    statistics.refresh(tx, "contacts", written, written)
    return written


def mark_gone(tx: Transaction, connection_id: int, among: Sequence[str] | None = None) -> int:
    """Mark contacts that were not staged as gone: of all, or among some ids. Says how many."""
    asked = None if among is None else list(among)
    return run(tx, "contacts_mark_gone", connection_id=connection_id, among=asked).rowcount


def mates(tx: Transaction, connection_id: int, contact_ids: Sequence[str]) -> list[str]:
    """These contacts and all that share an address with one of them."""
    return [row.contact_id for row in rows(tx, "contacts_mates", connection_id=connection_id, among=list(contact_ids))]


def changed_since(tx: Transaction, connection_id: int, since: dt.datetime, among: Sequence[str]) -> list[str]:
    """Which of some contacts the mirror has with other values since a moment of our clock."""
    found = rows(tx, "contacts_changed", connection_id=connection_id, since=since, among=list(among))
    return [row.contact_id for row in found]


def note_reads(tx: Transaction, run_id: int) -> None:
    """Remember which contacts this run read, for its report."""
    run(tx, "reads_note", run_id=run_id)


def move_watermark(tx: Transaction, connection_id: int, window: Window, origin: Origin) -> None:
    """Move the watermark, in the transaction that wrote the contacts."""
    run(
        tx,
        "watermark_move",
        connection_id=connection_id,
        mode=window.mode,
        until=window.until,
        overlap_seconds=window.overlap_seconds,
        host=origin.host,
        database=origin.database,
        system_identifier=origin.system_identifier,
        timeline=origin.timeline,
    )


def _records(contacts: Iterable[Contact], hash_of: Callable[[str], bytes]) -> Iterator[tuple[object, ...]]:
    for contact in contacts:
        yield (
            contact.contact_id,
            contact.address,
            hash_of(contact.folded) if contact.folded else None,
            contact.fault,
            contact.eligible,
            contact.opted_out,
            as_json(contact.fields),
            as_json(contact.refused),
        )
