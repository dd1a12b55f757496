"""What a change's read-back says of it: seen, refused, not there yet. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler import fields
from reconciler.domain import Present, Reason, Status
from reconciler.receipts import Deferred, InDoubt, KeptOff, Rejected, Verified

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.ledger.batches import Batch
    from reconciler.ledger.database import Row
    from reconciler.limits import Limits
    from reconciler.receipts import Receipt

#: A batch's `since` is from so long before its request, and both clocks count in whole seconds.
_CLOCKS_SECONDS: Final = 61.0
#: A contact written singly without success rests so long: each write counts at Constant Contact.
_REST_SECONDS: Final = 1800.0
_NOT_THE_MEMBERS: Final = ("error_count", "correctable_count", "cannot_add_to_list_count")


@dataclass(frozen=True, slots=True)
class Sent:
    """A contact of a batch as it was sent, beside the member that has its address now."""

    contact_id: str
    is_add: bool
    values: Mapping[str, str]
    before: Mapping[str, str]
    shown: Mapping[str, str]
    member: Present | None
    may_rejoin: bool = False
    #: Whether the account had somebody with this address before.
    was_known: bool = True


def sent(row: Row) -> Sent:
    """A row of a batch's contacts as it lies in the ledger."""
    member = row.member_id and Present(
        row.member_id, Status(row.status), row.on_list, row.has_left, fields=row.fields, opted_out=row.opted_out
    )
    return Sent(
        row.contact_id,
        row.kind == "add",
        row.values,
        row.before,
        row.shown,
        member or None,
        row.may_rejoin,
        row.linked_id is not None,
    )


def may_be_read(batch: Batch, strangers: Iterable[dt.datetime | None], limits: Limits) -> bool:
    """Whether it is time to look what became of a batch.

    `strangers`: when unknown activities that still run began. One that began between this batch's request and the end
    of its grace time may be the import that had no answer; it is waited for, though not for ever.
    """
    if batch.activity_id is not None:
        return batch.has_ended
    if batch.age_seconds < limits.grace_seconds:
        return False
    return not is_among(batch, strangers, limits) or batch.age_seconds >= limits.alarm_seconds


def is_among(batch: Batch, strangers: Iterable[dt.datetime | None], limits: Limits) -> bool:
    """Whether one of the unknown activities that still run may be the import that had no answer."""
    if batch.activity_id is not None:
        return False
    until = batch.since and batch.since + dt.timedelta(seconds=limits.grace_seconds + _CLOCKS_SECONDS)
    return any(
        began is None or batch.since is None or until is None or batch.since <= began <= until for began in strangers
    )


def left(contact_id: str, batch: Batch, alarm_seconds: float) -> InDoubt:
    """What to say of a change of whose batch nothing can be said yet."""
    if batch.activity_id is None:
        return InDoubt(contact_id, "unanswered", "no answer came to the import; it may still arrive")
    said = f" (Constant Contact says {batch.activity_state})" if batch.activity_state else ""
    if batch.age_seconds < alarm_seconds:
        return InDoubt(contact_id, "still_running", f"the import is still running{said}")
    return InDoubt(contact_id, "stuck", f"the import has been running for {batch.age_seconds / 3600:.0f} hours{said}")


def seen(sent: Sent, *, is_done: bool) -> Verified | KeptOff | None:
    """What the member shows of a change; None where it does not show it (yet).

    Only where the write `is_done`, or shows that it came, is another value than before its echo. Else it is whoever's.
    """
    member = sent.member
    if member is None:
        return None
    if (off := member.kept_off(may_rejoin=sent.may_rejoin)) is not None:
        return KeptOff(sent.contact_id, member.member_id, off)
    there = member.fields or {}
    is_taken = _is_taken if is_done or _has_arrived(sent) else _is_shown
    if not member.on_list or not all(is_taken(sent, name, there.get(name, "")) for name in sent.values):
        return None
    return Verified(sent.contact_id, member.member_id, _echoes(sent, there))


def judge(sent: Sent, batch: Batch, not_taken_seconds: float) -> Receipt:  # noqa: PLR0911 - a rule a line
    """What to say of a change that was looked for and not seen."""
    if (receipt := seen(sent, is_done=batch.is_done)) is not None:
        return receipt
    ended = batch.ended_seconds_ago
    if batch.activity_id is None:
        if not _has_arrived(sent):
            return _not_arrived(sent.contact_id, batch)
        ended = batch.age_seconds
    if sent.member is None and _refusals(batch):
        return Rejected(sent.contact_id, "refused_by_import", _counts(batch))
    if ended is None or ended < not_taken_seconds:
        return InDoubt(sent.contact_id, "not_yet_seen", "sent, and not yet shown by Constant Contact")
    if sent.member is not None and _has_left(sent, sent.member, batch):
        return KeptOff(sent.contact_id, sent.member.member_id, Reason.LEFT_LIST)
    if batch.activity_state in ("failed", "cancelled", "timed_out"):
        return Deferred(sent.contact_id, "import_failed", f"the import ended {batch.activity_state}; it is sent again")
    if sent.member is None or not sent.member.on_list:
        return Rejected(sent.contact_id, "not_taken", "the import ended, but the list does not show this contact")
    left, echoes = _left(sent, sent.member)
    # An import did not take them: a call of its own tries once more.
    return Verified(sent.contact_id, sent.member.member_id, echoes, untaken=left)


def _not_arrived(contact_id: str, batch: Batch) -> Deferred:
    if not batch.is_overdue:
        return Deferred(contact_id, "not_arrived", "the import never arrived; it is sent again")
    hours = f"{batch.age_seconds / 3600:.0f} hours"
    return Deferred(contact_id, "stuck", f"what may be the import still runs after {hours}; it is sent again")


def judge_single(sent: Sent, age_seconds: float, grace_seconds: float, *, was_answered: bool) -> Receipt:
    """What to say of a contact that was written by a call of its own, after it was read by its id."""
    if (receipt := seen(sent, is_done=was_answered)) is not None:
        return receipt
    if was_answered and sent.member is not None:
        left, echoes = _left(sent, sent.member)
        return Verified(sent.contact_id, sent.member.member_id, echoes, refused=left)
    if was_answered or age_seconds < grace_seconds:
        return InDoubt(sent.contact_id, "not_yet_seen", "written, and not yet shown by Constant Contact")
    return Deferred(sent.contact_id, "not_arrived", "the write never arrived; it is sent again", _REST_SECONDS)


def _has_arrived(sent: Sent) -> bool:
    """Whether an import of which no answer came shows.

    The person is on the list now, or in the account at all where nobody had the address before; or some value is there
    that was not.
    """
    if sent.member is None:
        return False
    if sent.is_add:
        return sent.member.on_list or not sent.was_known
    there = sent.member.fields or {}
    return sent.member.on_list and any(
        _is_new(sent, name) and _is_shown(sent, name, there.get(name, "")) for name in sent.values
    )


def _has_left(sent: Sent, member: Present, batch: Batch) -> bool:
    """Whether an import brought somebody to the list who is not on it: they have left since, and stay off.

    Nothing but the import made a person whom the account did not have. Of others it is known where the import says that
    it left nobody out.
    """
    if not sent.is_add or member.on_list or member.status is Status.DELETED:
        return False
    return not sent.was_known or (batch.is_done and not _refusals(batch))


def _left(sent: Sent, member: Present) -> tuple[dict[str, str], dict[str, str]]:
    """The fields that were not taken, with what is there instead; and the echoes of those that were."""
    there = member.fields or {}
    left = {name: there.get(name, "") for name in sent.values if not _is_taken(sent, name, there.get(name, ""))}
    return left, {name: echo for name, echo in _echoes(sent, there).items() if name not in left}


def _is_taken(sent: Sent, name: str, there: str) -> bool:
    """Shows what was sent, or something else that is not what stood there before: that is its echo."""
    if _is_shown(sent, name, there):
        return True
    if not sent.values[name]:
        return False
    return bool(there) and fields.same_as(name, there) != fields.same_as(name, sent.before.get(name, ""))


def _is_new(sent: Sent, name: str) -> bool:
    """Whether another value stood there before: an address goes whole, for one part that changed."""
    return fields.taken_as(name, sent.before.get(name, "")) != fields.taken_as(name, sent.values[name])


def _is_shown(sent: Sent, name: str, there: str) -> bool:
    """Shows what was sent: case, blanks and the writing of numbers apart."""
    value = sent.values[name]
    return there == value or fields.taken_as(name, there) == fields.taken_as(name, value)


def _echoes(sent: Sent, there: Mapping[str, str]) -> dict[str, str]:
    """How Constant Contact shows the values, where that differs: those just sent, and those known from before."""
    new = {
        name: shown
        for name, value in sent.values.items()
        if (shown := there.get(name)) and shown != value and fields.same_as(name, shown) != fields.same_as(name, value)
    }
    return {name: echo for name, echo in sent.shown.items() if name not in sent.values} | new


def _refusals(batch: Batch) -> dict[str, int]:
    """How many an import did not take, by its counts."""
    return {name: batch.counts[name] for name in _NOT_THE_MEMBERS if batch.counts.get(name)}


def _counts(batch: Batch) -> str:
    said = ", ".join(f"{name} {count}" for name, count in _refusals(batch).items())
    return f"Constant Contact took the import but not this contact, and gives no reason by contact ({said})"
