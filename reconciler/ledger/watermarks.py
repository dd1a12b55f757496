"""How far into the CRM's changes everything has been copied, and where from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import as_json, one, run
from reconciler.origin import Origin
from reconciler.window import Watermark

if TYPE_CHECKING:
    from reconciler.ledger.database import Row, Transaction
    from reconciler.window import Position, Window


def read(tx: Transaction, connection_id: int) -> Watermark | None:
    """The watermark; None before the first extraction."""
    row = one(tx, "watermark_read", connection_id=connection_id)
    return None if row is None else of(row)


def of(row: Row) -> Watermark:
    """The watermark that a row of its table is."""
    origin = Origin(row.host, row.port, row.database, row.system_identifier, row.timeline)
    types = {int(oid): name for oid, name in row.types.items()}
    return Watermark(row.until, int(row.position), origin, row.read_at, row.structure, types, row.structure_at)


def move(tx: Transaction, connection_id: int, window: Window, until: Position) -> None:
    """Move the watermark, in the transaction that wrote the contacts."""
    origin = until.origin
    run(
        tx,
        "watermark_move",
        connection_id=connection_id,
        mode=window.mode,
        until=until.now,
        position=str(until.xmin),
        overlap_seconds=window.overlap_seconds,
        host=origin.host,
        port=origin.port,
        database=origin.database,
        system_identifier=origin.system_identifier,
        timeline=origin.timeline,
        structure=until.structure,
        types=as_json({str(oid): name for oid, name in until.types.items()}),
    )
