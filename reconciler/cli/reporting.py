"""The command that shows the report of a run: as text, JSON, CSV and HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import json_option, print_json, process, ready_ledger, run_number, show_page, written
from reconciler.cli.undoing import must_have_rows, write_undo
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.ledger.database import Ledger, Row

_STDOUT: Final = "-"


@click.command()
@click.argument("run_id", required=False, default="latest")
@click.option("--connection", "name", help="The latest run of this connection.")
@click.option("--html", metavar="FILE", help="Write the report as one HTML file, masked.")
@click.option("--csv", "csv_", metavar="FILE", help="Write all rows of the run as CSV, masked.")
@click.option("--undo", metavar="FILE", help="Write whom the run added, and the old values it replaced, unmasked.")
@click.option("--unmasked", is_flag=True, help="Show addresses and values in full.")
@json_option
def report(
    run_id: str,
    *,
    name: str | None,
    html: str | None,
    csv_: str | None,
    undo: str | None,
    unmasked: bool,
    json_: bool,
) -> None:
    """Show the report of a run; without RUN_ID the latest.

    Example: reconciler report 812 --html report.html
    """
    if [html, csv_, _STDOUT if json_ else None].count(_STDOUT) > 1:
        raise UsageError("only one of them can go to standard output", advice="name a file for the others")
    ledger = ready_ledger(process())
    found = _find(ledger, run_id, name)
    if csv_ is not None:
        _write_csv(ledger, found, csv_, unmasked=unmasked)
    if html is not None:
        _write_html(ledger, found, html, unmasked=unmasked)
    if undo is not None:
        write_undo(ledger, found, undo)
    if json_:
        print_json(found.report)
    elif (html, csv_, undo) == (None, None, None):
        _show(ledger, found, unmasked=unmasked)


def _find(ledger: Ledger, run_id: str, name: str | None) -> Row:
    """The run that is meant. Raises UsageError where there is none."""
    from reconciler.ledger import runs

    number = None if run_id == "latest" else run_number(run_id)
    chosen = _connection_id(ledger, name) if name else None
    with ledger.transaction() as tx:
        found = runs.latest(tx, chosen, number)
    if found is None:
        raise UsageError("there is no such run", advice="`reconciler runs` lists them")
    return found


def _connection_id(ledger: Ledger, name: str) -> int:
    from reconciler import reconcile

    return reconcile.find(ledger, name).connection_id


def _show(ledger: Ledger, run: Row, *, unmasked: bool) -> None:
    from reconciler import page
    from reconciler.ledger import runs

    with ledger.transaction() as tx:
        rows = runs.shown(tx, run.run_id, **page.SHOWN)
    show_page(page.report(run.report, rows, unmasked=unmasked))


def _write_csv(ledger: Ledger, run: Row, file: str, *, unmasked: bool) -> None:
    from reconciler import rows_page, spreadsheet
    from reconciler.ledger import runs
    from reconciler.page import number

    must_have_rows(run)
    with ledger.transaction() as tx, written(file) as stream:
        count = spreadsheet.write(stream, rows_page.COLUMNS, _cells(runs.every_row(tx, run.run_id), unmasked=unmasked))
    _tell(f"Run {run.run_id}: {number(count, 'row')}", file, unmasked=unmasked)


def _cells(rows: Iterator[Row], *, unmasked: bool) -> Iterator[tuple[object, ...]]:
    from reconciler.rows_page import masked_row

    return (tuple(row) if unmasked else masked_row(row) for row in rows)


def _write_html(ledger: Ledger, run: Row, file: str, *, unmasked: bool) -> None:
    from reconciler.ledger import runs
    from reconciler.rendering import html

    with ledger.transaction() as tx:
        rows = runs.filed(tx, run.run_id, **html.FILED)
        history = runs.history(tx, run.run_id, html.RUNS_SHOWN)
    with written(file) as stream:
        stream.writelines(html.document(html.Filed(run.report, rows, history, run.purged_at), unmasked=unmasked))
    _tell(f"The report of run {run.run_id}", file, unmasked=unmasked)


def _tell(what: str, file: str, *, unmasked: bool) -> None:
    if file != _STDOUT:
        how = "unmasked" if unmasked else "masked; --unmasked has addresses and values in full"
        click.echo(f"{what}: {file}, {how}.", err=True)


COMMANDS: Final = (report,)
