"""Decide what would make the list agree with the CRM: a pure function on a slice of candidates.

All contacts of one address come in the same slice. Frames never leave this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from reconciler import fields
from reconciler.domain import Add, Readdress, Reason, Skip, Update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.domain import Candidate, Decision, Present

_ADD: Final = "add"
_UPDATE: Final = "update"
_READDRESS: Final = "readdress"
#: A bulk import takes addresses of 50 characters, a single write 80 (provider's contract, `JsonImportContact.email`).
_LONGEST_IN_IMPORT: Final = 50
_WORDS: Final[Mapping[str, str]] = {
    Reason.NEEDS_SINGLE_WRITE: f"an address of more than {_LONGEST_IN_IMPORT} characters can't go by a bulk import",
    Reason.TOO_MANY_LISTS: f"on {fields.MOST_LISTS} lists already, as many as Constant Contact lets a contact be on",
}


def diff(candidates: Sequence[Candidate]) -> list[Decision]:
    """Say what to do about each candidate, in the order of their contact ids. Touches nothing."""
    if not candidates:
        return []
    ordered = sorted(candidates, key=lambda candidate: candidate.contact.contact_id)
    both = _frame(ordered)
    differs, drifts = _compare(ordered)
    both["verdict"] = _verdicts(both, differs)
    chosen = both["contact_id"].where(both["wins"]).groupby(both["group"]).transform("first").fillna("")
    opted = both["contact_id"].where(both["opts_out"]).groupby(both["group"]).transform("first").fillna("")
    return [
        _decision(candidate, verdict, changed, drifted, _message(verdict, winner, out_by, candidate))
        for candidate, verdict, changed, drifted, winner, out_by in zip(
            ordered, both["verdict"], _names(differs), _names(drifts), chosen, opted, strict=True
        )
    ]


def _frame(candidates: Sequence[Candidate]) -> pd.DataFrame:
    both = pd.DataFrame(
        {
            "contact_id": [c.contact.contact_id for c in candidates],
            "group": [c.group for c in candidates],
            "in_scope": [c.contact.eligible and not c.gone for c in candidates],
            "opts_out": [c.contact.opted_out and not c.gone for c in candidates],
            "no_email": [not c.contact.address for c in candidates],
            "invalid": [bool(c.contact.fault) for c in candidates],
            "known": [c.member is not None for c in candidates],
            "on_list": [c.member is not None and c.member.on_list for c in candidates],
            "off": [_off(c.member, may_rejoin=c.may_rejoin) for c in candidates],
            "absent": [any(side is not None and side.absent for side in (c.member, c.linked)) for c in candidates],
            "linked_off": [_off(c.linked, may_rejoin=c.may_rejoin) for c in candidates],
            "moves": [c.member is None and c.linked is not None and not _is_another(c) for c in candidates],
            "rejected": [bool(c.rejected) for c in candidates],
            "full": [c.member is not None and c.member.lists_full for c in candidates],
            "claimed": [c.claimed for c in candidates],
            "long": [len(c.contact.address) > _LONGEST_IN_IMPORT for c in candidates],
            "unlinked": [not c.is_linked for c in candidates],
            "other_name": [not _has_the_name(c) for c in candidates],
        }
    )
    both["wins"] = _winners(both)
    by_group = both.groupby("group")
    both["group_opts_out"] = by_group["opts_out"].transform("any")
    # The state belongs to the person: it follows a contact through a changed address and a new id.
    both["group_off"] = by_group["linked_off"].transform("max")
    both["group_absent"] = by_group["absent"].transform("any")
    return both


def _winners(both: pd.DataFrame) -> pd.Series[bool]:
    """Of the contacts of one address that are wanted, one is synced; the choice stays until it stops being wanted."""
    wanted = both[both["in_scope"] & ~both["opts_out"] & ~both["no_email"] & ~both["invalid"]]
    first = wanted.sort_values(["unlinked", "other_name", "contact_id"]).drop_duplicates("group")
    return both.index.to_series().isin(first.index)


def _verdicts(both: pd.DataFrame, differs: pd.DataFrame) -> pd.Series[str]:
    """One word per contact; the first rule that holds decides."""
    rules: list[tuple[pd.Series[bool], str | pd.Series[str]]] = [
        (~both["in_scope"], Reason.OUT_OF_SCOPE),
        (both["opts_out"], Reason.OPTED_OUT),
        (both["no_email"], Reason.NO_EMAIL),
        (both["invalid"], Reason.INVALID),
        (~both["wins"], Reason.DUPLICATE),
        (both["group_opts_out"], Reason.OPTED_OUT),
        (both["off"] != "", both["off"]),
        (both["group_off"] != "", both["group_off"]),
        (both["rejected"], Reason.REJECTED),
        (both["full"] & ~both["on_list"], Reason.TOO_MANY_LISTS),
        (both["group_absent"], Reason.MEMBERSHIP_UNCLEAR),
        (both["claimed"], Reason.ADDRESS_TAKEN),
        (both["moves"], _READDRESS),
        (both["long"] & (~both["on_list"] | differs.any(axis=1)), Reason.NEEDS_SINGLE_WRITE),
        (~both["on_list"], _ADD),
        (differs.any(axis=1), _UPDATE),
    ]
    conditions = [condition.to_numpy() for condition, _ in rules]
    words = [word.to_numpy() if isinstance(word, pd.Series) else np.full(len(both), str(word)) for _, word in rules]
    return pd.Series(np.select(conditions, words, default=str(Reason.UNCHANGED)).astype(str), index=both.index)


def _compare(candidates: Sequence[Candidate]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Which filled fields differ from what is present, and which of those are drift: changed there, not here."""
    columns = sorted({name for c in candidates for name in c.contact.fields})
    wanted = _table([c.contact.fields for c in candidates], columns)
    present = _table([_fields(c.member) for c in candidates], columns)
    applied = _table([c.applied for c in candidates], columns)
    shown = _table([c.shown for c in candidates], columns)
    refused = _table([c.refused_fields for c in candidates], columns)
    # What was pushed says something only of the member it was pushed to, and only where their values are known.
    known = pd.Series(
        [c.is_linked and c.member is not None and c.member.fields is not None for c in candidates], dtype=bool
    )

    unequal = wanted.astype(bool) & _same(wanted).ne(_same(present)) & wanted.ne(refused)
    kept = wanted.eq(applied).mul(known, axis=0)
    echoed = kept & shown.astype(bool) & _same(shown).eq(_same(present))
    drifts = unequal & kept & ~echoed
    return unequal & ~echoed & ~drifts, drifts


def _table(records: Sequence[Mapping[str, str]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {name: [record.get(name, "") for record in records] for name in columns},
        index=range(len(records)),
        dtype=object,
    )


def _same(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        # Most places are empty, and empty is only the same as empty.
        {name: [value and fields.same_as(name, value) for value in table[name]] for name in table.columns},
        index=table.index,
        dtype=object,
    )


def _names(table: pd.DataFrame) -> list[list[str]]:
    return [[name for name, yes in zip(table.columns, row, strict=True) if yes] for row in table.to_numpy()]


def _decision(candidate: Candidate, verdict: str, changed: list[str], drifted: list[str], message: str) -> Decision:
    contact, member = candidate.contact, candidate.member
    agreed = {name: value for name, value in contact.fields.items() if candidate.refused_fields.get(name) != value}
    if verdict in (_ADD, _UPDATE):
        # Parts that only Constant Contact has go along, so that sending an address whole blanks none of them.
        filled = {**_fields(member), **contact.fields}
        names = sorted(fields.whole(changed, filled))
        values = {name: filled[name] for name in names}
        before = {name: there for name in names if (there := _fields(member).get(name, ""))}
        if member is not None and verdict == _UPDATE:
            return Update(contact.contact_id, contact.address, values, before, agreed, member.member_id)
        return Add(contact.contact_id, contact.address, values, before, agreed, member.member_id if member else None)
    if verdict == _READDRESS and candidate.linked is not None:
        return Readdress(contact.contact_id, contact.address, {}, {}, agreed, candidate.linked.member_id)
    reason = Reason(verdict)
    is_equal = reason is Reason.UNCHANGED
    return Skip(
        contact.contact_id,
        reason,
        message,
        member.member_id if member else None,
        tuple(drifted) if is_equal else (),
        agreed if is_equal else {},
        _still_shown(candidate) if is_equal else {},
    )


def _still_shown(candidate: Candidate) -> dict[str, str]:
    """The echoes that still belong to what is wanted."""
    wanted = candidate.contact.fields
    return {name: there for name, there in candidate.shown.items() if wanted.get(name) == candidate.applied.get(name)}


def _message(verdict: str, winner: str, opted_out_by: str, candidate: Candidate) -> str:
    if verdict == Reason.DUPLICATE:
        return f"the same address as contact {winner}, which is the one that is synced"
    if verdict == Reason.OPTED_OUT and not candidate.contact.opted_out:
        return f"contact {opted_out_by}, who has the same address, opted out"
    if verdict == Reason.INVALID:
        return candidate.contact.fault
    if verdict == Reason.REJECTED:
        return candidate.rejected
    return _WORDS.get(verdict, "")


def _off(member: Present | None, *, may_rejoin: bool) -> str:
    return str((member and member.kept_off(may_rejoin=may_rejoin)) or "")


def _fields(member: Present | None) -> Mapping[str, str]:
    return (member.fields or {}) if member else {}


def _has_the_name(candidate: Candidate) -> bool:
    there = _fields(candidate.member)
    names = ("first_name", "last_name")
    return bool(there) and all(candidate.contact.fields.get(name, "") == there.get(name, "") for name in names)


def _is_another(candidate: Candidate) -> bool:
    """First *and* last name changed with the address: another person, not a new address of the same one."""
    there = _fields(candidate.linked)
    wanted = candidate.contact.fields
    return all(
        wanted.get(name, "") and there.get(name, "") and wanted[name].casefold() != there[name].casefold()
        for name in ("first_name", "last_name")
    )
