"""What the console alone asks of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.ledger.database import one, run, value

if TYPE_CHECKING:
    import datetime as dt

    from reconciler.ledger.database import Row, Transaction


def connection_of_run(tx: Transaction, run_id: int) -> str | None:
    """The name of the connection whose run it is."""
    row = one(tx, "console_connection_of_run", run_id=run_id)
    return None if row is None else str(row.name)


def now(tx: Transaction) -> dt.datetime:
    """The ledger's clock."""
    moment: dt.datetime = value(tx, "clock")
    return moment


def begin_once(tx: Transaction, once_hash: bytes, session_hash: bytes) -> bool:
    """Note that a form came; False where it came before, also at the same moment."""
    return one(tx, "console_once_begin", once_hash=once_hash, session_hash=session_hash) is not None


def forget_once(tx: Transaction, once_hash: bytes) -> None:
    """A form whose action failed may come again."""
    run(tx, "console_once_forget", once_hash=once_hash)


def led_to(tx: Transaction, once_hash: bytes) -> str | None:
    """The page that a form led to; None where that is not known yet."""
    place: str | None = value(tx, "console_once_led_to", once_hash=once_hash)
    return place


def note_led_to(tx: Transaction, once_hash: bytes, place: str) -> None:
    run(tx, "console_once_note", once_hash=once_hash, led_to=place)


def newest_run(tx: Transaction, connection_id: int) -> Row | None:
    """The newest run of a connection, also one that goes on: its state is None then."""
    return one(tx, "console_newest_run", connection_id=connection_id)


def plan_of(tx: Transaction, connection_id: int, run_id: int | None, seconds: float) -> Row | None:
    """The plan of a full resync that somebody looked at in the console within so many seconds.

    The named one, else the last one; None where there is none. One that a guard would hold is one too.
    """
    return one(tx, "console_plan_of", connection_id=connection_id, run_id=run_id, seconds=seconds)


def last_resync(tx: Transaction, connection_id: int) -> dt.datetime | None:
    """When a full resync was last confirmed that was not refused.

    Nobody confirms another before the transaction ends.
    """
    run(tx, "connection_lock", connection_id=connection_id)
    row = one(tx, "console_last_resync", connection_id=connection_id)
    return None if row is None else row.at


def first_plan(tx: Transaction, connection_id: int, run_id: int | None, seconds: float) -> Row | None:
    """What a look at the first sync found within so many seconds: also one that could not be planned.

    The named one, else the last one; None where there is none that a start would still do.
    """
    return one(tx, "console_first_plan", connection_id=connection_id, run_id=run_id, seconds=seconds)
