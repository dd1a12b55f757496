"""One run, and what is shown of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.shared import EXITS, print_json, show_page, tell

if TYPE_CHECKING:
    from reconciler.forecast import Forecast
    from reconciler.ledger.database import Ledger
    from reconciler.reconcile import Parts
    from reconciler.report import Report
    from reconciler.request import Request


def run_once(parts: Parts, name: str, request: Request) -> Report | str | None:
    """Run, and leave nothing of the progress on the screen."""
    from reconciler import reconcile

    try:
        return reconcile.run(parts, name, request)
    finally:
        tell("")


def show_with_code(ledger: Ledger, name: str, outcome: Report | str | None, *, json_: bool) -> int:
    """Show what came of a run, and what stands in its way; gives what a run that ends so exits with."""
    if outcome is None:
        _tell_what_stands_in_the_way(ledger, name)
        return 0
    show(ledger, name, outcome, json_=json_)
    if isinstance(outcome, str) or outcome.state.value == "held":
        _tell_what_stands_in_the_way(ledger, name)
    return 0 if isinstance(outcome, str) else EXITS[outcome.state.value]


def what_stands_in_the_way(ledger: Ledger, name: str) -> str | None:
    """A run of a connection that is disconnected, held or paused for a reason says so each time, in one line."""
    from reconciler import connection_page, reconcile
    from reconciler.ledger import runs as stored

    connection = reconcile.find(ledger, name)
    is_stopped = connection.disconnected_at or connection.held_at or connection.paused_message
    if not (is_stopped or connection.quarantined_at):
        return None
    with ledger.transaction() as tx:
        behind = stored.behind(tx, connection.connection_id)
    return f"{name}: {connection_page.badge(connection, behind)}"


def _tell_what_stands_in_the_way(ledger: Ledger, name: str) -> None:
    if (told := what_stands_in_the_way(ledger, name)) is not None:
        click.echo(told, err=True)


def show(ledger: Ledger, name: str, outcome: Any, *, json_: bool, forecast: Forecast | None = None) -> None:
    """Show a report, or the word in its place."""
    from reconciler import page
    from reconciler.ledger import runs as stored

    if isinstance(outcome, str):
        print_json({"connection": name, "state": outcome}) if json_ else click.echo(outcome)
    elif json_:
        print_json(outcome.to_json() | ({"forecast": forecast.to_json()} if forecast else {}))
    else:
        with ledger.transaction() as tx:
            rows = stored.shown(tx, outcome.run_id, **page.SHOWN)
        show_page(page.report(outcome.to_json(), rows))
        if forecast is not None:
            click.echo(f"\n{forecast.sentence}")
