"""The command that runs all connections every few minutes, and looks after itself meanwhile."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import shared
from reconciler.cli.running import tell_what_stands_in_the_way
from reconciler.cli.shared import process, ready_ledger
from reconciler.stopping import on_signals

if TYPE_CHECKING:
    from reconciler.ledger.database import Ledger
    from reconciler.reconcile import Parts
    from reconciler.request import Request

#: A tick under way when `serve` is told to stop may end by itself for so long: Docker kills after 10 seconds.
_ENDS_BY_ITSELF_SECONDS: Final = 5.0


@click.command()
@click.option("--every", default="5m", show_default=True, help="How often, such as 30s, 5m or 1h.")
def serve(every: str) -> None:
    """Run all connections every few minutes until stopped; never two runs of one connection at once.

    Example: reconciler serve --every 5m
    """
    from reconciler.request import Request
    from reconciler.schedule import Schedule

    seconds = shared.seconds(every)
    here = process()
    ledger = ready_ledger(here)
    parts = here.parts(ledger, lambda _: None)

    def tick() -> None:
        for name in itertools.takewhile(lambda _: not here.stop.begins_nothing, _due(ledger, seconds)):
            _tick(parts, name, Request("schedule", is_tick=True))

    schedule = Schedule(tick, seconds)

    def stop() -> None:
        here.stop.ask_in(_ENDS_BY_ITSELF_SECONDS)
        schedule.stop_soon()

    with on_signals(stop):
        click.echo(f"Serving: every {every}. Stop with Ctrl-C.", err=True)
        schedule.run()


def _due(ledger: Ledger, every_seconds: float) -> list[str]:
    """The connections whose turn it is; none while the ledger is out of reach, which the next tick may not find so."""
    from reconciler.errors import ReconcilerError
    from reconciler.ledger import ages, connections

    try:
        with ledger.transaction() as tx:
            them = connections.every(tx)
            ages.promise(tx, every_seconds, [connection.name for connection in them])
            return [connection.name for connection in them if connection.is_due]
    except ReconcilerError as error:
        click.echo(f"reconciler: {error}", err=True)
        return []


def _tick(parts: Parts, name: str, request: Request) -> None:
    """One tick of one connection: its trouble is told, and never stops the others."""
    from reconciler import page
    from reconciler.errors import Mistake, ReconcilerError
    from reconciler.reconcile import run as run_once

    try:
        outcome = run_once(parts, name, request)
    except ReconcilerError as error:
        click.echo(f"{name}: {error}", err=True)
        return
    except Exception as error:  # noqa: BLE001 - a mistake of ours ends this tick, and no other connection's
        click.echo(f"{name}: {Mistake.of(error)}", err=True)
        return
    if outcome is not None and not isinstance(outcome, str):
        click.echo(page.sentence(outcome.to_json()), err=True)
        if outcome.state.value == "held":
            tell_what_stands_in_the_way(parts.ledger, name)


COMMANDS: Final = (serve,)
