"""Let what was refused be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import UsageError
from reconciler.ledger import audit, rejects
from reconciler.redaction import masked_addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger


def retry(ledger: Ledger, connection: Connection, contact_ids: Sequence[str], actor: str) -> int:
    """Let the next run try these contacts again, or all where none is named; says how many they are. Audited.

    Raises UsageError that names those of whom nothing was refused; nothing is changed then.
    """
    name = connection.name
    with ledger.transaction() as tx:
        again = rejects.rearm(tx, connection.connection_id, tuple(contact_ids) or None, with_fields=True)
        if unknown := [masked_addresses(each) for each in contact_ids if each not in again]:
            raise UsageError(
                f"nothing of {', '.join(unknown)} was refused", advice=f"`reconciler rejects {name}` lists who is"
            )
        audit.write(tx, actor, "retry", name, {"contact_ids": list(contact_ids) or "all", "contacts": len(again)})
    return len(again)
