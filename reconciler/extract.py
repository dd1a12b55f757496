"""Changed contacts out of the CRM, and the window that was read.

Contacts are normalised once, here: trimmed, the address folded for comparing, empty is empty. They are copied in bulk,
with the new watermark in the same transaction.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler import addresses, fields, guard, mapping
from reconciler.domain import Contact
from reconciler.errors import SourceShrunk, StatementError
from reconciler.ledger import connections, forgotten, watermarks
from reconciler.ledger import contacts as mirror
from reconciler.mapping import wanted
from reconciler.opening import must_be_the_same_place, must_have_the_same_columns, opened
from reconciler.redaction import masked_addresses
from reconciler.window import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reconciler.crm import Crm, Snapshot
    from reconciler.forgotten import Forgotten
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction
    from reconciler.window import Position, Window

_LONGEST_ID: Final = 255


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extraction is told: why everything is to be read, or None; and how few contacts were approved of."""

    reason: str | None = None
    approved: int | None = None


def extract(
    tx: Transaction,
    crm: Crm,
    connection: Connection,
    run_id: int,
    hash_of: Callable[[str], bytes],
    told: Extraction,
) -> Reading:
    """Copy changed contacts, or all, and the new watermark into the ledger, in the transaction `tx`.

    Raises SourceMoved, SchemaChanged and SourceShrunk where the CRM is not the one that was read before, and
    StatementError where the statement returns a contact twice or without an id. Nothing is written then.
    """
    mark = watermarks.read(tx, connection.connection_id)
    gone = forgotten.known(tx, connection.connection_id, hash_of)
    with opened(crm, connection, mark, told.reason) as (snapshot, window):
        found = snapshot.rows(
            connection.statement,
            wanted(connection.columns),
            since=window.since,
            on_time=window.on_time,
            is_large=window.is_large,
        )
        with contextlib.closing(found):
            read = mirror.stage(tx, gone.veiled(_marked(found, connection, window)), hash_of)
        if window.since is not None:
            read += _asked_once_more(tx, snapshot, connection, gone)
    _refuse_doubled(tx)
    if window.since is None:
        _must_be_believable(read, mirror.in_crm(tx, connection.connection_id), told.approved)
    forgotten.keep_out(tx, connection.connection_id, gone)
    return _merged(tx, connection, run_id, window, read, snapshot.position)


def _asked_once_more(tx: Transaction, snapshot: Snapshot, connection: Connection, gone: Forgotten) -> int:
    """Stage who was missing right before a push and is there again: no window would read them. Says how many."""
    unsure = mirror.unsure(tx, connection.connection_id)
    if not unsure:
        return 0
    with contextlib.closing(snapshot.rows_among(connection.statement, wanted(connection.columns), unsure)) as found:
        return mirror.stage_more(tx, gone.veiled(_marked(found, connection)), gone.hash_of)


def _merged(
    tx: Transaction, connection: Connection, run_id: int, window: Window, read: int, position: Position
) -> Reading:
    """Write what was staged into the mirror, and the watermark with it."""
    merged = mirror.merge(tx, connection.connection_id)
    gone = mirror.mark_gone(tx, connection.connection_id) if window.since is None else 0
    if window.since is not None:
        mirror.note_reads(tx, run_id)
    mirror.be_sure(tx, connection.connection_id)
    watermarks.move(tx, connection.connection_id, window, position)
    if window.broken is not None:
        connections.ask_for_sweep(tx, connection.connection_id, window.broken)
    # Where every run reads everything, nobody who disappears is found late.
    late = merged.late + (gone if window.on_time is not None else 0)
    return Reading(window, position, read, merged.written, gone, late)


def extract_again(
    tx: Transaction,
    crm: Crm,
    connection: Connection,
    contact_ids: Sequence[str],
    hash_of: Callable[[str], bytes],
    *,
    checks_columns: bool = False,
) -> None:
    """Read some contacts once more, by id, into the mirror. Who is not returned is gone. No watermark moves."""
    gone = forgotten.known(tx, connection.connection_id, hash_of)
    with crm.snapshot() as found_there:
        must_be_the_same_place(watermarks.read(tx, connection.connection_id), found_there.position)
        snapshot = found_there.of(connection.workspace)
        if checks_columns:
            must_have_the_same_columns(snapshot, connection)
        found = snapshot.rows_among(connection.statement, wanted(connection.columns), contact_ids)
        with contextlib.closing(found):
            read = mirror.stage(tx, gone.veiled(_marked(found, connection)), hash_of)
    _refuse_doubled(tx)
    if len(contact_ids) >= guard.LEAST:
        _must_be_believable(read, mirror.in_crm(tx, connection.connection_id, contact_ids), is_part=True)
    forgotten.keep_out(tx, connection.connection_id, gone)
    mirror.merge(tx, connection.connection_id)
    mirror.mark_gone(tx, connection.connection_id, contact_ids)


def _must_be_believable(read: int, last: int, approved: int | None = None, *, is_part: bool = False) -> None:
    if not guard.is_believable(read, last, approved):
        raise SourceShrunk(read, last, is_part=is_part)


def _marked(
    rows: Iterable[Sequence[Any]], connection: Connection, window: Window | None = None
) -> Iterator[tuple[Contact, bool]]:
    """Rows of the statement as contacts, each with whether its window has it."""
    read = _reader(wanted(connection.columns), connection.custom_field_types)
    is_marked = window is not None and window.on_time is not None
    return ((read(row), row[-1] if is_marked else True) for row in rows)


def contacts(
    rows: Iterable[Sequence[Any]], columns: Sequence[str], types: Mapping[str, str] | None = None
) -> Iterator[Contact]:
    """Rows of the statement as contacts. `types` are those of the custom fields, by name."""
    return map(_reader(columns, types), rows)


def _reader(columns: Sequence[str], types: Mapping[str, str] | None) -> Callable[[Sequence[Any]], Contact]:
    """What makes a contact of a row with these columns."""
    at = {name: index for index, name in enumerate(columns)}
    named = [(name, index) for name, index in at.items() if name not in mapping.OWN]

    def read(row: Sequence[Any]) -> Contact:
        return contact(
            row[at["contact_id"]],
            row[at["email"]],
            {name: row[index] for name, index in named if row[index]},
            eligible="eligible" not in at or row[at["eligible"]] is True,
            opted_out="opted_out" in at and row[at["opted_out"]] is True,
            types=types,
        )

    return read


def contact(
    contact_id: str | None,
    address: str | None,
    values: Mapping[str, str],
    *,
    eligible: bool,
    opted_out: bool,
    types: Mapping[str, str] | None = None,
) -> Contact:
    """One contact, normalised."""
    if not contact_id or len(contact_id) > _LONGEST_ID:
        raise StatementError(
            "the CRM statement returned a contact whose contact_id is "
            + (f"longer than {_LONGEST_ID} characters" if contact_id else "NULL or empty"),
            advice="contact_id must be a unique id that is always there",
        )
    trimmed = (address or "").strip()
    normal, fault = addresses.usable(trimmed) if trimmed else ("", "")
    kept, refused = fields.usable(values, types or {})
    folded = addresses.fold(normal) if normal and not fault else ""
    return Contact(
        contact_id, normal or trimmed[: addresses.LONGEST * 4], folded, fault, eligible, opted_out, kept, refused
    )


def _refuse_doubled(tx: Transaction) -> None:
    if doubled := mirror.doubled(tx):
        raise StatementError(
            f"the CRM statement returned contact_id {masked_addresses(', '.join(doubled))} more than once",
            advice="each contact must be one row: look for a join that multiplies rows",
        )
