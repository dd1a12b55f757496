"""Who is refused, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.page import number
from reconciler.problems import CATALOGUE
from reconciler.redaction import masked, masked_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row


def shown(row: Row, *, unmasked: bool) -> dict[str, Any]:
    """One refused contact. `again_at` is None where it waits until it changes, or somebody says so."""
    address = row.address or ""
    return {
        "contact_id": row.contact_id if unmasked else masked_addresses(row.contact_id),
        "email": address if unmasked or not address else masked(address),
        "code": row.code,
        "message": row.message,
        "since": row.since.isoformat(),
        "first_run": row.first_run_id,
        "tries": row.attempts,
        "again_at": None if row.again_at is None else row.again_at.isoformat(),
        "action": CATALOGUE[row.code].action if row.code in CATALOGUE else "",
    }


def text(found: Sequence[Mapping[str, Any]]) -> str:
    """A line a contact, with what to do about each code below."""
    if not found:
        return "Nobody is refused."
    lines = [f"{number(len(found), 'contact')} refused"]
    lines += [_line(one) for one in found]
    lines += [""] + [f"{code}: {action}" for code, action in sorted({(one["code"], one["action"]) for one in found})]
    return "\n".join(lines)


def _line(one: Mapping[str, Any]) -> str:
    again = "when it changes" if one["again_at"] is None else f"{one['again_at'][:16].replace('T', ' ')} UTC"
    tried = f"tried {number(one['tries'], 'time')}, again {again}"
    return f"  {one['contact_id']}  {one['email']}  {one['code']}: {one['message']} ({tried})"
