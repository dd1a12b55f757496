"""Readings of members, written into the mirror portion by portion. No transaction is held across a request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reconciler.constant_contact.client import PAGE
from reconciler.ledger import members as mirror
from reconciler.ledger import statistics
from reconciler.ledger.database import value

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from reconciler.constant_contact.client import Page
    from reconciler.domain import Member
    from reconciler.work import Work


def now(work: Work) -> dt.datetime:
    """What time it is, by the clock that decides."""
    with work.ledger.transaction() as tx:
        moment: dt.datetime = value(tx, "clock")
    return moment


def pages(count: int) -> int:
    return max(1, math.ceil(count / PAGE))


def on_list(work: Work) -> int:
    """How many mailable members the mirror has on the list."""
    with work.ledger.transaction() as tx:
        return mirror.on_list_count(tx, work.connection.connection_id)


def write_members(
    work: Work,
    members: Iterable[Member],
    read_at: dt.datetime,
    *,
    by_id: bool = False,
    total: int = 0,
    is_exported: bool = False,
) -> int:
    """Write members as they were read at a moment of our clock; says how many differed. `total`: read so far.

    Of those who were `is_exported` the mirror keeps what an export does not say.
    """
    with work.write() as tx:
        written = mirror.write(
            tx,
            work.connection.connection_id,
            members,
            work.keys,
            read_at=read_at,
            by_id=by_id,
            is_exported=is_exported,
            push_visible_seconds=work.connection.limits.push_visible_seconds,
        )
        statistics.refresh(tx, "members", total, min(total, PAGE))
        return written


def write_pages(work: Work, pages: Iterable[Page], what: str) -> dt.datetime:
    """Write pages as they come; says Constant Contact's clock at the first of them."""
    first: dt.datetime | None = None
    count = 0
    began = now(work)
    for page in pages:
        first = first or page.answered_at
        count += len(page.members)
        write_members(work, page.members, began, total=count)
        work.tell(f"{count:,} {what}")
        began = now(work)
    return first or now(work)
