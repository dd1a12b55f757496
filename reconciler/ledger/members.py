"""The mirror of Constant Contact: staged in bulk, then written by difference.

Of people whom the CRM does not have, only hash, id, status and dates are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.ledger.database import as_json, copy, rows, run, value

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.domain import Member
    from reconciler.ledger.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Keys:
    """How an address becomes the key by which both mirrors are compared."""

    fold: Callable[[str], str]
    hash_of: Callable[[str], bytes]


_COLUMNS = (
    "member_id",
    "address_hash",
    "status",
    "on_list",
    "address",
    "fields",
    "updated_at",
    "opted_out_at",
    "deleted_at",
    "occupied",
)


def begin_reading(tx: Transaction, connection_id: int) -> None:
    """Begin a whole reading of the list: who is on it is noted page by page."""
    run(tx, "readings_clear", connection_id=connection_id)


def write(
    tx: Transaction,
    connection_id: int,
    members: Iterable[Member],
    keys: Keys,
    *,
    read_at: dt.datetime,
    by_id: bool = False,
    is_exported: bool = False,
    push_visible_seconds: float,
) -> int:
    """Write what differs of a page of members; says how many did.

    `by_id`: each was read singly, which proves absence from the list. `is_exported`: the mirror keeps of each what an
    export does not say.
    """
    run(tx, "members_stage")
    copy(tx, "staged_members", _COLUMNS, _records(members, keys))
    if is_exported:
        run(tx, "members_complete", connection_id=connection_id)
    run(tx, "readings_note", connection_id=connection_id)
    written = run(
        tx,
        "members_merge",
        connection_id=connection_id,
        read_at=read_at,
        by_id=by_id,
        push_visible_seconds=push_visible_seconds,
    ).rowcount
    run(tx, "members_unstage")
    return written


def note_listed(tx: Transaction, connection_id: int, member_ids: Iterable[str]) -> list[str]:
    """Note who is on the list, by a reading that tells nothing else of them; says whom of the mirror's it misses."""
    run(tx, "listed_stage")
    copy(tx, "staged_listed", ("member_id",), ((found,) for found in member_ids))
    run(tx, "analyze_listed")
    run(tx, "members_note_listed", connection_id=connection_id)
    return [row.member_id for row in rows(tx, "members_missing", connection_id=connection_id)]


def note_absent(
    tx: Transaction,
    connection_id: int,
    kind: str,
    among: Sequence[str] | None,
    *,
    push_visible_seconds: float,
    again_seconds: float,
) -> None:
    """Note who is missing from this whole reading of the list; a second one of the other kind settles it.

    `among`: whom `note_listed` missed, of whom some were seen since; None where all was read by pages.
    """
    run(
        tx,
        "members_note_absent",
        connection_id=connection_id,
        kind=kind,
        among=None if among is None else list(among),
        push_visible_seconds=push_visible_seconds,
        again_seconds=again_seconds,
    )


def end_reading(tx: Transaction, connection_id: int) -> None:
    run(tx, "readings_clear", connection_id=connection_id)


def absent(tx: Transaction, connection_id: int) -> Sequence[Row]:
    """Who was missed by a reading and is not yet known to have left: member_id, absent_by, waited_seconds."""
    return rows(tx, "members_absent", connection_id=connection_id)


def mark_deleted(tx: Transaction, connection_id: int, member_id: str) -> None:
    """Constant Contact no longer knows this id at all: treated as deleted there."""
    run(tx, "members_mark_deleted", connection_id=connection_id, member_id=member_id)


def note_linked(tx: Transaction, connection_id: int) -> None:
    """Remember whom a contact of the CRM was ever matched with: on the list and nobody's, they are no strangers."""
    run(tx, "members_note_linked", connection_id=connection_id)


def on_list_count(tx: Transaction, connection_id: int) -> int:
    """How many mailable members the mirror has on the list."""
    return int(value(tx, "members_on_list", connection_id=connection_id))


def unsure_count(tx: Transaction, connection_id: int) -> int:
    """How many mailable people may or may not be on the list: missed by the last reading, or sent and not yet seen."""
    return int(value(tx, "members_unsure", connection_id=connection_id))


def known_count(tx: Transaction, connection_id: int) -> int:
    """How many people of the account the mirror knows, the deleted too."""
    return int(value(tx, "members_known", connection_id=connection_id))


def echo(tx: Transaction, connection_id: int, since: dt.datetime) -> tuple[int, dt.datetime | None]:
    """How many on the list the mirror has as updated since, and the last of these times."""
    found = run(tx, "members_echo", connection_id=connection_id, since=since).one()
    return int(found.members), found.latest


def deleted_count(tx: Transaction, connection_id: int) -> int:
    return int(value(tx, "members_deleted", connection_id=connection_id))


def _records(members: Iterable[Member], keys: Keys) -> Iterator[tuple[object, ...]]:
    for member in members:
        yield (
            member.member_id,
            keys.hash_of(keys.fold(member.address)) if member.address else None,
            member.status.value,
            member.on_list,
            member.address,
            as_json(member.fields),
            member.updated_at,
            member.opted_out_at,
            member.deleted_at,
            as_json(member.occupied),
        )


def still_on_list(tx: Transaction, connection_id: int) -> Sequence[Row]:
    """Who is on the list though the CRM does not want them there: member_id, address, contact_id, reason, since."""
    return rows(tx, "still_on_list", connection_id=connection_id)
