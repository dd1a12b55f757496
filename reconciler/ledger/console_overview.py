"""What the console's overview asks of the ledger: some connections at once, and no contact of theirs."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from reconciler.ledger.database import rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row, Transaction


def places(tx: Transaction, workspaces: Sequence[str] | None, q: str) -> Sequence[Row]:
    """Connections by name, with their workspace, account and list; None: of every workspace."""
    among = None if workspaces is None else list(workspaces)
    return rows(tx, "console_places", workspaces=among, q=q)


def strips(tx: Transaction, connection_ids: Sequence[int], most: int) -> Mapping[int, Sequence[Row]]:
    """The last runs of each of these connections, oldest first."""
    found = rows(tx, "console_strips", connection_ids=list(connection_ids), most=most)
    return {key: list(group) for key, group in itertools.groupby(found, key=lambda row: row.connection_id)}


def news(tx: Transaction, connection_ids: Sequence[int]) -> Mapping[int, int]:
    """How many kinds of problems are new since yesterday, of those connections that have any."""
    found = rows(tx, "console_news", connection_ids=list(connection_ids))
    return {row.connection_id: int(row.problems) for row in found}
