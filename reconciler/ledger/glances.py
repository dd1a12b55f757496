"""What a tick looks at before it takes a lease, and how it notes that there was nothing to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.ledger import watermarks
from reconciler.ledger.database import one

if TYPE_CHECKING:
    from reconciler.ledger.database import Transaction
    from reconciler.window import Position, Watermark, Window


@dataclass(frozen=True, slots=True)
class Sight:
    """How a connection stands, apart from its CRM."""

    #: None before the first extraction.
    mark: Watermark | None
    #: Whether a run would find something to do, or to clear up, though nothing had changed in the CRM.
    is_something_open: bool


def look(tx: Transaction, connection_id: int) -> Sight | None:
    """How a connection stands; None where it is gone."""
    row = one(tx, "glance_look", connection_id=connection_id)
    if row is None:
        return None
    return Sight(None if row.read_at is None else watermarks.of(row), bool(row.is_something_open))


def note(tx: Transaction, connection_id: int, went_on_from: Watermark, window: Window, until: Position) -> bool:
    """Note a tick that found nothing, and move the watermark to what it has seen.

    Says no, and writes nothing, where the watermark has moved since, or a run goes on.
    """
    return (
        one(
            tx,
            "glance_note",
            connection_id=connection_id,
            read_at=went_on_from.read_at,
            mode=window.mode,
            until=until.now,
            position=str(until.xmin),
            overlap_seconds=window.overlap_seconds,
            has_looked=until.structure is not None,
        )
        is not None
    )
