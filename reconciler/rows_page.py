"""A run's rows as lines of a page: what was changed, and who is to be looked at."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from reconciler.redaction import masked, masked_addresses, veiled, veiled_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row

#: The columns of a run's rows, in their order.
COLUMNS: Final = ("run_id", "contact_id", "email", "action", "field", "before", "after", "outcome", "code", "message")
_NAMED: Final = ("invalid", "field_refused", "needs_single_write", "too_many_lists", "flapping", "permission_changed")
_LOOKED_AT: Final = 50
_CONTACTS_SHOWN: Final = 12
_FIELDS_SHOWN: Final = 2
#: As much of a run's rows as a page shows.
SHOWN: Final[Mapping[str, Any]] = {"contacts": _CONTACTS_SHOWN, "codes": _NAMED, "looked": _LOOKED_AT}


def masked_row(row: Sequence[Any]) -> tuple[object, ...]:
    """A run's row with the columns of its CSV in their order, without address and values."""
    run_id, contact_id, email, action, field, before, after, outcome, code, message = tuple(row)
    email = masked(email) if email else ""
    message = veiled_message(code, message) if message else ""
    contact_id = masked_addresses(contact_id)
    return (run_id, contact_id, email, action, field, veiled(before), veiled(after), outcome, code, message)


def changes(rows: Sequence[Row], *, unmasked: bool) -> str:
    """A line a contact; who was left alone is in the balances."""
    changed = [row for row in rows if row.action != "skip"]
    contacts = [list(group) for _, group in itertools.groupby(changed, key=lambda row: (row.contact_id, row.outcome))]
    if not contacts:
        return ""
    lines = [_change_line(group, unmasked=unmasked) for group in contacts[:_CONTACTS_SHOWN]]
    more = _in_all(rows, "changed", len(contacts)) - min(len(contacts), _CONTACTS_SHOWN)
    return "\n".join(["Changes", *lines, *([f"  ... and {more:,} more"] if more > 0 else [])])


def to_look_at(rows: Sequence[Row], *, unmasked: bool) -> str:
    """Who needs somebody, or was refused or not seen: by id, with the reason."""
    lines = [
        f"  {_named(row, unmasked=unmasked)}  {row.email if unmasked else masked(row.email)}  {row.code}"
        f"{f' ({row.field})' if row.field else ''}{_why(row, unmasked=unmasked)}"
        for row in rows
        if row.outcome in ("rejected", "in_doubt") or row.code in _NAMED
    ]
    told = list(dict.fromkeys(lines))
    if not told:
        return ""
    rest = _in_all(rows, "looked_at", len(told)) - min(len(told), _LOOKED_AT)
    more = [f"  ... and {rest:,} more"] if rest > 0 else []
    return "\n".join(["Contacts to look at", *told[:_LOOKED_AT], *more])


def _in_all(rows: Sequence[Row], name: str, here: int) -> int:
    """How many there are in all: the rows may be only those that are shown."""
    return max(here, getattr(rows[0], name, here)) if rows else here


def _why(row: Row, *, unmasked: bool) -> str:
    if row.code == "flapping" and not unmasked:  # its message has both values
        return f": {_field(row, unmasked=False)}"
    message = row.message if unmasked else veiled_message(row.code, row.message)
    return f": {message}" if message else ""


def _change_line(rows: Sequence[Row], *, unmasked: bool) -> str:
    first = rows[0]
    who = f"{_named(first, unmasked=unmasked)[:8]:8}  {first.email if unmasked else masked(first.email):28.28}"
    told = [_field(row, unmasked=unmasked) for row in rows if row.field]
    what = f"{len(told)} fields" if first.action == "add" and len(told) > _FIELDS_SHOWN else ", ".join(told)
    codes = sorted({row.code for row in rows if row.code})
    return f"  {who}  {first.action:6} {first.outcome:9} {' '.join([what, *codes]).strip()}".rstrip()


def _named(row: Row, *, unmasked: bool) -> str:
    """A contact's id; in some CRMs it is the address."""
    return str(row.contact_id) if unmasked else masked_addresses(row.contact_id)


def _field(row: Row, *, unmasked: bool) -> str:
    before, after = (row.before or "", row.after or "") if unmasked else (veiled(row.before), veiled(row.after))
    return f'{row.field}: "{before}" -> "{after}"'
