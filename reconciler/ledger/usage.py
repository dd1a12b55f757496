"""What an API key may still spend, in one row that all processes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.ledger.database import one, value

if TYPE_CHECKING:
    from reconciler.ledger.database import Ledger, Transaction

#: Of an API key's day, kept for tokens and for people's own clicks.
RESERVE: Final = 500


@dataclass(frozen=True, slots=True)
class Usage:
    """The slots of one API key: evenly spaced, and no more a UTC day than `per_day`."""

    ledger: Ledger
    key_fingerprint: bytes
    per_second: float
    per_day: int

    def reserve(self) -> float | None:
        """Reserve the next slot; says how many seconds it is away, or None where the day is spent."""
        with self.ledger.transaction() as tx:
            row = one(
                tx,
                "usage_reserve",
                key_fingerprint=self.key_fingerprint,
                spacing_seconds=1 / self.per_second,
                per_day=self.per_day,
            )
        return None if row is None else float(row.wait_seconds)


def left_today(tx: Transaction, key_fingerprint: bytes, per_day: int) -> int:
    return max(0, per_day - int(value(tx, "usage_today", key_fingerprint=key_fingerprint)))
