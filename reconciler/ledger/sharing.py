"""One API key's day among its connections: a big run leaves something to each of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler.ledger.database import value

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction
    from reconciler.ledger.usage import Usage
    from reconciler.slots import Slot

#: The first calls of a run, which may be the last of the day: an ordinary run makes no more. As many are left to each.
_FIRST: Final = 20
#: However many connections a key has, no more than this part of the day is kept for small runs.
_MOST: Final = 0.5


def kept_for_others(tx: Transaction, connection: Connection, per_day: int) -> int:
    """How many of the day's calls a run leaves to the other connections of its key, once it has made its first ones."""
    key = connection.account.key_fingerprint
    others = int(value(tx, "usage_others", connection_id=connection.connection_id, key_fingerprint=key))
    return min(_FIRST * others, int(per_day * _MOST))


class SharedDay:
    """The slots of one run: its first calls are of the whole day, further ones leave some to the others."""

    def __init__(self, whole: Usage, kept: int) -> None:
        self._whole = whole
        self._rest = replace(whole, per_day=whole.per_day - kept)
        self._made = 0

    def reserve(self, missed: Slot | None = None, width: float = 0.0) -> Slot | None:
        """Reserve the next slot as `Usage` does; None where the run's part of the day is spent."""
        self._made += missed is None
        return (self._whole if self._made <= _FIRST else self._rest).reserve(missed, width)

    def slow_down(self) -> None:
        self._whole.slow_down()

    def spend_day(self) -> None:
        self._whole.spend_day()
