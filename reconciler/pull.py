"""Members out of Constant Contact into the mirror: everybody, what changed, and who is on the list now.

No transaction is held across a request: each page is written as it comes.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, Literal

from reconciler import delta, exporting
from reconciler.ledger import connections, plans
from reconciler.ledger import members as mirror
from reconciler.reading import now, on_list, pages, write_members, write_pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.work import Work

Kind = Literal["pages", "export"]
#: An export takes its request, a few polls and the file; and what changed on the list is asked for apart.
FEW_PAGES: Final = 6


def everybody(work: Work) -> None:
    """Pull the whole account, with who is on the list: so the deleted and the not mailable are known too."""
    with work.write() as tx:
        mirror.begin_reading(tx, work.connection.connection_id)
    first = write_pages(work, work.api.everybody(work.mapped), "people of the account read")
    _end_reading(work, "pages")
    _note_pulled(work, first, whole=True)
    _confirm_absent(work)


def before_push(work: Work, listed: int) -> None:
    """Read who is on the list and who is off, right before a push: whatever way takes fewer calls.

    `listed` is the list's own number of mailable members.
    """
    most = work.connection.limits.membership_singles
    people = _concerned(work, most + 1)
    if len(people) <= most:
        read_members(work, people)
        if _confirm_absent(work) and on_list(work) == listed:
            return
        # Somebody joined or left without us: then the list is read whole.
    first = _read_changes(work)
    _read_membership(work, "pages" if pages(listed) <= FEW_PAGES else "export")
    _read_deleted(work)
    _note_pulled(work, first, whole=False)
    _confirm_absent(work)


def meet(work: Work, listed: int) -> None:
    """Read what changed once more where the mirror has others on the list than the list's own count says.

    Who joined and who left since the last reading may have cancelled out in that count, and only one of them been seen.
    """
    mine = work.connection.connection_id
    with work.ledger.transaction() as tx:
        known, unsure = mirror.on_list_count(tx, mine), mirror.unsure_count(tx, mine)
    if not known <= listed <= known + unsure:
        before_push(work, listed)


def read_members(work: Work, found: Iterable[tuple[str | None, str]]) -> None:
    """Read some people one by one, by id where there is one, else by address."""
    for member_id, address in found:
        began = now(work)
        if member_id:
            member = work.api.member(work.mapped, member_id)
        else:
            member = work.api.member_by_address(work.mapped, address)
        if member is not None:
            write_members(work, [member], began, by_id=bool(member_id))
        elif member_id:
            with work.write() as tx:
                mirror.mark_deleted(tx, work.connection.connection_id, member_id)


def _concerned(work: Work, most: int, *, only_adds: bool = False) -> list[tuple[str | None, str]]:
    """The first of those whom the plan's changes concern: the state of each decides whether they may be pushed."""
    with work.ledger.transaction() as tx:
        return plans.people(tx, work.connection.connection_id, work.run_id, most, only_adds=only_adds)


def _read_changes(work: Work) -> dt.datetime:
    """Who opted out or is not mailable since the last pull; says Constant Contact's clock at the first page."""
    since = work.connection.pull_since or dt.datetime.fromtimestamp(0, dt.UTC)
    first = write_pages(work, work.api.opted_out(work.mapped, since), "opt-outs read")
    write_pages(work, work.api.not_mailable(work.mapped, since), "people who are not mailable read")
    return first


def _read_membership(work: Work, kind: Kind) -> None:
    with work.write() as tx:
        mirror.begin_reading(tx, work.connection.connection_id)
        waits = {row.absent_by for row in mirror.absent(tx, work.connection.connection_id)}
    # Who was missed by one kind of reading is settled by the other.
    wants_export = waits == {"pages"} or (kind == "export" and waits != {"export"})
    if wants_export and (missing := _by_export(work)) is not None:
        _read_changed(work)
        return _end_reading(work, "export", missing)
    write_pages(work, work.api.on_list(work.mapped), "members of the list read")
    return _end_reading(work, "pages")


def _read_changed(work: Work) -> None:
    if (since := work.connection.pull_since) is None:
        write_pages(work, work.api.on_list(work.mapped), "members of the list read")
    else:
        delta.read(work, since, "changed members read")


def _by_export(work: Work) -> Sequence[str] | None:
    """Read who is on the list by one export; says whom it misses, None where it is no evidence."""
    activity = exporting.of_the_list(work)
    ids = work.api.exported(activity) if activity else None
    if ids is None or len(ids) != work.api.list_size(work.mapped.list_id):
        return None
    with work.write() as tx:
        return mirror.note_listed(tx, work.connection.connection_id, ids)


def _read_deleted(work: Work) -> None:
    """Who was deleted, once more before anybody is added: whether deleting moves `updated_at` is not documented.

    Who is on the list and was deleted is missing from the reading of it.
    """
    with work.ledger.transaction() as tx:
        calls = pages(mirror.deleted_count(tx, work.connection.connection_id))
    new = _concerned(work, calls, only_adds=True)
    if len(new) < calls:
        read_members(work, new)
    elif new:
        write_pages(work, work.api.deleted(work.mapped), "deleted people read")


def _end_reading(work: Work, kind: Kind, missing: Sequence[str] | None = None) -> None:
    mine, limits = work.connection.connection_id, work.connection.limits
    with work.write() as tx:
        mirror.note_absent(
            tx,
            mine,
            kind,
            missing,
            push_visible_seconds=limits.push_visible_seconds,
            again_seconds=limits.absent_again_seconds,
        )
        mirror.end_reading(tx, mine)


def _confirm_absent(work: Work) -> bool:
    """Few missing people are asked for by id, which proves it; many wait for a second reading of the other kind.

    Says whether they were few.
    """
    with work.ledger.transaction() as tx:
        missing = mirror.absent(tx, work.connection.connection_id)
    most = work.connection.limits.absent_singles
    waited = [row for row in missing if row.waited_seconds > work.connection.limits.push_visible_seconds]
    if len(missing) > most and not waited:
        return False
    # Who has waited long waits for a reading that does not come: some of them a run are asked for by id.
    read_members(work, [(row.member_id, "") for row in (missing if len(missing) <= most else waited[:most])])
    return len(missing) <= most


def _note_pulled(work: Work, first: dt.datetime, *, whole: bool) -> None:
    since = first - dt.timedelta(seconds=work.connection.limits.pull_overlap_seconds)
    with work.write() as tx:
        connections.pulled(tx, work.connection.connection_id, since, whole=whole)
