"""Whether a row's age goes down with each change of what a statement reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.crm import explained
from reconciler.crm.ages import is_youngest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.crm.explained import Scan
    from reconciler.crm.snapshot import Snapshot


def obstacles(snapshot: Snapshot, plan: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    """Why not every change would be seen by row versions, in words with what to do; empty where each is.

    `columns` are the statement's, in its order. What has no `row_age` has no obstacles besides.
    """
    if "row_age" not in columns:
        return []
    scans = explained.scans(plan)
    told = [_uncounted(scan) for scan in scans if scan.is_foreign or not scan.counts_versions]
    if not scans:
        told.append("row_age is not of a table that the statement reads")
    if names := snapshot.reading_functions(explained.functions(plan)):
        told.append(f"what the function {', '.join(names)} reads has no age: join its tables instead")
    if explained.picks_rows(plan):
        told.append("which row is taken (LIMIT, DISTINCT ON, a window function) can change without a younger row")
    if not told and not is_youngest(plan, columns.index("row_age")):
        told.append("row_age is made of ages in a way that can hide a younger row: take age(), and least() or min()")
    return told


def _uncounted(scan: Scan) -> str:
    if scan.is_foreign:
        return f"{scan.table} is a foreign table: its row versions are another server's"
    return f"row_age does not count {scan.table} (as {scan.alias}): add age({scan.alias}.xmin) by least()"
