"""What PostgreSQL's planner knows of tables that grow within a run.

A connection that is new to a ledger of others has no place in the planner's statistics: it expects one row, takes any
index that begins with the connection, and 20,000 lookups read 20,000 rows each. Autovacuum tells it only later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.ledger.database import run

if TYPE_CHECKING:
    from reconciler.ledger.database import Transaction

#: Of fewer rows any plan is fast enough: of 700 each of four lookups read all rows, which took 3 seconds.
_MANY: Final = 200

#: After so many the planner's own figures are of another ledger than this; the server's own looks come minutes later.
VERY_MANY: Final = 20_000


def refresh(tx: Transaction, name: str, written: int, now: int) -> None:
    """Run `analyze_NAME` when what was written, of which `now` just now, has become many, or has doubled since."""
    if (written // _MANY).bit_length() != ((written - now) // _MANY).bit_length():
        run(tx, f"analyze_{name}")


def after_a_run(tx: Transaction) -> None:
    """Tell how all stands after a run that decided VERY_MANY: what was told while they were under way is over."""
    run(tx, "analyze_decided")
