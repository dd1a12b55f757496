"""Let people come back who left the list or were deleted there. Never anybody who unsubscribed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reconciler.errors import UsageError
from reconciler.ledger import audit, rejoins
from reconciler.redaction import masked_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger

_WORDS: Final[Mapping[str, str]] = {
    "unsubscribed": "unsubscribed: only they can come back, by their own act",
    "not_mailable": "Constant Contact does not let them be mailed",
    "opted_out": "opted out in the CRM",
    "out_of_scope": "not eligible in the CRM",
    "forgotten": "was forgotten",
    "not_in_crm": "the CRM has no such contact",
    "undecided": "not decided yet: run first",
    "unchanged": "is on the list",
    "update": "is on the list",
    "add": "is not off: the next run adds them",
}


def rejoin(ledger: Ledger, connection: Connection, contact_ids: Sequence[str], basis: str, actor: str) -> int:
    """Let these contacts be put on the list again by the next run; says how many they are. All of them, or none.

    Raises UsageError that names each who may not, with the reason.
    """
    named, said = list(dict.fromkeys(contact_ids)), basis.strip()
    if not named:
        raise UsageError("no contact was named", advice="say their contact ids, or --from FILE with one on each line")
    if not said:
        raise UsageError("the basis is empty", advice="say with --basis why these people may be written to again")
    with ledger.transaction() as tx:
        faults = rejoins.against(tx, connection.connection_id, named)
        if faults:
            told = "".join(f"\n  {masked_addresses(who)}: {_WORDS.get(why, why)}" for who, why in faults.items())
            raise UsageError(
                f"{len(faults)} of {len(named)} contacts may not rejoin, so nothing was changed:{told}",
                advice="`rejoin` is for people who left this list or were deleted in Constant Contact",
            )
        rejoins.allow(tx, connection.connection_id, named, said)
        audit.write(tx, actor, "rejoin", connection.name, {"contacts": named, "basis": said})
    return len(named)
