"""The command that runs all connections every few minutes, and says meanwhile how it goes."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import shared
from reconciler.cli.rounds import Rounds, look_seconds
from reconciler.cli.shared import at_once_options, process, ready_ledger
from reconciler.cli.watched import counting, look, watched
from reconciler.stopping import on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.bootstrap import Process
    from reconciler.cli.watched import Watched
    from reconciler.turns import Bounds

_log: Final = logging.getLogger(__name__)
#: Runs under way when `serve` is told to stop may end by themselves for so long: Docker kills after 10 seconds.
_ENDS_BY_ITSELF_SECONDS: Final = 5.0


@click.command()
@click.option("--every", default="5m", show_default=True, help="How often, such as 30s, 5m or 1h.")
@at_once_options
@click.option("--metrics", metavar="[HOST:]PORT", help="Serve /metrics and /healthz there; without HOST on loopback.")
@click.option("--console", metavar="HOST:PORT", help="Serve the console there; a port alone is on loopback.")
def serve(every: str, bounds: Bounds, metrics: str | None, console: str | None) -> None:
    """Run all connections every few minutes until stopped; never two runs of one connection at once.

    Example: reconciler serve --every 5m
    """
    from reconciler.notify import Supervisor
    from reconciler.places import Places
    from reconciler.schedule import Schedule

    seconds = shared.seconds(every)
    here = process(is_service=True)
    ledger = ready_ledger(here, bounds.at_once)
    parts = here.parts(ledger, lambda _: None)
    watch = watched(here, ledger)
    rounds = Rounds(watch, seconds)
    places = Places(bounds, lambda one: rounds.tick(parts, one.name), begins_nothing=lambda: here.stop.begins_nothing)
    jobs = (functools.partial(rounds.look, places), functools.partial(rounds.tell, places))
    supervisor = Supervisor(os.environ)
    schedule = Schedule(*jobs, every_seconds=look_seconds(seconds), turned=supervisor.goes_on, last=places.close)

    def stop() -> None:
        supervisor.stops()
        here.stop.ask_in(_ENDS_BY_ITSELF_SECONDS)
        schedule.stop_soon()

    with on_signals(stop), pages(watch, metrics, lambda: schedule.is_turning), _console(here, watch, console):
        _log.info("Serving: every %s, %s at once. Stop with Ctrl-C.", every, bounds.at_once)
        watch.pings.start()
        supervisor.is_up()
        schedule.run()
        rounds.end()


@contextlib.contextmanager
def pages(watch: Watched, where: str | None, is_turning: Callable[[], bool]) -> Iterator[None]:
    """Serve metrics and health, where that is wanted."""
    if where is None:
        yield
        return
    from reconciler import metrics, metrics_server

    watch.metrics = counting(watch.ledger)
    pages = metrics_server.Pages(watch.metrics.text, metrics.CONTENT_TYPE, lambda: look(watch.ledger), is_turning)
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


COMMANDS: Final = (serve,)
