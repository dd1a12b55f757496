"""Whether a row's age goes down with each change of what a statement reads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from reconciler.crm import explained, text
from reconciler.crm.ages import is_youngest, passes_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.crm.explained import Scan
    from reconciler.crm.snapshot import Snapshot

_AGE: Final = "row_age"


def obstacles(snapshot: Snapshot, statement: str, plan: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """Why not every change would be seen by row versions, in words with what to do; empty where each is.

    `plan` is that of the whole statement, `columns` are in its order. What has no `row_age` has no obstacles besides.
    """
    if _AGE not in columns:
        return []
    of_age = snapshot.explained(statement, _AGE)
    told = [*_uncounted(explained.scans(plan), explained.scans(of_age))]
    if not explained.scans(plan):
        told.append("row_age is not of a table that the statement reads")
    called = explained.functions(plan) | text.called(statement) | set(snapshot.functions_of_views)
    if names := snapshot.reading_functions(called):
        told.append(f"what the function {', '.join(names)} reads has no age: join its tables instead")
    if explained.picks_rows(plan) or text.picks_rows(statement):
        told.append("which row is taken (LIMIT, DISTINCT ON, a window function) can change without a younger row")
    if not told and not (is_youngest(plan, columns.index(_AGE)) and passes_on(of_age)):
        told.append("row_age is made of ages in a way that can hide a younger row: take age(), and least() or min()")
    return told


def _uncounted(scans: Sequence[Scan], of_age: Sequence[Scan]) -> list[str]:
    """Scans whose row versions are not made use of where only `row_age` is asked for.

    By tables and not by their aliases: PostgreSQL numbers these anew in each plan.
    """
    counted = Counter(scan.name for scan in of_age if scan.counts_versions)
    told = []
    # Who puts its version out counts first, so that another scan of the same table is the one that is named.
    for scan in sorted(scans, key=lambda scan: not scan.counts_versions):
        counted[scan.name] -= 1
        if scan.is_foreign:
            told.append(f"{scan.table} is a foreign table: its row versions are another server's")
        elif counted[scan.name] < 0:
            told.append(f"row_age does not count {scan.table} (as {scan.alias}): add age({scan.alias}.xmin) by least()")
    return told
