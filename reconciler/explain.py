"""One contact's story in six steps: why it is on the list, or why not, and what happens next. Pure.

It tells what the runs have decided and why, out of the ledger; no rule of theirs is here a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler import explain_steps
from reconciler.domain import KEPT_OFF, Reason
from reconciler.explain_steps import CHANGES, MAILABLE, Difference, Step
from reconciler.problems import CATALOGUE
from reconciler.token_end import minute

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row

#: What only the contact itself, the CRM or Constant Contact ends.
_STANDS: Final = {*KEPT_OFF, Reason.NO_EMAIL, Reason.INVALID}
#: What the CRM's side alone decides.
_OF_THE_CONTACT: Final = {
    *(Reason.OPTED_OUT, Reason.OUT_OF_SCOPE, Reason.NO_EMAIL, Reason.INVALID, Reason.DUPLICATE, Reason.FORGOTTEN)
}


@dataclass(frozen=True, slots=True)
class Story:
    """What is known of one contact."""

    contact_id: str | None
    address: str
    is_on_list: bool
    #: In a word, why: a verdict, a code, or `synced`.
    reason: str
    #: The same in a sentence, and who can do what about it.
    why: str
    who: str
    action: str
    next_try: str
    steps: Sequence[Step]
    differences: Sequence[Difference] = ()
    history: Sequence[Row] = ()
    #: Other contacts of the same address.
    others: Sequence[str] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)


def of_contact(
    connection: Connection, found: Row, history: Sequence[Row], approval: Row | None, others: Sequence[str]
) -> Story:
    """The story of a contact of the CRM."""
    is_on_list = _is_on_list(found)
    reason = _reason(connection, found)
    entry = CATALOGUE.get(reason)
    next_try = _next_try(connection, found, reason)
    evidence = _evidence(found, history, approval, is_synced=reason == "synced")
    return Story(
        contact_id=found.contact_id,
        address=found.address,
        is_on_list=is_on_list,
        reason=reason,
        why=_why(found, reason, history, evidence),
        who=entry.who if entry and reason != "synced" else "nobody",
        action=entry.action if entry and reason != "synced" else "nothing",
        next_try=next_try,
        steps=explain_steps.of(found, history, next_try),
        differences=explain_steps.differences(found),
        history=history,
        others=others,
        evidence=evidence,
    )


def of_forgotten(who: str) -> Story:
    """The story of somebody who was forgotten: there is no more than that."""
    entry = CATALOGUE[Reason.FORGOTTEN]
    read = Step("read", "of this person only a keyed hash is kept, which keeps them off", False)
    return Story(None, who, False, "forgotten", entry.meaning, entry.who, entry.action, "never", [read])


def of_member(found: Row | None, who: str) -> Story:
    """The story of somebody whom the CRM does not have: of Constant Contact's account, or of nobody."""
    read = Step(
        "read", "no contact with this id or address is in the CRM statement's result, as it was last read", False
    )
    if found is None:
        told = "neither the CRM nor the Constant Contact account has this person, as they were last read"
        return Story(
            None, who, False, "unknown", told, "crm", "look at the CRM statement", "nothing is waiting", [read]
        )
    is_on_list = _is_on_list(found)
    came = "we had put them there" if found.linked_at else "they came from elsewhere"
    told = f"on the list, and {came}: the CRM does not have them" if is_on_list else "the CRM does not have them"
    matched = Step("matched", f"member {found.member_id}, {explain_steps.there(found)}")
    reason = "still_on_list" if found.linked_at else "others"
    action = "take them off by hand if they should not be there" if found.linked_at else "nothing"
    return Story(None, who, is_on_list, reason, told, "nobody", action, "nothing is waiting", [read, matched])


def _is_on_list(found: Row) -> bool:
    return bool(found.on_list) and found.absent_at is None and found.status in MAILABLE


def _reason(connection: Connection, found: Row) -> str:
    """Why it stands as it does: in doubt comes first, then what was decided, then what keeps a change from going."""
    if found.batch_state is not None:
        return "not_yet_seen"
    if found.verdict == "unchanged" and found.is_decided:
        return "synced"
    is_decided = found.is_of_this_contact if found.verdict in _OF_THE_CONTACT else found.is_decided
    if found.verdict in (None, *CHANGES) or not is_decided:
        return _what_stands_before(connection) or "waiting"
    return str(found.reject_code or found.verdict) if found.verdict == "rejected" else str(found.verdict)


def _what_stands_before(connection: Connection) -> str | None:
    """What keeps all of a connection's changes from going."""
    if connection.disconnected_at is not None:
        return "disconnected"
    if connection.paused_at is not None:
        return "paused"
    if connection.held_reason is not None:
        return connection.held_reason if connection.held_reason in CATALOGUE else "held"
    if connection.quarantined_at is not None:
        return "quarantined"
    if connection.observe:
        return "observed"
    return None if connection.started_at is not None else "not_started"


def _why(found: Row, reason: str, history: Sequence[Row], evidence: Mapping[str, object]) -> str:
    if reason == "synced":
        added = f"added by run {evidence['added_by_run']}" if "added_by_run" in evidence else "both sides agree"
        basis = f"; consent basis: {evidence['consent_basis']}" if evidence.get("consent_basis") else ""
        return added + basis
    if reason == "waiting":
        last = next((row for row in history if row.outcome == "deferred"), None)
        told = f"; run {last.run_id} left it: {_meaning(last.code)}" if last else ""
        return f"{CHANGES.get(found.verdict or '', 'not decided yet')}: the next run does it{told}"
    if reason == "duplicate" and found.chosen:
        return f"contact {found.chosen} has the same address, and that one is synced"
    words = found.reject_message or found.message
    return f"{_meaning(reason)}{f': {words}' if words and reason not in _STANDS else ''}{_since(found, reason)}"


def _meaning(code: str) -> str:
    return CATALOGUE[code].meaning if code in CATALOGUE else code.replace("_", " ")


def _since(found: Row, reason: str) -> str:
    moments: Mapping[str, dt.datetime | None] = {
        "unsubscribed": found.opted_out_at,
        "left_list": found.left_at,
        "deleted_there": found.deleted_at,
    }
    moment = moments.get(reason)
    return f", {minute(moment)}" if moment else ""


def _evidence(found: Row, history: Sequence[Row], approval: Row | None, *, is_synced: bool) -> dict[str, object]:
    """Why yes: which run added it, with which values, on what basis, and who had approved."""
    added = [row for row in history if row.action == "add" and row.outcome == "verified"]
    told: dict[str, object] = {}
    if added:
        told |= {"added_by_run": added[0].run_id, "added_at": minute(added[0].started_at), "trigger": added[0].trigger}
        told["values"] = {row.field: row.after for row in added if row.run_id == added[0].run_id and row.field}
    if not (added or is_synced):
        return told
    if basis := found.rejoin_basis or found.consent_basis:
        told["consent_basis"] = basis
    if approval is not None and added and approval.approved_at <= added[0].started_at:
        told |= {
            "approved_by": approval.approved_by,
            "approved_at": minute(approval.approved_at),
            "approved_run": approval.run_id,
        }
    return told


def _next_try(connection: Connection, found: Row, reason: str) -> str:
    if reason == "not_yet_seen":
        return "the next run looks for it; it is not sent again before"
    if reason == "waiting":
        return "the next run"
    if (stands := _what_stands_before(connection)) == reason and stands is not None:
        return "when that is over"
    if found.again_at is not None:
        return f"{minute(found.again_at)}, or when the contact changes"
    if found.look_again_at is not None:
        return minute(found.look_again_at)
    return "when the contact or the member changes"
