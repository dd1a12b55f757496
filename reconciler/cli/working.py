"""The command that runs many connections as one of several workers, on any number of machines."""

from __future__ import annotations

import contextlib
import logging
import os
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli import shared
from reconciler.cli.rounds import Rounds
from reconciler.cli.serving import pages
from reconciler.cli.shared import at_once_options, process, ready_ledger
from reconciler.cli.watched import watched
from reconciler.errors import UsageError
from reconciler.stopping import on_signals

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from reconciler.bootstrap import Process
    from reconciler.cli.watched import Watched
    from reconciler.fleet import Fleet, Place
    from reconciler.ledger.database import Ledger
    from reconciler.notify import Supervisor
    from reconciler.turns import Bounds

_log: Final = logging.getLogger(__name__)
#: How many may be claimed and wait in the queue, for each one that runs: as many as it can do until the next look, so
#: that who is due longest is chosen late.
_WAITING_EACH: Final = 50


@click.command()
@click.option("--every", default="5m", show_default=True, help="How often connections without interval_seconds.")
@at_once_options
@click.option("--drain", default="5s", show_default=True, help="How long runs may go on when told to stop.")
@click.option("--poll", is_flag=True, help="Hear of nothing, and look every second: needed behind a pooler.")
@click.option("--metrics", metavar="[HOST:]PORT", help="Serve /metrics and /healthz there; without HOST on loopback.")
def worker(every: str, bounds: Bounds, drain: str, metrics: str | None, *, poll: bool) -> None:
    """Run connections that are due, beside any number of other workers; each due connection is run by one of them.

    Example: reconciler worker --at-once 8
    """
    from reconciler.notify import Supervisor

    seconds, drain_seconds = shared.seconds(every), shared.seconds(drain)
    here = process(is_service=True)
    ledger = ready_ledger(here, bounds.at_once)
    watch = watched(here, ledger)
    supervisor = Supervisor(os.environ)
    working = _worker(here, watch, seconds, bounds, supervisor, listens=not poll)

    def stop() -> None:
        supervisor.stops()
        here.stop.ask_in(drain_seconds)
        working.stop_soon()

    with on_signals(stop), pages(watch, metrics, lambda: working.is_turning):
        _log.info("Working: %d runs at once. Stop with Ctrl-C.", bounds.at_once)
        watch.pings.start()
        supervisor.is_up()
        working.work()


def _worker(
    here: Process, watch: Watched, every_seconds: float, bounds: Bounds, supervisor: Supervisor, *, listens: bool
) -> Fleet:
    fleet = _the_fleet()
    from reconciler.ledger.schedules import Room
    from reconciler.reconcile import ALREADY_RUNNING

    ledger = watch.ledger
    place = _place(here, ledger, listens=listens)
    parts, rounds = here.parts(ledger, lambda _: None), Rounds(watch, every_seconds)
    told = _told_every(watch, every_seconds, here.monotonic)
    waiting = _WAITING_EACH * bounds.at_once
    room = Room(waiting, bounds.per_key, waiting, bounds.failing)
    manner = fleet.Manner(bounds.at_once, every_seconds, room, place)
    doing = fleet.Doing(
        run=lambda name: rounds.tick(parts, name) != ALREADY_RUNNING, looked=told, turned=supervisor.goes_on
    )
    made: Fleet = fleet.Fleet(ledger, manner, doing)
    return made


def _told_every(watch: Watched, seconds: float, monotonic: Callable[[], float]) -> Callable[[bool], None]:
    """Monitors and people are told as often as by `serve`, though workers look more often."""
    last = -seconds

    def looked(is_well: bool) -> None:
        nonlocal last
        if monotonic() - last >= seconds:
            last = monotonic()
            watch.ended(is_well=is_well)

    return looked


def _the_fleet() -> ModuleType:
    try:
        from reconciler import fleet
    except ImportError:
        told = "install it: pip install 'sage-reconciler[fleet]'"
        raise UsageError("workers need the extra `fleet`", advice=told) from None
    return fleet


def _place(here: Process, ledger: Ledger, *, listens: bool) -> Place:
    """Where the queue is.

    Raises UsageError where it is in another database, has no tables or is not found, and SchemaError where these are
    older than this program.
    """
    from reconciler import database_url, fleet
    from reconciler.fleet import Place
    from reconciler.ledger import queue
    from reconciler.ledger.database import Ledger

    assert here.settings.queue_url is not None  # noqa: S101 - without a ledger there was an error before
    url = database_url.parse(here.settings.queue_url.reveal())
    with contextlib.closing(Ledger(url)) as there, there.transaction() as tx:
        if not queue.is_same(tx, ledger):
            raise UsageError(
                "RECONCILER_QUEUE_URL leads to another database than the ledger's",
                advice="who claims a connection queues its task in one transaction: give another way to the same one",
            )
        if not queue.is_there(tx):
            raise UsageError("the queue has no tables yet", advice="run `reconciler schema apply`")
        fleet.must_be_up_to_date(tx)
        if not listens and not queue.is_found(tx):
            raise UsageError(
                "behind a pooler the role itself has to find the queue's tables, because nothing is set for a session",
                advice='as an admin: ALTER ROLE the_role SET search_path TO reconciler_queue, "$user", public',
            )
    return Place(url.to_connect, listens)


COMMANDS: Final = (worker,)
