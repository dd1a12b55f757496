"""A report with everything in it, its rows and the runs before it, as the ledger would give them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine.result import result_tuple

from reconciler.domain import Bucket, Reason, State
from reconciler.report import Cause, Members, Report, Retry, Standing
from tests.builders import NOON, a_problem, a_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.ledger.database import Row

EVIL: Final = '<script>alert("1")</script>'
_CAUSES: Final = (
    *((Bucket.SUPPRESSED, "left_list", "nobody", 31), (Bucket.SUPPRESSED, "unsubscribed", "nobody", 42)),
    *((Bucket.NO_EMAIL, "no_email", "crm", 17), (Bucket.INVALID, "invalid", "crm", 13)),
    *((Bucket.DUPLICATE, "duplicate", "crm", 7), (Bucket.REJECTED, "refused_by_import", "admin", 5)),
    *((Bucket.DEFERRED, "moved", "nobody", 3), (Bucket.IN_DOUBT, None, "nobody", 2)),
)
#: Every number of it is another one.
COUNTS: Final[Mapping[Bucket, int]] = {
    Bucket.UNCHANGED: 4_321,
    Bucket.ADDED: 1_203,
    Bucket.UPDATED: 797,
    Bucket.SUPPRESSED: 73,
    Bucket.NO_EMAIL: 17,
    Bucket.INVALID: 13,
    Bucket.DUPLICATE: 7,
    Bucket.REJECTED: 5,
    Bucket.DEFERRED: 3,
    Bucket.IN_DOUBT: 2,
}


def a_full_report(**changed: Any) -> Report:
    """A run of 2,000 changes with something in every bucket and every part."""
    report = a_report(
        COUNTS,
        {Reason.UNSUBSCRIBED: 42, Reason.LEFT_LIST: 31},
        state=State.COMPLETED_WITH_PROBLEMS,
        window={
            "mode": "overlap",
            "since": "2024-05-31T11:50:00+00:00",
            "until": "2024-05-31T12:00:00+00:00",
            "overlap_seconds": 601,
            "recovered_late": 6,
        },
        read=6_411,
        carried_in=30,
        members=Members(before=5_012, added=1_203, joined_elsewhere=11, left_elsewhere=9, after=6_217),
        standing=Standing(
            contacts=6_431,
            held_back={"duplicate": 8, "invalid": 14, "left_list": 33, "no_email": 18, "unsubscribed": 45},
            on_list=6_313,
            members=6_356,
            from_crm=6_313,
            still_on_list=19,
            others=24,
        ),
        field_refused=4,
        drifted=21,
        calls={"getContacts": 14, "bulkImportContactsJSON": 1, "getActivity": 12, "getList": 2},
        left_today=9_471,
        seconds={"extract": 0.4, "diff": 0.3, "pull": 3.2, "push": 1.3, "verify": 2.7},
        behind=22,
        oldest_seconds=1_500.0,
        planned_adds=1_211,
        planned_updates=801,
        problems=[
            a_problem("invalid", count=16, first_seen_run=640, retry=Retry.ON_CHANGE),
            a_problem(
                "refused_by_import",
                who="admin",
                action="look at the contact in Constant Contact",
                count=5,
                retry=Retry.AT,
                next_retry=NOON + dt.timedelta(hours=2),
            ),
            a_problem(
                "moved", who="nobody", action="nothing: the next run decides it anew", count=3, retry=Retry.NEXT_RUN
            ),
        ],
        causes=[Cause(*cause) for cause in _CAUSES],
        activities=["3f0e5f6a-0000-4000-8000-000000000001"],
        mapping_digest="f" * 64,
    )
    return dataclasses.replace(report, **changed)


def rows_of(report: Report, *, first_name: str = "Jon") -> Sequence[Row]:
    """The rows that a file of this report has: everybody who was changed, and whoever was left alone anew."""
    made = [*_changed(Bucket.ADDED, report, first_name), *_changed(Bucket.UPDATED, report, first_name)]
    for bucket, code, _, count in _CAUSES:
        made += [_left_alone(f"{code}-{number:03}", bucket, code or "not_yet_seen", count) for number in range(count)]
    return made


def a_row(**columns: Any) -> Row:
    """A row as the ledger gives it."""
    return result_tuple(list(columns))(list(columns.values()))


def some_history(report: Report, runs: int = 50) -> Sequence[Mapping[str, Any]]:
    """The runs up to this one, oldest first."""
    return [_earlier(report, before).to_json() for before in range(runs - 1, 0, -1)] + [report.to_json()]


def _changed(bucket: Bucket, report: Report, first_name: str) -> Iterator[Row]:
    action = "add" if bucket is Bucket.ADDED else "update"
    for number in range(report.counts[bucket]):
        told = {"contact_id": f"{action}-{number:04}", "email": f"{action}{number}@example.com", "action": action}
        before = "" if bucket is Bucket.ADDED else first_name
        names = ("first_name", "company_name", "home_city") if bucket is Bucket.ADDED else ("first_name",)
        for name in names:
            value = "John" if name == "first_name" else "Somewhere"
            kind = {"kind": "changed", "in_all": 2_000}
            yield a_row(**told, field=name, before=before, after=value, outcome="verified", code="", message="", **kind)


def _left_alone(contact_id: str, bucket: Bucket, code: str, in_all: int) -> Row:
    sent = bucket in (Bucket.REJECTED, Bucket.IN_DOUBT)
    outcome = bucket.value if bucket in (Bucket.REJECTED, Bucket.DEFERRED, Bucket.IN_DOUBT) else "skipped"
    told = {"contact_id": contact_id, "email": f"{contact_id}@example.com", "action": "add" if sent else "skip"}
    values = {"field": None, "before": None, "after": None, "outcome": outcome, "code": code}
    return a_row(**told, **values, message="in the words of the row", kind=code, in_all=in_all)


def _earlier(report: Report, before: int) -> Report:
    """One of the runs before it: each a little different, and some with nothing to do."""
    busy = before % 7
    counts = {Bucket.ADDED: 37 * busy, Bucket.UPDATED: 53 * (before % 5), Bucket.UNCHANGED: 4_000}
    return dataclasses.replace(
        report,
        run_id=report.run_id - before,
        started_at=report.started_at - before * dt.timedelta(minutes=5),
        counts=counts,
        calls={"getContacts": 3 + 4 * busy},
        seconds={"extract": 0.2, "diff": 0.1 * busy, "pull": 0.3 * busy, "push": 0.4 * busy, "verify": 0.2 * busy},
        oldest_seconds=60.0 * (before % 11),
    )
