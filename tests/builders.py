"""Values with defaults, so that each test shows only what matters to it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

from reconciler.domain import Bucket, Candidate, Contact, Present, State, Status
from reconciler.report import Members, Problem, Report, Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.domain import Reason

MEMBER = "00000000-0000-4000-8000-000000000001"
OTHER_MEMBER = "00000000-0000-4000-8000-000000000002"
NOON = dt.datetime(2024, 5, 31, 12, 0, tzinfo=dt.UTC)


def a_contact(
    contact_id: str = "c1",
    address: str = "ann@example.com",
    *,
    fault: str = "",
    eligible: bool = True,
    opted_out: bool = False,
    fields: Mapping[str, str] | None = None,
) -> Contact:
    """A contact that is wanted on the list."""
    folded = "" if fault else address.casefold()
    return Contact(contact_id, address, folded, fault, eligible, opted_out, fields or {})


def a_member(
    member_id: str = MEMBER,
    status: Status = Status.IMPLICIT,
    *,
    on_list: bool = True,
    left: bool = False,
    absent: bool = False,
    fields: Mapping[str, str] | None = None,
    is_hash_only: bool = False,
) -> Present:
    """A mailable member of the list."""
    there = None if is_hash_only else fields or {}
    return Present(member_id, status, on_list, left, absent, there)


def a_candidate(
    contact_id: str = "c1",
    address: str = "ann@example.com",
    *,
    fields: Mapping[str, str] | None = None,
    member: Present | None = None,
    linked: Present | None = None,
    fault: str = "",
    eligible: bool = True,
    opted_out: bool = False,
    is_linked: bool | None = None,
    **more: Any,
) -> Candidate:
    """A contact that is wanted, in the group of its address; linked to its member unless said otherwise."""
    contact = a_contact(contact_id, address, fault=fault, eligible=eligible, opted_out=opted_out, fields=fields)
    link = (member is not None and linked is None) if is_linked is None else is_linked
    group = more.pop("group", contact.folded or contact_id)
    return Candidate(contact, group, member=member, linked=linked, is_linked=link, **more)


def a_standing(**changed: Any) -> Standing:
    """Ten contacts, eight of them on a list of nine."""
    standing = Standing(
        contacts=10, held_back={"opted_out": 2}, on_list=8, members=9, from_crm=8, still_on_list=0, others=1
    )
    return dataclasses.replace(standing, **changed)


def some_members(**changed: Any) -> Members:
    """A list that grew by one of ours."""
    members = Members(before=8, added=1, joined_elsewhere=0, left_elsewhere=0, after=9)
    return dataclasses.replace(members, **changed)


def a_problem(code: str = "invalid", *, is_new: bool = True, **changed: Any) -> Problem:
    problem = Problem(code, "crm", "correct the address in the CRM", 1, 812, is_new)
    return dataclasses.replace(problem, **changed)


def a_report(
    counts: Mapping[Bucket, int] | None = None, suppressed: Mapping[Reason, int] | None = None, **changed: Any
) -> Report:
    """A run that read one contact and added it."""
    report = Report(
        run_id=812,
        connection="main",
        state=State.COMPLETED,
        trigger="cli",
        actor="ops",
        mode="incremental",
        reason=None,
        message=None,
        started_at=NOON,
        finished_at=NOON + dt.timedelta(seconds=12),
        list_id="11111111-1111-4111-8111-111111111111",
        list_name="Newsletter",
        account="Appalix",
        window={"mode": "overlap", "since": "2024-05-31T11:50:00+00:00", "until": "2024-05-31T12:00:00+00:00"},
        read=1,
        carried_in=0,
        counts={Bucket.ADDED: 1} if counts is None else counts,
        suppressed=suppressed or {},
        members=some_members(),
        standing=a_standing(),
        field_refused=0,
        drifted=0,
        calls={"getContacts": 2, "bulkImportContactsJSON": 1},
        left_today=9497,
        seconds={"extract": 0.04, "pull": 1.26},
        behind=0,
        oldest_seconds=0.0,
        digest="d" * 64,
        planned_adds=1,
        planned_updates=0,
        problems=(),
        version="0.1.0",
    )
    return dataclasses.replace(report, **changed)
