"""A run: its report as a page, and as files; while it goes on, how far it is."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from reconciler import holding, rows_page, spreadsheet
from reconciler.console import progress, run_page
from reconciler.console.access import Role
from reconciler.console.answers import Download, Page
from reconciler.console.routes import Route
from reconciler.errors import UsageError
from reconciler.ledger import console_runs, runs
from reconciler.ledger.console_runs import Wanted
from reconciler.rendering import html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.console.answers import Answer
    from reconciler.console.desk import Visit
    from reconciler.ledger.database import Row

#: As many runs as the charts have: each is some hundred bytes of the page.
_CHARTED: Final = 30
#: As many lines of a file go out at once.
_PORTION: Final = 1000
_ANY: Final = Wanted({}, ())


def run(visit: Visit) -> Answer:
    """The report of a run that has ended, as the object of the contract; else how far it is."""
    with visit.ledger.transaction() as tx:
        found = runs.latest(tx, None, visit.run_id)
        history = runs.history(tx, visit.run_id, _CHARTED)
        answers = _answers(visit.role) if holding.waits_for_answer(tx, visit.run_id) else ()
    if found is None:
        return Page("run_going.html", f"Run {visit.run_id}", progress.content(visit))
    form = run_page.told(found.report, history, found.purged_at, answers)
    return Page("run.html", f"Run {visit.run_id} of {found.name}", found.report, form=form)


def _answers(role: Role) -> Sequence[str]:
    """What somebody with this role may say to what is held."""
    told = {"approve": Role.ADMIN, "decline": Role.OPERATOR}
    return [word for word, least in told.items() if role >= least]


def as_csv(visit: Visit) -> Answer:
    """All rows, masked."""
    _with_rows(visit)
    return Download(f"run-{visit.run_id}.csv", "text/csv", _csv(visit))


def as_html(visit: Visit) -> Answer:
    """The report as one file that asks for nothing, masked."""
    found = _ended(visit)
    with visit.ledger.transaction() as tx:
        rows = runs.filed(tx, visit.run_id, **html.FILED)
        history = runs.history(tx, visit.run_id, html.RUNS_SHOWN)
    filed = html.Filed(found.report, rows, history, found.purged_at)
    return Download(f"run-{visit.run_id}.html", "text/html", html.document(filed, unmasked=False))


def _with_rows(visit: Visit) -> None:
    """Raises UsageError where the run goes on yet, or its rows were deleted."""
    found = _ended(visit)
    if found.purged_at is not None:
        raise UsageError(
            f"the rows of run {found.run_id} were deleted on {found.purged_at:%Y-%m-%d}",
            advice="rows are kept for `rows_kept_days` of the connection's settings",
        )


def _ended(visit: Visit) -> Row:
    with visit.ledger.transaction() as tx:
        found = runs.latest(tx, None, visit.run_id)
    if found is None:
        raise UsageError(f"run {visit.run_id} goes on yet", advice="its report is there when it has ended")
    return found


def _csv(visit: Visit) -> Iterator[str]:
    """The file in portions: there may be millions of rows."""
    lines = spreadsheet.lines(rows_page.COLUMNS, _every_row(visit))
    while portion := "".join(itertools.islice(lines, _PORTION)):
        yield portion


def _every_row(visit: Visit) -> Iterator[Sequence[object]]:
    """All rows of a run, masked.

    Each portion has a transaction of its own: whoever takes a file slowly, or breaks off, keeps no connection to the
    ledger. Raises UsageError where the rows were deleted meanwhile: a file that is cut off would pass for a whole one.
    """
    after, is_more = 0, True
    while is_more:
        with visit.ledger.transaction() as tx:
            found = console_runs.rows_after(tx, visit.run_id, _ANY, after=after, most=_PORTION)
        is_more = len(found) == _PORTION
        after = found[-1].row_number if found else after
        if not is_more:
            _with_rows(visit)
        yield from (rows_page.masked_row(row[: len(rows_page.COLUMNS)]) for row in found)


ROUTES: Final = (
    Route("GET", "/runs/{run_id}", Role.VIEWER, run),
    Route("GET", "/runs/{run_id}/report.csv", Role.VIEWER, as_csv, has_json=False),
    Route("GET", "/runs/{run_id}/report.html", Role.VIEWER, as_html, has_json=False),
)
