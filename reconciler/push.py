"""A plan's changes into batches, and batches into receipts.

Intent before request: a batch and its contacts are committed before the request leaves. Seen, not said: a change counts
as verified when the member, read back, shows it. An unknown outcome is settled by looking, never by sending again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Final

from reconciler import delta, exporting, judging, ladder, polling, pull, reading, singles
from reconciler.constant_contact import wire
from reconciler.errors import ApiError, ApiRefused, NotFound, OutcomeUnknown, Stopped
from reconciler.ledger import batches
from reconciler.receipts import Rejected
from reconciler.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.halving import Search
    from reconciler.ledger.batches import Batch, Sendable
    from reconciler.receipts import Receipt
    from reconciler.work import Work

#: The read-back looks from so long before the request, by Constant Contact's clock, which counts in whole seconds.
_BEFORE: Final = dt.timedelta(seconds=60)
#: What may pass by itself.
_PERHAPS: Final = frozenset({"refused_by_import", "not_taken"})


def push(work: Work, confirm: Callable[[], None], search: Search) -> None:
    """Send the plan's changes. `confirm` renews what was read before a batch where it has grown old.

    Of a refused import the bad contacts are found and rejected, and the others go; for whom the run's `search` has no
    calls left waits. Raises BatchRefused where all are refused and nothing was taken in this run: that is not theirs.
    """
    refusals = Refusals(work, search)
    try:
        _send_all(work, confirm, refusals)
        refusals.check()
    finally:
        refusals.record()


def _send_all(work: Work, confirm: Callable[[], None], refusals: Refusals) -> None:
    while not refusals.search.is_in_vain:
        confirm()
        if not _send_next(work, refusals):
            return
        if refusals.search.has_sent:
            refusals.record()


def _send_next(work: Work, refusals: Refusals) -> bool:
    """Send the next batch, and let go of it; says whether there was one."""
    with work.ledger.transaction() as tx:
        chunk = _chunk(batches.sendable(tx, work.connection.connection_id, work.run_id), work)
    if not chunk:
        return False
    batch_id, refusal = _send(work, chunk)
    if refusal is not None:
        refusals.look_into(chunk, batch_id, refusal, lambda part: _send(work, part)[1])
    refusals.search.has_sent |= refusal is None
    return True


def settle(work: Work) -> bool:
    """Wait for the unsettled batches with patience, read them back, and record what became of each contact.

    Who is still in doubt stays in their batch, and the next run goes on. Says whether there was anything to settle.
    """
    with work.ledger.transaction() as tx:
        unsettled = batches.unsettled(tx, work.connection.connection_id)
    if not unsettled:
        return False
    singles.settle(work, [batch for batch in unsettled if batch.is_single])
    if imports := [batch for batch in unsettled if not batch.is_single]:
        _settle_imports(work, imports)
    return True


def _settle_imports(work: Work, unsettled: Sequence[Batch]) -> None:
    _poll(work, unsettled)
    with work.ledger.transaction() as tx:
        unsettled = [batch for batch in batches.unsettled(tx, work.connection.connection_id) if not batch.is_single]
    strangers = _strangers(work) if any(batch.activity_id is None for batch in unsettled) else []
    limits = work.connection.limits
    ready = [batch for batch in unsettled if judging.may_be_read(batch, strangers, limits)]
    for batch in unsettled:
        if batch not in ready:
            _leave(work, batch)
    if ready:
        # What is read although it may still be among those that run has been waited for long enough.
        waited = [dataclasses.replace(each, is_overdue=judging.is_among(each, strangers, limits)) for each in ready]
        _read_back(work, waited)


def _chunk(sendable: Iterator[tuple[Sendable, Mapping[str, str]]], work: Work) -> list[tuple[Sendable, bytes]]:
    """The next changes that fit into one body, by bytes as sent and by count."""
    limits = work.connection.limits
    size = wire.import_overhead(work.mapped.list_id)
    chunk: list[tuple[Sendable, bytes]] = []
    for change, values in sendable:
        row = wire.import_row(change.address, values)
        size += len(row) + (1 if chunk else 0)
        if size > limits.batch_bytes or len(chunk) == limits.batch_contacts:
            break
        chunk.append((change, row))
    return chunk


def _send(work: Work, chunk: Sequence[tuple[Sendable, bytes]]) -> tuple[int, ApiRefused | None]:
    """Send one batch: its intent is on disk before, its activity's id after. Says whether it was refused for good."""
    told = (*_told(work, chunk), (work.api.now() or reading.now(work)) - _BEFORE)
    with work.write() as tx:
        contact_ids = [change.contact_id for change, _ in chunk]
        batch_id = batches.intend_import(tx, work.lease.held, work.run_id, contact_ids, told)
    work.tell(f"sending {len(chunk):,} contacts")
    try:
        addressed = [(change.address, row) for change, row in chunk]
        let_in = [change.address for change, _ in chunk if change.may_rejoin]
        activity_id = work.api.start_import(work.mapped.list_id, addressed, let_in=let_in)
    except OutcomeUnknown:
        raise
    except (ApiError, Stopped) as error:
        # Certainly not carried out: its contacts are free again.
        with work.write() as tx:
            batches.close(tx, batch_id, str(error), refused=True)
        if isinstance(error, ApiRefused):
            return batch_id, error
        raise
    with work.write() as tx:
        batches.submitted(tx, batch_id, activity_id)
    return batch_id, None


def _told(work: Work, chunk: Sequence[tuple[Sendable, bytes]]) -> tuple[int, str]:
    """How many bytes the body of an import has, and its digest."""
    body = wire.import_body([row for _, row in chunk], work.mapped.list_id)
    return len(body), hashlib.sha256(body).hexdigest()


def _poll(work: Work, unsettled: Sequence[Batch]) -> None:
    """Ask how the activities are until all have ended or patience has: one call for all of them."""
    limits = work.connection.limits
    waiting = {batch.activity_id: batch for batch in unsettled if batch.activity_id and not batch.has_ended}
    # What one patience was spent on is looked at once a run: nobody else is to wait for it.
    is_old = all(batch.age_seconds > limits.poll_patience_seconds for batch in waiting.values())
    patience = 0 if is_old else limits.poll_patience_seconds
    pause, until = limits.poll_first_seconds, work.monotonic() + patience
    while waiting:
        work.sleep(pause)
        looked = _look(work, [found for found in waiting if found])
        for activity in looked:
            batch = waiting[activity.activity_id]
            with work.write() as tx:
                batches.progressed(tx, batch.batch_id, activity.state, activity.counts, ended=activity.has_ended)
            if activity.has_ended:
                del waiting[activity.activity_id]
        if (patience_left := until - work.monotonic()) < 0:
            return
        lefts = [exporting.left(work, activity) for activity in looked if not activity.has_ended]
        pause = polling.next_pause(pause, limits.poll_most_seconds, lefts)
        pause = min(pause, max(patience_left, limits.poll_first_seconds))


def _look(work: Work, activity_ids: Sequence[str]) -> list[wire.Activity]:
    found = {each.activity_id: each for each in work.api.activities()} if len(activity_ids) > 1 else {}
    return [found.get(activity_id) or _activity(work, activity_id) for activity_id in activity_ids]


def _activity(work: Work, activity_id: str) -> wire.Activity:
    try:
        return work.api.activity(activity_id)
    except NotFound:
        # Kept for ten days only: it has long ended, and the read-back tells how.
        return wire.Activity(activity_id, "timed_out", {})


def _strangers(work: Work) -> list[dt.datetime | None]:
    """When those activities began that still run and that we do not know: one may be the import that had no answer."""
    with work.ledger.transaction() as tx:
        known = batches.known_activities(tx)
    found = work.api.activities()
    return [each.created_at for each in found if not each.has_ended and each.activity_id not in known]


def _leave(work: Work, batch: Batch) -> None:
    """Carry a batch over: nothing can be said yet."""
    alarm = work.connection.limits.alarm_seconds
    with work.write() as tx:
        written = 0
        for rows in batches.sent(tx, batch.batch_id):
            receipts = [judging.left(row.contact_id, batch, alarm) for row in rows]
            written = batches.record(tx, work.run_id, batch.batch_id, receipts, written)


def _read_back(work: Work, ready: Sequence[Batch]) -> None:
    """Look until every contact is seen, or the looks are spent; the last look judges what is left."""
    limits = work.connection.limits
    singles, are_many = limits.read_back_singles, False
    for look in range(limits.read_back_looks):
        is_last = look + 1 == limits.read_back_looks
        if look == 0:
            _read_pages(work, ready)
        elif is_last and are_many:
            # Who only joined the list is not among what changed, and too many to be asked for one by one.
            _read_pages(work, ready, whole=True)
        missing = _record_seen(work, ready)
        if not missing:
            return
        are_many = are_many or len(missing) > limits.read_back_singles
        pull.read_members(work, [(sent_to, address) for sent_to, address in missing[:singles]])
        singles -= min(singles, len(missing))
        if not _record_seen(work, ready):
            return
        if not is_last:
            work.sleep(limits.read_back_pause_seconds)
            _read_pages(work, ready)
    for batch in ready:
        _judge_rest(work, batch)


def _read_pages(work: Work, ready: Sequence[Batch], *, whole: bool = False) -> None:
    since = None if whole else min((batch.since for batch in ready if batch.since), default=None)
    if since and any(batch.counts.get("cannot_add_to_list_count") for batch in ready):
        # Somebody was refused because they are unsubscribed: who that is comes before any verdict.
        reading.write_pages(work, work.api.opted_out(work.mapped, since), "opt-outs read")
    if since is None:
        reading.write_pages(work, work.api.on_list(work.mapped), "members read back")
    else:
        # More than a page is the echo of an earlier, bigger push: few contacts are read singly for fewer calls.
        contacts = sum(batch.contacts for batch in ready)
        alone = contacts if contacts <= work.connection.limits.read_back_singles else None
        delta.read(work, since, "members read back", alone=alone, needs_all=False)


def _record_seen(work: Work, ready: Sequence[Batch]) -> list[tuple[str | None, str]]:
    """Record what is certain; says whom to look for singly: (member id or None, address)."""
    missing: list[tuple[str | None, str]] = []
    for batch in ready:
        with work.write() as tx:
            # Most are so; of the others `judging` says what to make of what they show.
            written, staged = 0, batches.stage_plain(tx, batch.batch_id)
            for rows in batches.sent(tx, batch.batch_id):
                judged = [(row, judging.seen(judging.sent(row), is_done=batch.is_done)) for row in rows]
                receipts = [receipt for _, receipt in judged if receipt]
                if receipts or staged or not rows:
                    written, staged = batches.record(tx, work.run_id, batch.batch_id, receipts, written), 0
                missing += [(row.member_id, row.address) for row, receipt in judged if receipt is None]
    return missing


def _judge_rest(work: Work, batch: Batch) -> None:
    patience = work.connection.limits.not_taken_seconds
    with work.write() as tx:
        written = 0
        for rows in batches.sent(tx, batch.batch_id):
            judged = [(judging.judge(judging.sent(row), batch, patience), row.attempts) for row in rows]
            receipts = [_tried_again(receipt, attempts, work.random()) for receipt, attempts in judged]
            written = batches.record(tx, work.run_id, batch.batch_id, receipts, written)


def _tried_again(receipt: Receipt, attempts: int, chance: float) -> Receipt:
    """Without a reason by contact it may have been anything: such a contact is tried again, ever more rarely."""
    if not isinstance(receipt, Rejected) or receipt.code not in _PERHAPS:
        return receipt
    return dataclasses.replace(receipt, again_seconds=ladder.pause_of_contact(attempts + 1, chance))
