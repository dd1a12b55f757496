"""The report of a run out of the ledger: its counts, its balances, its problems."""

from __future__ import annotations

import collections
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from reconciler import __version__
from reconciler.domain import Bucket, Reason
from reconciler.endings import ABANDONED, LOST
from reconciler.ledger import contacts, plans, runs, usage
from reconciler.ledger import members as mirror
from reconciler.problems import CATALOGUE, QUIET
from reconciler.report import Cause, Members, Problem, Report, Retry, Standing, conclude
from reconciler.window import Mode, Times, Versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.endings import Ending
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row, Transaction
    from reconciler.window import Reading, Since
    from reconciler.work import Work


_SAY_IT_ALL: Final = (Bucket.UNCHANGED, Bucket.ADDED, Bucket.UPDATED)
_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Told:
    """What only the run itself knows: what it read, spent and counted on the list."""

    reading: Reading | None = None
    listed_before: int | None = None
    listed_after: int | None = None
    calls: Mapping[str, int] | None = None
    seconds: Mapping[str, float] | None = None
    per_day: int = 0


def record(tx: Transaction, connection: Connection, run_id: int, ending: Ending, told: Told) -> Report:
    """Make the report of a run and write it, once. One that lost its lease writes nothing but what is its own."""
    runs.note_skips(tx, run_id, connection.connection_id)
    runs.note_deferred(tx, run_id, ending.left, ending.left_message or ending.message or "")
    if ending.code != LOST:
        mirror.note_linked(tx, connection.connection_id)
    limits = connection.limits
    runs.note_flapping(tx, run_id, connection.connection_id, writes=limits.flapping_writes, runs=limits.flapping_runs)
    codes = runs.codes(tx, run_id, connection.connection_id)
    report = counted(tx, connection, run_id, ending, told)
    refused = sum(row.contacts for row in codes if row.code == "field_refused")
    report = _with_problems(tx, connection, dataclasses.replace(report, field_refused=refused), codes, ending)
    runs.conclude(tx, run_id, report.state.value, report.reason, report.to_json())
    runs.clear_reads(tx, run_id)
    if ending.code != LOST:
        runs.purge(tx, connection.connection_id, limits.rows_kept_days)
    return report


def abandon_dead_runs(work: Work) -> None:
    """Complete the reports of runs that died under an earlier lease; what they left unsettled is taken up."""
    with work.write() as tx:
        for run_id in runs.unfinished(tx, work.connection.connection_id, work.lease.fence):
            record(tx, work.connection, run_id, ABANDONED, Told())


def counted(tx: Transaction, connection: Connection, run_id: int, ending: Ending, told: Told) -> Report:
    """The report's numbers as they are now, but for its problems. Writes nothing."""
    times = runs.times(tx, run_id)
    reading = told.reading
    is_whole = reading is not None and reading.window.since is None
    found = runs.buckets(tx, run_id, connection.connection_id, whole=is_whole)
    plan = plans.read(tx, run_id)
    behind, oldest = runs.behind(tx, connection.connection_id)
    return Report(
        run_id=run_id,
        connection=connection.name,
        state=ending.state,
        trigger=times.trigger,
        actor=times.actor,
        mode=times.mode,
        reason=ending.reason or times.reason,
        message=ending.message,
        started_at=times.started_at,
        finished_at=times.now,
        list_id=connection.list_id,
        list_name=connection.list_name,
        account=connection.account.organization,
        window=_window(reading),
        read=reading.read if reading else sum(row.contacts for row in found if row.was_read),
        carried_in=sum(row.contacts for row in found if not row.was_read),
        counts=_counts(found),
        suppressed=_suppressed(found),
        members=_members(tx, connection, run_id, told),
        standing=standing(tx, connection.connection_id),
        field_refused=0,
        drifted=runs.drifted(tx, connection.connection_id),
        calls=told.calls or {},
        left_today=usage.left_today(tx, connection.account.key_fingerprint, told.per_day),
        seconds=told.seconds or {},
        behind=behind,
        oldest_seconds=oldest,
        digest=plan.digest if plan else None,
        planned_adds=plan.added if plan else 0,
        planned_updates=plan.updated + plan.readdressed if plan else 0,
        problems=(),
        version=__version__,
        causes=_causes(found),
        activities=runs.activities(tx, run_id),
        mapping_digest=connection.mapping_digest,
    )


def standing(tx: Transaction, connection_id: int) -> Standing:
    """How both sides stand now."""
    sides: dict[str, dict[str, int]] = {"crm": {}, "list": {}}
    for row in runs.standing(tx, connection_id):
        sides[row.side][row.place] = int(row.contacts)
    crm, there = sides["crm"], sides["list"]
    return Standing(
        contacts=contacts.in_crm(tx, connection_id),
        held_back={place: count for place, count in crm.items() if place != "on_list"},
        on_list=crm.get("on_list", 0),
        members=mirror.on_list_count(tx, connection_id),
        from_crm=there.get("from_crm", 0),
        still_on_list=there.get("still_on_list", 0),
        others=there.get("others", 0),
    )


def _with_problems(
    tx: Transaction, connection: Connection, report: Report, codes: Sequence[Row], ending: Ending
) -> Report:
    first_seen = runs.last_problems(tx, connection.connection_id, report.run_id)
    counted = {row.code: row for row in codes if row.code not in QUIET}
    # What stopped the run is also why its contacts were left: one problem, with as many contacts.
    whole = [ending.code] if ending.code else []
    whole += [] if all(report.balances.values()) else ["unbalanced"]
    problems = [
        _problem(code, counted.get(code), first_seen.get(code, report.run_id), is_whole=code in whole)
        for code in dict.fromkeys((*counted, *whole))
    ]
    state = conclude(report.state, report.balances, problems)
    return dataclasses.replace(report, state=state, problems=tuple(problems))


def _problem(code: str, row: Row | None, first_seen: int, *, is_whole: bool) -> Problem:
    entry = CATALOGUE[code]
    if row is None:
        return Problem(code, entry.who, entry.action, 1, first_seen)
    retry = _retry(row)
    return Problem(
        code=code,
        who=entry.who,
        action=entry.action,
        count=int(row.contacts),
        first_seen_run=first_seen,
        is_new=is_whole or bool(row.is_new),
        retry=retry,
        next_retry=row.again_at if retry is Retry.AT else None,
    )


def _retry(row: Row) -> Retry | None:
    """When the first contact of a code is tried again; None where nothing of it is left to do."""
    if row.by_next_run:
        return Retry.NEXT_RUN
    if row.again_at is not None:
        return Retry.AT
    return Retry.ON_CHANGE if row.is_kept else None


def _window(reading: Reading | None) -> dict[str, object] | None:
    """Times are of the CRM's clock; row versions are decimal xid8."""
    if reading is None:
        return None
    window = reading.window
    until = str(reading.until.xmin) if window.mode is Mode.XMIN else reading.until.now.isoformat()
    return {
        "mode": window.mode.value,
        "since": _since(window.since),
        "until": until,
        "overlap_seconds": window.overlap_seconds,
        "recovered_late": reading.recovered_late,
    }


def _since(since: Since | None) -> str | None:
    match since:
        case None:
            return None
        case Versions(xid):
            return str(xid)
        case Times(moment):
            return moment.isoformat()
        case _:
            assert_never(since)


def _counts(found: Sequence[Row]) -> dict[Bucket, int]:
    counts: collections.Counter[Bucket] = collections.Counter()
    for row in found:
        if row.bucket is not None:
            counts[Bucket(row.bucket)] += int(row.contacts)
    return dict(counts)


def _suppressed(found: Sequence[Row]) -> dict[Reason, int]:
    counts: collections.Counter[Reason] = collections.Counter()
    for row in found:
        if row.bucket == Bucket.SUPPRESSED:
            counts[Reason(row.reason)] += int(row.contacts)
    return dict(counts)


def _causes(found: Sequence[Row]) -> Sequence[Cause]:
    """What is behind each bucket, but for those that say it all."""
    counts: collections.Counter[tuple[Bucket, str]] = collections.Counter()
    for row in found:
        if row.bucket is not None and Bucket(row.bucket) not in _SAY_IT_ALL:
            counts[Bucket(row.bucket), row.code if row.code in CATALOGUE else ""] += int(row.contacts)
    order = list(Bucket)
    told = sorted(counts.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    return [
        Cause(bucket, code or None, CATALOGUE[code].who if code else _NOBODY, count) for (bucket, code), count in told
    ]


def _members(tx: Transaction, connection: Connection, run_id: int, told: Told) -> Members | None:
    """The list's own counts before and after; what the mirror has beyond our additions came or went elsewhere.

    Of those who may or may not be on the list, as many count as the list's own count has.
    """
    before, after = told.listed_before, told.listed_after
    if before is None or (after is None and runs.has_sent(tx, run_id)):
        return None
    after = before if after is None else after
    added = runs.added(tx, run_id)
    known = mirror.on_list_count(tx, connection.connection_id)
    unsure = mirror.unsure_count(tx, connection.connection_id)
    elsewhere = min(max(known, after), known + unsure) - before - added
    return Members(before, added, max(0, elsewhere), max(0, -elsewhere), after)
