"""Changes that an import can't do, contact by contact: read, changed, written back, and read again.

An address that changed, fields to be cleared, addresses of 51 to 80 characters, and what an import did not take. As
with imports the intent is on disk before the request, and an unknown outcome is settled by looking.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Final

from reconciler import judging, pull, reading
from reconciler.constant_contact import whole
from reconciler.domain import Readdress
from reconciler.errors import ApiError, ApiRefused, Conflict, NotFound, OutcomeUnknown, Stopped
from reconciler.ledger import batches, plans, runs
from reconciler.ledger import members as mirror
from reconciler.receipts import NO_REMARK, Deferred, Rejected, Remark, Verified

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.constant_contact.whole import Whole
    from reconciler.domain import Change
    from reconciler.ledger.batches import Batch
    from reconciler.ledger.plans import Planned
    from reconciler.receipts import Receipt
    from reconciler.work import Work

#: An address that was refused as invalid may only have been written too often, which passes in 48 hours.
_TIRED_SECONDS: Final = 50 * 3600.0
_AGAIN_SECONDS: Final = 3600.0
_CHANGED: Final = "after this write the contact showed another permission, or other lists, tags or notes than before it"


def write_singly(work: Work, confirm: Callable[[], None], decide_anew: Callable[[Sequence[str]], None]) -> None:
    """Write the plan's changes that go by calls of their own: people before fields, as many as the day allows.

    `confirm` reads the contacts once more from the CRM where that has grown old; `decide_anew` decides contacts whose
    member is not as it was when they were planned.
    """
    confirm()
    planned = in_order(_due(work))
    if not planned:
        return
    with work.ledger.transaction() as tx:
        left = plans.singles_left(tx, work.connection.connection_id, work.connection.limits.singles_per_day)
    for at, change in enumerate(planned[:left], 1):
        confirm()
        work.tell(f"{at:,} of {len(planned):,} contacts written singly")
        _write(work, change, decide_anew)
    if len(planned) > left:
        with work.write() as tx:
            message = f"the {work.connection.limits.singles_per_day:,} single writes of a day are spent"
            runs.note_deferred(tx, work.run_id, "singles_spent", message, only_singles=True)


def in_order(planned: Sequence[Planned]) -> list[Planned]:
    """Whoever takes an address comes after who leaves it: chains begin at their free end. Else as planned."""
    leaving = {one.former_hash: one for one in planned if isinstance(one.change, Readdress)}
    ordered: dict[str, Planned] = {}
    for one in planned:
        chain = {one.change.contact_id: one}
        behind = leaving.get(one.address_hash)
        while behind is not None and behind.change.contact_id not in chain:
            chain[behind.change.contact_id] = behind
            behind = leaving.get(behind.address_hash)
        for contact_id in reversed(chain):
            ordered.setdefault(contact_id, chain[contact_id])
    return list(ordered.values())


def settle(work: Work, unsettled: Iterable[Batch]) -> None:
    """Look what became of writes whose outcome is not known."""
    for batch in unsettled:
        with work.ledger.transaction() as tx:
            people = [(row.linked_id, row.address) for row in batches.sent_alone(tx, batch.batch_id)]
        pull.read_members(work, people)
        _record(work, batch.batch_id, batch.age_seconds, was_answered=False)


def _due(work: Work) -> list[Planned]:
    with work.ledger.transaction() as tx:
        return plans.singles(tx, work.connection.connection_id, work.run_id)


def _write(work: Work, planned: Planned, decide_anew: Callable[[Sequence[str]], None]) -> None:
    member_id = planned.change.member_id
    if member_id is None:
        _create(work, planned)
    elif (read := _read(work, member_id)) is None:
        decide_anew([planned.change.contact_id])
    else:
        found, has_changed = read
        if has_changed:
            decide_anew([planned.change.contact_id])
            again = {one.change.contact_id: one for one in _due(work)}.get(planned.change.contact_id)
            if again is None or again.change.member_id != member_id:
                return
            planned = again
        _replace(work, planned, found)


def _read(work: Work, member_id: str) -> tuple[Whole, bool] | None:
    """One contact with all it has, into the mirror too; says whether the mirror had it otherwise. None: it is gone."""
    began = reading.now(work)
    found = work.api.whole(work.mapped, member_id)
    if found is None:
        with work.write() as tx:
            mirror.mark_deleted(tx, work.connection.connection_id, member_id)
        return None
    return found, bool(reading.write_members(work, [found.member], began, by_id=True))


def _replace(work: Work, planned: Planned, read: Whole) -> None:
    there = read.member
    values = planned.change.values
    before = {name: there.fields[name] for name in values if there.fields.get(name)}
    if isinstance(planned.change, Readdress):
        before["email"] = there.address
    planned = dataclasses.replace(planned, change=dataclasses.replace(planned.change, before=before))

    def body(wanted: Mapping[str, str]) -> bytes:
        return whole.replacement(read, planned.change.address, wanted, work.mapped)

    def send(content: bytes) -> str:
        work.api.replace(read, planned.change.address, content)
        return there.member_id

    _send(work, planned, body, send, read)


def _create(work: Work, planned: Planned) -> None:
    address = planned.change.address

    def body(wanted: Mapping[str, str]) -> bytes:
        return whole.creation(address, wanted, work.mapped)

    _send(work, planned, body, lambda content: work.api.create(address, content), None)


def _send(
    work: Work,
    planned: Planned,
    body: Callable[[Mapping[str, str]], bytes],
    send: Callable[[bytes], str],
    read: Whole | None,
) -> None:
    """Write one contact; where fields of it are refused, the person goes without them."""
    change = planned.change
    content = body(change.values)
    told = (len(content), hashlib.sha256(content).hexdigest(), work.api.now() or reading.now(work))
    with work.write() as tx:
        batch_id = batches.intend(tx, work.lease.held, work.run_id, [planned], told, is_single=True)
    try:
        member_id, less, said = _sent(change, body, send)
    except OutcomeUnknown:
        raise
    except Conflict as error:
        _match(work, batch_id, planned, error)
    except ApiRefused as error:
        _note(work, batch_id, _refused(planned, read, str(error)))
    except NotFound:
        # Gone since it was read, or not: the next run decides on what is read now.
        pull.read_members(work, [(change.member_id, change.address)])
        _note(work, batch_id, Deferred(change.contact_id, "moved", "Constant Contact no longer had this contact"))
    except (ApiError, Stopped) as error:
        # Certainly not carried out: the contact is free again.
        with work.write() as tx:
            batches.close(tx, batch_id, str(error), refused=True)
        raise
    else:
        _look(work, batch_id, member_id, read, _Short(less, said, is_person=change.is_person))


@dataclasses.dataclass(frozen=True, slots=True)
class _Short:
    """Which fields a write went without, and Constant Contact's words that made it so."""

    less: frozenset[str]
    words: str
    is_person: bool

    def fit(self, receipt: Verified) -> Verified:
        """Of a person's write the fields that were left out are yet to go by an import; else they were refused."""
        if not (self.less and self.is_person):
            return receipt
        unsent = {name: there for name, there in receipt.refused.items() if name in self.less}
        refused = {name: there for name, there in receipt.refused.items() if name not in self.less}
        return dataclasses.replace(receipt, refused=refused, unsent=unsent)


def _sent(
    change: Change, body: Callable[[Mapping[str, str]], bytes], send: Callable[[bytes], str]
) -> tuple[str, frozenset[str], str]:
    """Send it; says the member's id, and without which fields it went, and why."""
    try:
        return send(body(change.values)), frozenset(), ""
    except Conflict:
        raise
    except ApiRefused as error:
        # What an import can do goes by an import afterwards; of a field's write the others go without what was named.
        less = frozenset(change.values if change.is_person else whole.named(str(error), change.values))
        if not less or (less == set(change.values) and not change.is_person):
            raise
        rest = {name: value for name, value in change.values.items() if name not in less}
        return send(body(rest)), less, str(error)


def _match(work: Work, batch_id: int, planned: Planned, conflict: Conflict) -> None:
    """Another contact has the address: it is read, and the next decision matches it. Nothing was written."""
    contact_id, address = planned.change.contact_id, planned.change.address
    pull.read_members(work, [(conflict.member_id, address)])
    with work.ledger.transaction() as tx:
        is_matched = any(row.member_id for row in batches.sent_alone(tx, batch_id))
    if is_matched:
        why = "another contact of the account has this address; the next run decides on that one"
        _note(work, batch_id, Deferred(contact_id, "address_taken", why))
    else:
        # It may have been two edits at the same moment, too.
        _note(work, batch_id, Rejected(contact_id, "refused_singly", str(conflict), _AGAIN_SECONDS))


def _refused(planned: Planned, read: Whole | None, said: str) -> Receipt:
    """Only the address can keep a person off: of somebody who is there, the fields were refused.

    An address that is written too often is refused as invalid for 48 hours (Constant Contact's forum, thread 417628).
    """
    change = planned.change
    if read is None or isinstance(change, Readdress) or "email" in said.lower():
        return Rejected(change.contact_id, "refused_singly", said, _TIRED_SECONDS)
    refused = {name: read.member.fields.get(name, "") for name in change.values}
    return Verified(change.contact_id, read.member.member_id, refused=refused, remark=Remark("", said))


def _look(work: Work, batch_id: int, member_id: str, read: Whole | None, short: _Short) -> None:
    """Read it again by its id, which no index lags behind, and record what is seen."""
    later = _read(work, member_id)
    remark = Remark("", short.words)
    if later is not None and read is not None and not read.is_kept_by(later[0]):
        remark = Remark("permission_changed", _CHANGED)
    _record(work, batch_id, 0.0, was_answered=True, remark=remark, short=short)


def _record(
    work: Work,
    batch_id: int,
    age_seconds: float,
    *,
    was_answered: bool,
    remark: Remark = NO_REMARK,
    short: _Short | None = None,
) -> None:
    grace = work.connection.limits.grace_seconds
    with work.write() as tx:
        for row in batches.sent_alone(tx, batch_id):
            receipt = judging.judge_single(judging.sent(row), age_seconds, grace, was_answered=was_answered)
            if isinstance(receipt, Verified):
                receipt = dataclasses.replace(receipt, remark=remark)
                receipt = short.fit(receipt) if short else receipt
            batches.record(tx, work.run_id, batch_id, [receipt])


def _note(work: Work, batch_id: int, receipt: Receipt) -> None:
    with work.write() as tx:
        batches.record(tx, work.run_id, batch_id, [receipt])
