"""What an API key may still spend, in one row that all processes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import slots, sweeps
from reconciler.ledger.database import one, run
from reconciler.limits import Limits
from reconciler.slots import Pace, Slot, Spending

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Row, Transaction

#: A process that has stopped while it reserves a slot loses the lock after so long; one that works is done at once.
_HOLD_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Usage:
    """The slots of one API key: evenly spaced, and no more a UTC day than `per_day`."""

    ledger: Ledger
    key_fingerprint: bytes
    per_second: float
    per_day: int
    #: For which lease, with its fence: a run that was fenced off asks for nothing more.
    held: tuple[int, int] | None = None

    def reserve(self, missed: Slot | None = None, width: float = 0.0) -> Slot | None:
        """Reserve the next slot, good for `width` seconds; None where the day is spent.

        `missed` is a slot that was not used: it is not counted twice. A crash wastes a slot, and never overspends.
        Raises LeaseLost where the fence has moved on.
        """
        with self.ledger.transaction(self.held) as tx:
            locked = run(tx, "usage_lock", key_fingerprint=self.key_fingerprint, hold_seconds=_HOLD_SECONDS).one()
            pace = Pace(1 / self.per_second, self.per_day)
            found = slots.reserve(_spending(locked), locked.now, pace, missed=missed, width=width)
            if found is None:
                return None
            spending, slot = found
            told = {"day": spending.day, "calls": spending.calls, "next_at": spending.next_at}
            run(tx, "usage_spend", key_fingerprint=self.key_fingerprint, **told)
        # By the one reading of the clock: one that is set ahead meanwhile would make the slot look long gone.
        return Slot((slot - locked.now).total_seconds(), spending.day)

    def slow_down(self) -> None:
        """Constant Contact says that we are too fast: for a minute all processes go half as fast."""
        with self.ledger.transaction() as tx:
            run(tx, "usage_slow_down", key_fingerprint=self.key_fingerprint, hold_seconds=_HOLD_SECONDS)

    def spend_day(self) -> None:
        """Constant Contact says that the day is spent: no process makes a call until 00:00 UTC."""
        with self.ledger.transaction() as tx:
            run(tx, "usage_spend_day", key_fingerprint=self.key_fingerprint, hold_seconds=_HOLD_SECONDS)


def left_today(tx: Transaction, key_fingerprint: bytes, per_day: int) -> int:
    """How many calls runs may still make on this UTC day."""
    row = one(tx, "usage_today", key_fingerprint=key_fingerprint)
    if row is None:
        return per_day
    return 0 if row.is_spent else max(0, per_day - row.calls)


def pace_of(tx: Transaction, key_fingerprint: bytes) -> tuple[float | None, int | None]:
    """The figures of an API key, a second and a day, where an account of it has its own."""
    row = run(tx, "usage_pace", key_fingerprint=key_fingerprint).one()
    return (None if row.per_second is None else float(row.per_second)), row.per_day


def set_pace(tx: Transaction, account_id: int, per_second: float | None, per_day: int | None) -> None:
    """Store the figures of an account's API key; None: those of the settings."""
    run(tx, "account_set_pace", account_id=account_id, per_second=per_second, per_day=per_day)


def note_sweep(tx: Transaction, connection: Connection, run_id: int, calls: int, per_day: int) -> None:
    """Note what a full comparison of this run cost, and how often the key's connections sweep from now on.

    A run that did none changes nothing.
    """
    mine = connection.connection_id
    if one(tx, "connection_sweep_calls", connection_id=mine, run_id=run_id, calls=calls) is None:
        return
    key = connection.account.key_fingerprint
    usual = Limits().sweep_seconds
    found = run(tx, "usage_sweeps", key_fingerprint=key, sweep_seconds=usual).one()
    stretch = sweeps.stretch(float(found.calls_a_day), per_day, found.stretch)
    if stretch != found.stretch:
        run(tx, "usage_stretch", key_fingerprint=key, stretch=stretch)


def _spending(row: Row) -> Spending:
    return Spending(row.day, row.calls, row.next_at, row.slowed_until, row.spent_on)
