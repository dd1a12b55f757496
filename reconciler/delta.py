"""Who changed on the list since a moment, into the mirror: the count first, then pages, or one export.

What we have pushed comes back as an echo. Where the list has just as many who changed as the mirror has already, they
are not read again; where it has very many, one export shows them all for fewer calls than their pages.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from reconciler import exporting
from reconciler.constant_contact.client import PAGE
from reconciler.ledger import members as mirror
from reconciler.reading import now, on_list, pages, write_members, write_pages

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from reconciler.domain import Member
    from reconciler.work import Work

#: An export takes its request, the file, and looks in between.
EXPORT_CALLS: Final = 6
#: The file has everybody on the list: it is not fetched for fewer than one of so many.
_WORTH: Final = 40
_PORTION: Final = 5000


def read(work: Work, since: dt.datetime, what: str, *, alone: int | None = None, needs_all: bool = True) -> None:
    """Read who changed on the list since, of Constant Contact's clock.

    Without `needs_all` somebody may be left out whom an export does not show clearly: the caller looks for them. So it
    does after the first page where those `alone`, each by a call of their own, take no more calls than the rest.
    """
    # Asked before a page is written: who is on it may have changed once more, and would hide others who have.
    with work.ledger.transaction() as tx:
        echo = mirror.echo(tx, work.connection.connection_id, since)
    found, count = iter(work.api.on_list(work.mapped, since)), 0
    for number in itertools.count(1):
        began = now(work)
        if (page := next(found, None)) is None:
            return
        count += len(page.members)
        write_members(work, page.members, began, total=count)
        work.tell(f"{count:,} {what}")
        if number > 1 or (page.total or 0) <= PAGE:
            continue
        if alone is not None and alone <= _rest(work, echo, page.total or 0):
            return
        if _is_known(work, echo, page.total or 0, what):
            return
        if _is_worth(page.total or 0, on_list(work)):
            unclear = _by_export(work, page.members, what)
            if unclear == 0 or not (needs_all or unclear is None):
                return


def calls(changed: int, listed: int) -> int:
    """How many calls it takes to read so many who changed, of a list of so many."""
    return min(pages(changed), 1 + EXPORT_CALLS) if _is_worth(changed, listed) else pages(changed)


def _rest(work: Work, echo: tuple[int, dt.datetime | None], total: int) -> int:
    """About how many calls it takes after the first page."""
    return 1 if echo[0] == total else calls(total, on_list(work)) - 1


def _is_known(work: Work, echo: tuple[int, dt.datetime | None], total: int, what: str) -> bool:
    """Whether the mirror had all who changed already; who did so once more is read."""
    there, latest = echo
    if there != total or latest is None:
        return False
    # Whoever changed once more has moved beyond that time.
    write_pages(work, work.api.on_list(work.mapped, latest), what)
    return True


def _is_worth(changed: int, listed: int) -> bool:
    return pages(changed) > 1 + EXPORT_CALLS and changed * _WORTH >= listed


def _by_export(work: Work, known: Sequence[Member], what: str) -> int | None:
    """Read them by an export, which those `known` explain; says how many are not clear, None where all are not."""
    began = now(work)
    activity = exporting.of_the_list(work, mailable=True)
    found = work.api.exported_members(activity, work.mapped, known) if activity else None
    if found is None:
        return None
    count = unclear = 0
    while portion := list(itertools.islice(found, _PORTION)):
        clear = [member for member in portion if member is not None]
        count, unclear = count + len(clear), unclear + len(portion) - len(clear)
        write_members(work, clear, began, total=count, is_exported=True)
        work.tell(f"{count:,} {what}")
    return unclear
