"""The life of a batch: intended before the request, submitted, settled by looking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from reconciler.errors import Mistake
from reconciler.ledger import statistics
from reconciler.ledger.database import as_json, copy, rows, run, stream, value
from reconciler.receipts import Deferred, InDoubt, KeptOff, Rejected, Verified

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.ledger.database import Row, Transaction
    from reconciler.ledger.plans import Planned
    from reconciler.receipts import Receipt

_CONTACT_COLUMNS = (
    "batch_id",
    "connection_id",
    "contact_id",
    "address_hash",
    "kind",
    "member_id",
    "contact_digest",
    '"values"',
    "before",
    "applied",
    "former_hash",
    "has_rest",
    "address",
)
_RECEIPT_COLUMNS = (
    "contact_id",
    "outcome",
    "member_id",
    "code",
    "message",
    "again_seconds",
    "shown",
    "refused",
    "untaken",
    "unsent",
)
_NO_FIELDS = ("{}", "{}", "{}", "{}")
#: So many contacts of a batch are looked at at once: a whole one takes two hundred megabytes.
_PORTION: Final = 2000


@dataclass(frozen=True, slots=True)
class Batch:
    """An unsettled batch: what is known of its activity, and how old it is by our clock."""

    batch_id: int
    activity_id: str | None
    since: dt.datetime | None
    contacts: int
    counts: Mapping[str, int]
    has_ended: bool
    age_seconds: float
    ended_seconds_ago: float | None
    #: How it ended, in Constant Contact's word, once it has.
    activity_state: str | None = None
    #: Not an import but one contact, written by a call of its own.
    is_single: bool = False
    #: It had no answer, and what may be it has not ended for so long that it is not waited for any more.
    is_overdue: bool = False

    @property
    def is_done(self) -> bool:
        """Whether Constant Contact says that it was carried out."""
        return self.activity_state == "completed"


@dataclass(frozen=True, slots=True)
class Sendable:
    """A change that goes by an import; what else is known of it stays in the plan, because an import has many."""

    contact_id: str
    address: str
    #: Somebody let them back in although they left or were deleted there.
    may_rejoin: bool


def sendable(tx: Transaction, connection_id: int, run_id: int) -> Iterator[tuple[Sendable, Mapping[str, str]]]:
    """The changes to send by imports that are in no batch yet, in plan order, each with the fields that would go."""
    for row in stream(tx, "plan_next", connection_id=connection_id, run_id=run_id):
        yield Sendable(row.contact_id, row.address, row.may_rejoin), row.values


def intend_import(
    tx: Transaction,
    held: tuple[int, int],
    run_id: int,
    contact_ids: Sequence[str],
    body: tuple[int, str, dt.datetime],
) -> int:
    """Write down which changes of the plan are about to be sent by one import; else as `intend`."""
    batch_id, connection_id = _begin(tx, held, run_id, len(contact_ids), body, is_single=False), held[0]
    told = {"batch_id": batch_id, "connection_id": connection_id, "run_id": run_id}
    if run(tx, "batch_take", **told, contact_ids=list(contact_ids)).rowcount != len(contact_ids):
        raise Mistake("the plan does not have every change that is about to be sent", advice="nothing was sent")
    _mark(tx, connection_id, run_id, batch_id, len(contact_ids))
    return batch_id


def intend(
    tx: Transaction,
    held: tuple[int, int],
    run_id: int,
    planned: Sequence[Planned],
    body: tuple[int, str, dt.datetime],
    *,
    is_single: bool = False,
) -> int:
    """Write down what is about to be sent, before it is; `body` is its bytes, its digest, and their clock before it.

    The database refuses a contact or an address that is in another unsettled batch.
    """
    batch_id, connection_id = _begin(tx, held, run_id, len(planned), body, is_single=is_single), held[0]
    copy(tx, "reconciler.batch_contacts", _CONTACT_COLUMNS, (_contact(batch_id, connection_id, p) for p in planned))
    _mark(tx, connection_id, run_id, batch_id, len(planned))
    return batch_id


def _begin(
    tx: Transaction,
    held: tuple[int, int],
    run_id: int,
    contacts: int,
    body: tuple[int, str, dt.datetime],
    *,
    is_single: bool,
) -> int:
    batch_id: int = value(
        tx,
        "batch_intend",
        connection_id=held[0],
        run_id=run_id,
        fence=held[1],
        contacts=contacts,
        bytes=body[0],
        body_sha256=body[1],
        since=body[2],
        is_single=is_single,
    )
    return batch_id


def _mark(tx: Transaction, connection_id: int, run_id: int, batch_id: int, contacts: int) -> None:
    statistics.refresh(tx, "batch_contacts", contacts, contacts)
    run(tx, "batch_mark_sent", run_id=run_id, batch_id=batch_id)
    run(tx, "batch_mark_members", connection_id=connection_id, batch_id=batch_id)


def submitted(tx: Transaction, batch_id: int, activity_id: str) -> None:
    run(tx, "batch_submitted", batch_id=batch_id, activity_id=activity_id)


def progressed(tx: Transaction, batch_id: int, state: str, counts: Mapping[str, int], *, ended: bool) -> None:
    """Note how far the activity is, as Constant Contact says."""
    run(tx, "batch_progressed", batch_id=batch_id, state=state, counts=as_json(counts), ended=ended)


def unsettled(tx: Transaction, connection_id: int) -> list[Batch]:
    """The batches whose outcome is not known for each contact, oldest first."""
    return [
        Batch(
            row.batch_id,
            row.activity_id,
            row.since,
            row.contacts,
            row.counts,
            row.has_ended,
            float(row.age_seconds),
            None if row.ended_seconds_ago is None else float(row.ended_seconds_ago),
            row.activity_state,
            row.is_single,
        )
        for row in rows(tx, "batches_unsettled", connection_id=connection_id)
    ]


def sent(tx: Transaction, batch_id: int) -> Iterator[Sequence[Row]]:
    """The contacts of a batch that are not settled, beside the member that has their address now, in portions.

    There is one portion at least, which is empty where all are settled. What was read may be settled meanwhile. Who has
    a staged receipt already is not among them.
    """
    run(tx, "receipts_stage")
    after, is_last = "", False
    while not is_last:
        found = rows(tx, "batch_contacts_sent", batch_id=batch_id, after=after, size=_PORTION)
        is_last = len(found) < _PORTION
        after = found[-1].contact_id if found else ""
        yield found


def sent_alone(tx: Transaction, batch_id: int) -> Sequence[Row]:
    """The same of a batch of one contact."""
    return next(sent(tx, batch_id))


def known_activities(tx: Transaction) -> set[str]:
    """The activities that are known to be ours, of any connection: several may share an account."""
    return {row.activity_id for row in rows(tx, "batch_activities")}


def stage_plain(tx: Transaction, batch_id: int) -> int:
    """Stage a receipt for whoever shows letter by letter what was sent: found by the database, without `judging`.

    The next `record` in this transaction writes them with its own. Says how many.
    """
    run(tx, "receipts_stage")
    return run(tx, "receipts_plain", batch_id=batch_id).rowcount


def record(tx: Transaction, run_id: int, batch_id: int, receipts: Iterable[Receipt], before: int = 0) -> int:
    """Write what became of contacts of a batch: their pairs, rejects and rows of the run. Those in doubt stay held.

    Says how many rows of the run were written, with those of the portions `before`.
    """
    run(tx, "receipts_stage")
    copy(tx, "staged_receipts", _RECEIPT_COLUMNS, (_record(receipt) for receipt in receipts))
    count = run(tx, "receipts_to_rows", run_id=run_id, batch_id=batch_id).rowcount
    statistics.refresh(tx, "run_rows", before + count, count)
    run(tx, "receipts_to_pairs", batch_id=batch_id)
    run(tx, "receipts_to_rejects", run_id=run_id, batch_id=batch_id)
    run(tx, "receipts_to_members", batch_id=batch_id)
    run(tx, "receipts_to_batch", batch_id=batch_id)
    run(tx, "receipts_unstage")
    return before + count


def mark_tried(tx: Transaction, run_id: int, batch_id: int) -> None:
    """Leave the contacts of a refused batch alone for the rest of the run: what became of each is written down."""
    run(tx, "batch_mark_sent", run_id=run_id, batch_id=batch_id)


def close(tx: Transaction, batch_id: int, outcome: str, *, refused: bool = False) -> None:
    """End a batch: those of its contacts that are not settled are free again, and still due."""
    run(tx, "batch_close", batch_id=batch_id, outcome=outcome, state="refused" if refused else "settled")


def _contact(batch_id: int, connection_id: int, planned: Planned) -> tuple[object, ...]:
    change = planned.change
    return (
        batch_id,
        connection_id,
        change.contact_id,
        planned.address_hash,
        type(change).__name__.lower(),
        change.member_id,
        planned.contact_digest,
        as_json(change.values),
        as_json(change.before),
        as_json(change.agreed),
        planned.former_hash,
        change.has_rest,
        change.address,
    )


def _record(receipt: Receipt) -> tuple[object, ...]:
    match receipt:
        case Verified(contact_id, member_id, shown, refused, untaken, unsent, remark):
            told = (as_json(fields) for fields in (shown, refused, untaken, unsent))
            return (contact_id, "verified", member_id, remark.code, remark.message, None, *told)
        case Rejected(contact_id, code, message, again):
            return (contact_id, "rejected", None, code, message, again, *_NO_FIELDS)
        case Deferred(contact_id, code, message, again):
            return (contact_id, "deferred", None, code, message, again, *_NO_FIELDS)
        case InDoubt(contact_id, code, message):
            return (contact_id, "in_doubt", None, code, message, None, *_NO_FIELDS)
        case KeptOff(contact_id, member_id, reason):
            return (contact_id, "skipped", member_id, reason.value, "seen when it was read back", None, *_NO_FIELDS)
        case _:
            assert_never(receipt)
