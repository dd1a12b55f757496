"""The audit as the console shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.ledger.database import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row, Transaction

#: Behind every row: what the ledger's column can hold.
NEWEST: Final = 2**63 - 1


def page(
    tx: Transaction, workspaces: Sequence[str] | None, connection: str, *, before: int, most: int
) -> Sequence[Row]:
    """What was done, newest first, before a row: in some workspaces; None: everything, of no connection too."""
    among = None if workspaces is None else list(workspaces)
    return rows(tx, "console_audit", workspaces=among, connection=connection, before=before, most=most)
