"""The command that runs all connections every few minutes, and says meanwhile how it goes."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import shared
from reconciler.cli.running import what_stands_in_the_way
from reconciler.cli.shared import process, ready_ledger
from reconciler.cli.watched import counting, look, watched
from reconciler.stopping import on_signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.bootstrap import Process
    from reconciler.cli.watched import Watched
    from reconciler.ledger.database import Ledger
    from reconciler.reconcile import Parts
    from reconciler.report import Report
    from reconciler.request import Request
    from reconciler.schedule import Schedule

_log: Final = logging.getLogger(__name__)
#: A tick under way when `serve` is told to stop may end by itself for so long: Docker kills after 10 seconds.
_ENDS_BY_ITSELF_SECONDS: Final = 5.0


@click.command()
@click.option("--every", default="5m", show_default=True, help="How often, such as 30s, 5m or 1h.")
@click.option("--metrics", metavar="[HOST:]PORT", help="Serve /metrics and /healthz there; without HOST on loopback.")
@click.option("--console", metavar="HOST:PORT", help="Serve the console there; a port alone is on loopback.")
def serve(every: str, metrics: str | None, console: str | None) -> None:
    """Run all connections every few minutes until stopped; never two runs of one connection at once.

    Example: reconciler serve --every 5m
    """
    from reconciler.notify import Supervisor
    from reconciler.request import Request
    from reconciler.schedule import Schedule

    seconds = shared.seconds(every)
    here = process(is_service=True)
    ledger = ready_ledger(here)
    parts = here.parts(ledger, lambda _: None)
    watch = watched(here, ledger)

    def tick_all() -> None:
        names = _due(ledger, seconds)
        for name in itertools.takewhile(lambda _: not here.stop.begins_nothing, names or ()):
            tick(watch, parts, name, Request("schedule", is_tick=True))
        watch.ended(is_well=names is not None)

    supervisor = Supervisor(os.environ)
    schedule = Schedule(tick_all, seconds, supervisor.goes_on)

    def stop() -> None:
        supervisor.stops()
        here.stop.ask_in(_ENDS_BY_ITSELF_SECONDS)
        schedule.stop_soon()

    with on_signals(stop), _pages(watch, metrics, schedule), _console(here, watch, console):
        _log.info("Serving: every %s. Stop with Ctrl-C.", every)
        watch.pings.start()
        supervisor.is_up()
        schedule.run()


@contextlib.contextmanager
def _pages(watch: Watched, where: str | None, schedule: Schedule) -> Iterator[None]:
    """Serve metrics and health, where that is wanted."""
    if where is None:
        yield
        return
    from reconciler import metrics, metrics_server

    watch.metrics = counting(watch.ledger)
    pages = metrics_server.Pages(
        watch.metrics.text, metrics.CONTENT_TYPE, lambda: look(watch.ledger), lambda: schedule.is_turning
    )
    host, port = metrics_server.place(where)
    with metrics_server.serving(pages, (host, port)) as found:
        _log.info("Metrics: http://%s:%s/metrics", f"[{host}]" if ":" in host else host, found)
        yield


@contextlib.contextmanager
def _console(here: Process, watch: Watched, where: str | None) -> Iterator[None]:
    """Serve the console, where that is wanted."""
    if where is None:
        yield
        return
    from reconciler import metrics_server
    from reconciler.console import server

    with server.serving(here, watch.ledger, metrics_server.place(where), watch.ran) as desk:
        how = "" if desk.proxy else f" Sign in with `reconciler console link --role admin --address {desk.address}`."
        _log.info("Console: %s/%s", desk.address, how)
        yield


def _due(ledger: Ledger, every_seconds: float) -> list[str] | None:
    """The connections whose turn it is; None while the ledger is out of reach, which the next tick may not find so."""
    from reconciler.errors import ReconcilerError
    from reconciler.ledger import ages, connections

    try:
        with ledger.transaction() as tx:
            them = connections.every(tx)
            ages.promise(tx, every_seconds, [connection.name for connection in them])
            return [connection.name for connection in them if connection.is_due]
    except ReconcilerError as error:
        _log.error("no tick: %s", error)
        return None


def tick(watch: Watched, parts: Parts, name: str, request: Request) -> Report | str | None:
    """One tick of one connection: its trouble is told, and never stops the others. Says what `reconcile.run` says."""
    from reconciler.errors import Mistake, ReconcilerError
    from reconciler.reconcile import run as run_once

    try:
        outcome = run_once(parts, name, request)
    except ReconcilerError as error:
        _log.error("%s: %s", name, error, extra={"connection": name})
        return None
    except Exception as error:  # noqa: BLE001 - a mistake of ours ends this tick, and no other connection's
        _log.error("%s: %s", name, Mistake.of(error), extra={"connection": name})
        _log.debug("where it was made", exc_info=error)
        return None
    watch.ran(outcome)
    if outcome is not None and not isinstance(outcome, str) and outcome.state.value == "held":
        _log.warning("%s", what_stands_in_the_way(parts.ledger, name), extra={"connection": name})
    return outcome


COMMANDS: Final = (serve,)
