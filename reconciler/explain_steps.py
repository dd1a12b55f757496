"""The six steps of one contact's story: read, in scope, matched, compared, decided, answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import fields
from reconciler.token_end import minute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Row

MAILABLE: Final = ("explicit", "implicit")
CHANGES: Final = {"add": "to be added", "update": "to be updated", "readdress": "to get the new address"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that differs: the CRM's value, what is there, and what was last pushed or found equal."""

    field: str
    wanted: str
    there: str
    applied: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the six steps. `holds`: whether nothing in it keeps the contact from being synced."""

    name: str
    told: str
    holds: bool = True


def of(found: Row, history: Sequence[Row], next_try: str) -> list[Step]:
    """The steps of a contact of the CRM."""
    return [
        _read(found),
        _in_scope(found),
        _matched(found),
        _compared(found),
        _decided(found),
        _answered(found, history, next_try),
    ]


def _read(found: Row) -> Step:
    if found.gone_at is not None:
        return Step("read", f"gone from the CRM statement's result since {minute(found.gone_at)}", holds=False)
    until = f"; the CRM was last read {minute(found.read_at)}" if found.read_at else ""
    return Step("read", f"came with its present values {minute(found.changed_at)}{until}")


def _in_scope(found: Row) -> Step:
    faults = [
        "the CRM says that it is not eligible" if not found.eligible else "",
        "it opted out in the CRM" if found.opted_out else "",
        f"the address can't be used: {found.fault}" if found.fault else "",
        "it has no e-mail address" if not found.address and not found.fault else "",
    ]
    told = "; ".join(filter(None, faults))
    return Step("in scope", told or "eligible, not opted out, with an address that can be used", holds=not told)


def _matched(found: Row) -> Step:
    if found.member_id is None:
        return Step("matched", "nobody in the Constant Contact account has this address")
    how = "by its address" if found.is_by_address else "by the link of an earlier run: the address there is another one"
    is_off = found.status not in MAILABLE or found.left_at is not None
    return Step("matched", f"member {found.member_id} {how}, {there(found)}", holds=not is_off)


def there(found: Row) -> str:
    told = [str(found.status).replace("_", " "), "on the list" if found.on_list else "not on the list"]
    told += [f"left the list {minute(found.left_at)}"] if found.left_at else []
    told += [f"unsubscribed {minute(found.opted_out_at)}"] if found.opted_out_at else []
    told += [f"deleted {minute(found.deleted_at)}"] if found.deleted_at else []
    told += ["missing from the last reading of the list"] if found.absent_at else []
    return ", ".join(told)


def _compared(found: Row) -> Step:
    left_out = [f"{name} is left out ({why})" for name, why in sorted((found.refused or {}).items())]
    if found.member_id is None:
        told = f"nothing to compare with; {len(found.fields or {})} fields are wanted"
        return Step("compared", "; ".join([told, *left_out]))
    names = [f"{each.field} differs{f' ({each.note})' if each.note else ''}" for each in differences(found)]
    return Step("compared", "; ".join([*(names or ["all wanted fields are as they are there"]), *left_out]))


def _decided(found: Row) -> Step:
    if found.verdict is None:
        return Step("decided", "not decided yet: the next run does it")
    word = CHANGES.get(found.verdict, found.verdict.replace("_", " "))
    words = f" ({found.message})" if found.message else ""
    newer = (
        ""
        if found.is_decided or found.verdict in CHANGES
        else "; one side has changed since: the next run decides anew"
    )
    at = f" {minute(found.decided_at)}" if found.decided_at else ""
    holds = found.verdict in ("unchanged", *CHANGES)
    return Step("decided", f"{word}{words}{at}{newer}", holds=holds)


def _answered(found: Row, history: Sequence[Row], next_try: str) -> Step:
    if found.batch_state is not None:
        told = f"sent {minute(found.intended_at)} and not yet seen there"
    elif found.reject_code is not None:
        told = f"refused since {minute(found.rejected_since)}, {found.attempts} times: {found.reject_message}"
    else:
        last = next((row for row in history if row.action != "skip"), None)
        code = f" ({last.code})" if last is not None and last.code else ""
        told = (
            "nothing was sent for it" if last is None else f"{last.action} in run {last.run_id}: {last.outcome}{code}"
        )
    return Step(
        "answer", f"{told}; next try: {next_try}", holds=found.batch_state is None and found.reject_code is None
    )


def differences(found: Row) -> list[Difference]:
    """The fields in which the CRM and Constant Contact differ, with what became of each."""
    here, applied = found.there or {}, found.applied or {}
    return [
        Difference(name, value, here.get(name, ""), applied.get(name, ""), _note(found, name, value))
        for name, value in sorted((found.fields or {}).items())
        if fields.same_as(name, value) != fields.same_as(name, here.get(name, ""))
    ]


def _note(found: Row, name: str, value: str) -> str:
    if name in (found.drifted or ()):
        return "changed there while the CRM's stayed: kept"
    if (found.refused_fields or {}).get(name) == value:
        return "was not taken by Constant Contact"
    if (found.untaken or {}).get(name) == value:
        return "an import did not take it"
    if name in (found.shown or {}) and (found.applied or {}).get(name) == value:
        return "shown in Constant Contact's own way"
    return ""
