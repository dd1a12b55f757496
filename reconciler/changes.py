"""What a verdict means for one contact: the change that is pushed, or the skip. Pure, and without frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reconciler import fields
from reconciler.domain import Add, Readdress, Reason, Skip, Status, Update

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.domain import Candidate, Decision, Policy, Present

ADD: Final = "add"
UPDATE: Final = "update"
READDRESS: Final = "readdress"
#: A bulk import takes addresses of 50 characters, a single write 80 (provider's contract, `JsonImportContact.email`).
LONGEST_IN_IMPORT: Final = 50


def decision(
    candidate: Candidate, policy: Policy, verdict: str, changed: list[str], drifted: list[str], message: str
) -> Decision:
    """The change or the skip that a verdict stands for; `changed` and `drifted` are names of fields."""
    contact, member = candidate.contact, candidate.member
    agreed = _agreed(candidate, policy)
    kept = tuple(sorted({*drifted, *_filled_there(candidate, policy)}))
    if verdict == READDRESS and candidate.linked is not None:
        return _readdress(candidate, candidate.linked, policy, agreed)
    if verdict in (ADD, UPDATE):
        return replace(_change(candidate, verdict, changed, clears(candidate, member, policy), agreed), drifted=kept)
    reason = Reason(verdict)
    is_equal = reason is Reason.UNCHANGED
    return Skip(
        contact.contact_id,
        reason,
        message,
        # Who waits for an address has no part in the member who is about to leave it.
        member.member_id if member and reason is not Reason.ADDRESS_TAKEN else None,
        kept if is_equal else (),
        agreed if is_equal else {},
        _still_shown(candidate) if is_equal else {},
    )


def moves(candidate: Candidate) -> bool:
    """The person it is linked to gets this address: nobody has it, or who has it is about to leave it."""
    is_free = candidate.member is None or candidate.claimed
    if candidate.linked is None or candidate.is_anothers or candidate.linked.status is Status.DELETED:
        # Who was deleted and may come back does so under the address that the CRM has now.
        return False
    return is_free and not _is_another(candidate)


def is_long(candidate: Candidate) -> bool:
    return len(candidate.contact.address) > LONGEST_IN_IMPORT


def clears(candidate: Candidate, member: Present | None, policy: Policy) -> list[str]:
    """Blank fields that the member has filled; those that were cleared before and filled there since only by choice."""
    there = fields_of(member)
    return [
        name
        for name in _blanks(candidate, policy)
        if there.get(name)
        and (candidate.applied.get(name) != "" or name in policy.overwrite)
        and candidate.refused_fields.get(name) != ""
    ]


def fields_of(member: Present | None) -> Mapping[str, str]:
    return (member.fields or {}) if member else {}


def _change(
    candidate: Candidate, verdict: str, changed: Sequence[str], cleared: Sequence[str], agreed: Mapping[str, str]
) -> Add | Update:
    """What an import can do goes by an import; what is left then goes by a call of its own."""
    contact, member = candidate.contact, candidate.member
    there = fields_of(member)
    again = [name for name in changed if candidate.untaken.get(name) == contact.fields[name]]
    by_import = [name for name in changed if name not in again]
    is_single = is_long(candidate) or (verdict == UPDATE and not by_import)
    has_rest = not is_single and bool(cleared or again)
    if is_single:
        values = {name: contact.fields[name] for name in changed} | dict.fromkeys(cleared, "")
    else:
        # Parts that only Constant Contact has go along, so that sending an address whole blanks none of them.
        filled = {**there, **contact.fields}
        values = {name: filled[name] for name in fields.whole(by_import, filled)}
    values = dict(sorted(values.items()))
    if has_rest:
        agreed = {name: value for name, value in agreed.items() if name not in (*cleared, *again)}
    told = (contact.contact_id, contact.address, values, _before(values, there), agreed)
    if member is not None and verdict == UPDATE:
        return Update(*told, member.member_id, is_single=is_single, has_rest=has_rest)
    return Add(*told, member.member_id if member else None, is_single=is_single, has_rest=has_rest)


def _readdress(candidate: Candidate, linked: Present, policy: Policy, agreed: Mapping[str, str]) -> Readdress:
    """The same person under a new address; fields that changed with it go along in the one call."""
    contact, there = candidate.contact, fields_of(linked)
    values = {
        name: value
        for name, value in contact.fields.items()
        if fields.same_as(name, value) != fields.same_as(name, there.get(name, ""))
        # What was pushed to this very person before, and changed there since, is theirs to keep.
        and candidate.applied.get(name) != value
        and candidate.refused_fields.get(name) != value
    }
    values |= dict.fromkeys(clears(candidate, linked, policy), "")
    return Readdress(
        contact.contact_id,
        contact.address,
        dict(sorted(values.items())),
        _before(values, there),
        agreed,
        linked.member_id,
    )


def _before(values: Iterable[str], there: Mapping[str, str]) -> dict[str, str]:
    return {name: there[name] for name in sorted(values) if there.get(name)}


def _agreed(candidate: Candidate, policy: Policy) -> dict[str, str]:
    """What both sides hold once a change is done: also that a field is empty, where blank is meant to clear it."""
    is_unknown = candidate.member is not None and candidate.member.fields is None
    blanks = [] if is_unknown else _blanks(candidate, policy)
    wanted = {**dict.fromkeys(blanks, ""), **candidate.contact.fields}
    return {name: value for name, value in wanted.items() if candidate.refused_fields.get(name) != value}


def _blanks(candidate: Candidate, policy: Policy) -> list[str]:
    """Fields to be cleared that the CRM has blank; what it has and can't be sent is not blank."""
    contact = candidate.contact
    return [name for name in policy.clear if name not in contact.fields and name not in contact.refused]


def _filled_there(candidate: Candidate, policy: Policy) -> list[str]:
    """Fields that were empty on both sides and are filled at Constant Contact now: kept, and reported."""
    there = fields_of(candidate.member) if candidate.is_linked else {}
    filled = [name for name, value in candidate.applied.items() if value == "" and there.get(name)]
    return [name for name in filled if name not in clears(candidate, candidate.member, policy)]


def _still_shown(candidate: Candidate) -> dict[str, str]:
    """The echoes that still belong to what is wanted."""
    wanted = candidate.contact.fields
    return {name: there for name, there in candidate.shown.items() if wanted.get(name) == candidate.applied.get(name)}


def _is_another(candidate: Candidate) -> bool:
    """First *and* last name changed with the address: another person, not a new address of the same one."""
    there = fields_of(candidate.linked)
    wanted = candidate.contact.fields
    return all(
        wanted.get(name, "") and there.get(name, "") and wanted[name].casefold() != there[name].casefold()
        for name in ("first_name", "last_name")
    )
