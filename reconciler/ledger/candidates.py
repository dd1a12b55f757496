"""Candidates out of the two mirrors, by the notes that the ledger keeps of who may have to be decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.domain import Candidate, Contact, Present, Status
from reconciler.ledger.database import rows, run, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.ledger.database import Row, Transaction


def find(tx: Transaction, connection_id: int, *, sweep: bool, clears: bool, among: Sequence[str] | None = None) -> int:
    """Find the address groups with a contact to decide, for this transaction; says how many.

    With `clears` a field that is blank in the CRM may be a change, which only the diff sees.
    """
    run(tx, "candidates_note_all", connection_id=connection_id)
    asked = None if among is None else list(among)
    found = run(tx, "candidates_find", connection_id=connection_id, sweep=sweep, clears=clears, among=asked).rowcount
    if found:
        run(tx, "candidates_index")
        run(tx, "candidates_leaving", connection_id=connection_id)
    return found


def slices(tx: Transaction, connection_id: int, size: int) -> Iterator[list[Candidate]]:
    """The candidates that `find` found, in slices; all contacts of one address in the same one."""
    after = b""
    while found := rows(tx, "candidates_slice", connection_id=connection_id, after=after, size=size):
        after = bytes(found[-1].address_group)
        yield [_candidate(row) for row in found]


def strike_off(tx: Transaction, connection_id: int) -> int:
    """Strike off the notes of all who have been decided, so that no tick looks at them again; says how many notes.

    Strikes off nobody while somebody is about to change what notes are of: then another run does it.
    """
    if not value(tx, "candidates_alone", connection_id=connection_id):
        return 0
    return run(tx, "candidates_strike_off", connection_id=connection_id).rowcount


def _candidate(row: Row) -> Candidate:
    contact = Contact(
        contact_id=row.contact_id,
        address=row.address,
        fault=row.fault,
        eligible=row.eligible,
        opted_out=row.opted_out,
        fields=row.fields,
        refused=row.refused,
        forgotten=row.is_forgotten,
    )
    return Candidate(
        contact=contact,
        group=bytes(row.address_group).hex(),
        gone=row.gone,
        member=_present(row, "m"),
        linked=_present(row, "l"),
        is_linked=row.is_linked,
        applied=row.applied or {},
        shown=row.shown or {},
        rejected=row.rejected or "",
        refused_fields=row.refused_fields or {},
        claimed=row.claimed,
        is_anothers=row.is_anothers,
        untaken=row.untaken or {},
        may_rejoin=row.may_rejoin or False,
    )


def _present(row: Row, side: str) -> Present | None:
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by column
    if found[f"{side}_member_id"] is None:
        return None
    return Present(
        member_id=found[f"{side}_member_id"],
        status=Status(found[f"{side}_status"]),
        on_list=found[f"{side}_on_list"],
        left=found[f"{side}_left"],
        absent=found[f"{side}_absent"],
        fields=found[f"{side}_fields"],
        opted_out=found[f"{side}_opted_out"],
        lists_full=found[f"{side}_lists_full"],
    )
