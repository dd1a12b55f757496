"""The rows of a run, a page at a time: filtered, and searched by a person; always masked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from reconciler import rows_page
from reconciler.console import references
from reconciler.console.access import Role
from reconciler.console.answers import Page
from reconciler.console.routes import Route
from reconciler.domain import Bucket, Reason
from reconciler.ledger import console_runs, runs
from reconciler.ledger.console_runs import Wanted
from reconciler.page import BUCKETS
from reconciler.rendering.people import PLANNED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row

_A_PAGE: Final = 100
_FILTERS: Final = ("bucket", "action", "outcome", "code")
_ACTIONS: Final = ("add", "update", "readdress", "skip")
_OUTCOMES: Final = ("verified", "rejected", "deferred", "in_doubt", "skipped")
_ALL: Final = Wanted({reason.value: reason.bucket.value for reason in Reason}, PLANNED)


def rows(visit: Visit) -> Answer:
    """A page of rows."""
    asked = {name: visit.query.get(name, "") for name in _FILTERS}
    wanted = replace(_ALL, bucket=asked["bucket"], action=asked["action"], outcome=asked["outcome"], code=asked["code"])
    return _page(visit, wanted)


def search(visit: Visit) -> Answer:
    """The rows of one person, by address or contact id: by a form, so that no address stands in the page's address."""
    who, ids = references.looked_for(visit)
    return _page(visit, replace(_ALL, contact_ids=ids or [who]), who)


def _filters(query: Mapping[str, str]) -> dict[str, str]:
    return {name: query[name] for name in _FILTERS if query.get(name)}


def _page(visit: Visit, wanted: Wanted, who: str = "") -> Page:
    before, after = _number(visit.query.get("before")), _number(visit.query.get("after"))
    with visit.ledger.transaction() as tx:
        run = runs.latest(tx, None, visit.run_id)
        most = _A_PAGE + 1
        if before:
            found = console_runs.rows_before(tx, visit.run_id, wanted, before=before, most=most)
        else:
            found = console_runs.rows_after(tx, visit.run_id, wanted, after=after, most=most)
    shown = found[-_A_PAGE:] if before else found[:_A_PAGE]
    has_more = len(found) > _A_PAGE
    content = {
        "run_id": visit.run_id,
        "connection": visit.connection.name,
        "rows": [dict(zip(rows_page.COLUMNS, _masked(row), strict=True)) for row in shown],
        "next": _to(visit, after=shown[-1].row_number) if shown and (before or has_more) else None,
        "previous": _to(visit, before=shown[0].row_number) if shown and (has_more if before else after) else None,
    }
    form = {
        "who": who,
        "wanted": wanted,
        "links": _links(visit, shown),
        "purged_at": run and run.purged_at,
        # A search is posted, and has no address.
        "json": "" if who else f"/runs/{visit.run_id}/rows.json?{urlencode(visit.query)}",
        "choices": {"bucket": {each.value: BUCKETS[each] for each in Bucket}, "action": _ACTIONS, "outcome": _OUTCOMES},
    }
    return Page("rows.html", f"Rows of run {visit.run_id}", content, form=form)


def _masked(row: Row) -> Sequence[object]:
    return rows_page.masked_row(row[: len(rows_page.COLUMNS)])


def _links(visit: Visit, shown: Sequence[Row]) -> list[str]:
    """For each row the page of its contact; empty where there is no way to name it."""
    keys = references.keys_or_none(visit)
    named = [references.reference(row.contact_id, row.email, keys) for row in shown]
    return [references.address(visit.connection.name, each) if each else "" for each in named]


def _to(visit: Visit, **place: int) -> str:
    """The address of another page with the same filters."""
    return f"/runs/{visit.run_id}/rows?{urlencode({**_filters(visit.query), **place})}"


def _number(text: str | None) -> int:
    """A row number; 0, which no row has, where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= len(str(10**18)) - 1 else 0


ROUTES: Final = (
    Route("GET", "/runs/{run_id}/rows", Role.VIEWER, rows),
    Route("POST", "/runs/{run_id}/rows", Role.VIEWER, search),
)
