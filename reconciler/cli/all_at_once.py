"""All connections once, a few at a time; what is shown of them comes by name."""

from __future__ import annotations

import functools
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click

from reconciler.cli.outcomes import run_once, show_with_code
from reconciler.cli.shared import EXITS, announce, at_once_options, tell
from reconciler.errors import ReconcilerError, UsageError
from reconciler.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.bootstrap import Process
    from reconciler.cli.watched import Watched
    from reconciler.places import Places
    from reconciler.reconcile import Parts
    from reconciler.report import Report
    from reconciler.request import Request
    from reconciler.turns import Bounds, Due

#: How often it is looked whether somebody was sent away unserved.
_A_MOMENT: Final = 0.2


@dataclass(frozen=True, slots=True)
class Many:
    """Which of all connections, and how many of them at once."""

    bounds: Bounds
    share: Shard | None

    def has(self, name: str) -> bool:
        return self.share is None or self.share.has(name)


def all_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for all connections; they come as one value, `many`, which is None without --all."""

    @click.option("--all", "all_", is_flag=True, help="All connections, a few at once.")
    @click.option("--shard", metavar="I/N", help="Of all connections only share I of N, such as 3/10.")
    @at_once_options
    @functools.wraps(command)
    def widened(*given: Any, all_: bool, shard: str | None, bounds: Bounds, **named: Any) -> None:
        if shard is not None and not all_:
            advice = "say --all --shard I/N, or a connection's name alone"
            raise UsageError("a shard is a part of all connections", advice=advice)
        share = None if shard is None else Shard.parse(shard)
        command(*given, many=Many(bounds, share) if all_ else None, **named)

    return widened


def run_all(watch: Watched, here: Process, request: Request, many: Many, *, json_: bool) -> list[int]:
    """Run all connections, or a share of them; gives what each run would exit with, by name.

    Of many, one that can't even begin stops no other.
    """
    from reconciler.ledger.due import everybody
    from reconciler.places import Places

    with watch.ledger.transaction() as tx:
        them = [one for one in everybody(tx) if many.has(one.name)]
    parts = here.parts(watch.ledger, tell, announce)
    outcomes: dict[str, Future[Report | ReconcilerError | str | None]] = {one.name: Future() for one in them}

    def turn(one: Due) -> None:
        try:
            outcomes[one.name].set_result(_attempt(_parts_of(parts, one.name), one.name, request))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            outcomes[one.name].set_exception(error)

    places = Places(many.bounds, turn, begins_nothing=lambda: here.stop.begins_nothing)
    try:
        places.offer(them, time.monotonic())
        return [
            _show(watch, name, future, json_=json_) for name, future in outcomes.items() if _is_over(places, future)
        ]
    finally:
        places.close()


def _parts_of(parts: Parts, name: str) -> Parts:
    """Where several run at once, each says who it is."""
    return replace(
        parts,
        tell=lambda words: tell(f"{name}: {words}" if words else ""),
        announce=lambda text: announce(f"{name}: {text}"),
    )


def _attempt(parts: Parts, name: str, request: Request) -> Report | ReconcilerError | str | None:
    try:
        return run_once(parts, name, request)
    except ReconcilerError as error:
        return error


def _is_over(places: Places, future: Future[Report | ReconcilerError | str | None]) -> bool:
    """Wait for the end of a run; False where it never begins, because somebody has asked to stop."""
    while not future.done():
        if places.is_idle:
            return future.done()
        try:
            future.exception(_A_MOMENT)
        except TimeoutError:
            continue
    return True


def _show(watch: Watched, name: str, future: Future[Report | ReconcilerError | str | None], *, json_: bool) -> int:
    outcome = future.result()
    if isinstance(outcome, ReconcilerError):
        click.echo(f"{name}: {outcome}", err=True)
        return EXITS["failed"]
    watch.ran(outcome)
    return show_with_code(watch.ledger, name, outcome, json_=json_)
