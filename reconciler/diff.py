"""Decide what would make the list agree with the CRM: a pure function on a slice of candidates.

All contacts of one address come in the same slice. Frames never leave this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from reconciler import changes, fields
from reconciler.domain import Policy, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from reconciler.domain import Candidate, Decision, Present

_AS_IT_IS: Final = Policy()
_TOO_LONG: Final = f"an address of more than {changes.LONGEST_IN_IMPORT} characters can't go by a bulk import"
_WOULD_LOSE_LISTS: Final = (
    "a call of its own would replace all lists of somebody who is in the account: put them on it in Constant Contact"
)
_TOO_MANY_LISTS: Final = f"on {fields.MOST_LISTS} lists already, as many as Constant Contact lets a contact be on"


def diff(candidates: Sequence[Candidate], policy: Policy = _AS_IT_IS) -> list[Decision]:
    """Say what to do about each candidate, in the order of their contact ids. Touches nothing."""
    if not candidates:
        return []
    ordered = sorted(candidates, key=lambda candidate: candidate.contact.contact_id)
    both = _frame(ordered, policy)
    differs, drifts = _compare(ordered, policy)
    both["differs"] = [bool(names) for names in differs]
    verdicts = _verdicts(both)
    chosen, opted = (_of_group(both, both[both[mark]], "contact_id") for mark in ("wins", "opts_out"))
    return [
        changes.decision(candidate, policy, verdict, changed, drifted, _message(verdict, winner, out_by, candidate))
        for candidate, verdict, changed, drifted, winner, out_by in zip(
            ordered, verdicts, differs, drifts, chosen, opted, strict=True
        )
    ]


def _frame(candidates: Sequence[Candidate], policy: Policy) -> pd.DataFrame:
    both = pd.DataFrame(
        {
            "contact_id": [c.contact.contact_id for c in candidates],
            "group": [c.group for c in candidates],
            "in_scope": [c.contact.eligible and not c.gone for c in candidates],
            "forgotten": [c.contact.forgotten and not c.gone for c in candidates],
            "opts_out": [c.contact.opted_out and not c.gone for c in candidates],
            "no_email": [not c.contact.address for c in candidates],
            "invalid": [bool(c.contact.fault) for c in candidates],
            "known": [c.member is not None for c in candidates],
            "on_list": [c.member is not None and c.member.on_list for c in candidates],
            "off": [_off(c.member, may_rejoin=c.may_rejoin) for c in candidates],
            "absent": [any(side is not None and side.absent for side in (c.member, c.linked)) for c in candidates],
            "linked_off": [_off(c.linked, may_rejoin=c.may_rejoin) for c in candidates],
            "moves": [changes.moves(c) for c in candidates],
            "rejected": [bool(c.rejected) for c in candidates],
            "full": [c.member is not None and c.member.lists_full for c in candidates],
            "claimed": [c.claimed for c in candidates],
            "clears": [bool(changes.clears(c, c.member, policy)) for c in candidates],
            # Nobody who is in the account already is put on a list by a call of their own: it would replace all lists.
            "unsendable": [changes.is_long(c) and not (policy.create_singly and c.member is None) for c in candidates],
            "unlinked": [not c.is_linked for c in candidates],
            "other_name": [not _has_the_name(c) for c in candidates],
        }
    )
    both["wins"] = _winners(both)
    by_group = both.groupby("group")
    both["group_opts_out"] = by_group["opts_out"].transform("any")
    # The state belongs to the person: it follows a contact through a changed address and a new id.
    off = both[both["linked_off"] != ""].sort_values("linked_off", ascending=False)
    both["group_off"] = _of_group(both, off, "linked_off")
    both["group_absent"] = by_group["absent"].transform("any")
    return both


def _of_group(both: pd.DataFrame, some: pd.DataFrame, column: str) -> list[str]:
    """For each contact, the value that the first of `some` with its address has; empty where there is none."""
    first = some.drop_duplicates("group")
    found = dict(zip(first["group"].tolist(), first[column].tolist(), strict=True))
    return [found.get(group, "") for group in both["group"].tolist()]


def _winners(both: pd.DataFrame) -> pd.Series[bool]:
    """Of the contacts of one address that are wanted, one is synced; the choice stays until it stops being wanted."""
    wanted = both[both["in_scope"] & ~both["opts_out"] & ~both["no_email"] & ~both["invalid"]]
    ranked = wanted.assign(stays_away=wanted["unlinked"] & ~wanted["moves"])
    first = ranked.sort_values(["stays_away", "other_name", "contact_id"]).drop_duplicates("group")
    return both.index.to_series().isin(first.index)


def _verdicts(both: pd.DataFrame) -> list[str]:
    """One word per contact; the first rule that holds decides."""
    rules: list[tuple[pd.Series[bool], str | pd.Series[str]]] = [
        (both["forgotten"], Reason.FORGOTTEN),
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
        (both["moves"], changes.READDRESS),
        (both["claimed"], Reason.ADDRESS_TAKEN),
        (~both["on_list"] & both["unsendable"], Reason.NEEDS_SINGLE_WRITE),
        (~both["on_list"], changes.ADD),
        (both["differs"] | both["clears"], changes.UPDATE),
    ]
    conditions = [condition.to_numpy() for condition, _ in rules]
    words = [word.to_numpy() if isinstance(word, pd.Series) else np.array(str(word), object) for _, word in rules]
    chosen: list[str] = np.select(conditions, words, default=np.array(str(Reason.UNCHANGED), object)).tolist()
    return chosen


def _compare(candidates: Sequence[Candidate], policy: Policy) -> tuple[list[list[str]], list[list[str]]]:
    """Which filled fields differ from what is present, and which of those are drift: changed there, not here."""
    columns = sorted({name for c in candidates for name in c.contact.fields})
    wanted = _table([c.contact.fields for c in candidates], columns)
    present = _table([changes.fields_of(c.member) for c in candidates], columns)
    differs: list[list[str]] = [[] for _ in candidates]
    drifts: list[list[str]] = [[] for _ in candidates]
    # Most are equal letter by letter, and need no closer look.
    for row, column in zip(*(at.tolist() for at in ((wanted != "") & (wanted != present)).nonzero()), strict=True):
        name = columns[column]
        match _difference(candidates[row], name, wanted[row, column], present[row, column]):
            case "differs":
                differs[row].append(name)
            case "drifts":
                (differs if name in policy.overwrite else drifts)[row].append(name)
    return differs, drifts


def _difference(candidate: Candidate, name: str, wanted: str, present: str) -> Literal["differs", "drifts"] | None:
    there = _same(name, present)
    if _same(name, wanted) == there or candidate.refused_fields.get(name) == wanted:
        return None
    member = candidate.member
    # What was pushed says something only of the member it was pushed to, and only where their values are known.
    is_known = candidate.is_linked and member is not None and member.fields is not None
    if not is_known or candidate.applied.get(name) != wanted:
        return "differs"
    shown = candidate.shown.get(name)
    return None if shown and _same(name, shown) == there else "drifts"


def _same(name: str, value: str) -> str:
    return value and fields.same_as(name, value)


def _table(records: Sequence[Mapping[str, str]], columns: Sequence[str]) -> npt.NDArray[np.object_]:
    found = [[record.get(name, "") for name in columns] for record in records]
    return np.array(found, dtype=object).reshape(len(records), len(columns))


def _message(verdict: str, winner: str, opted_out_by: str, candidate: Candidate) -> str:
    if verdict == Reason.DUPLICATE:
        return f"the same address as contact {winner}, which is the one that is synced"
    if verdict == Reason.OPTED_OUT and not candidate.contact.opted_out:
        return f"contact {opted_out_by}, who has the same address, opted out"
    if verdict == Reason.INVALID:
        return candidate.contact.fault
    if verdict == Reason.NEEDS_SINGLE_WRITE:
        return _TOO_LONG if candidate.member is None else f"{_TOO_LONG}; {_WOULD_LOSE_LISTS}"
    if verdict == Reason.REJECTED:
        return candidate.rejected
    return _TOO_MANY_LISTS if verdict == Reason.TOO_MANY_LISTS else ""


def _off(member: Present | None, *, may_rejoin: bool) -> str:
    return str((member and member.kept_off(may_rejoin=may_rejoin)) or "")


def _has_the_name(candidate: Candidate) -> bool:
    there = changes.fields_of(candidate.member)
    names = ("first_name", "last_name")
    return bool(there) and all(candidate.contact.fields.get(name, "") == there.get(name, "") for name in names)
