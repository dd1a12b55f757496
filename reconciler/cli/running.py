"""Commands that run connections and show what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.all_at_once import all_options, run_all
from reconciler.cli.outcomes import run_once, show, show_with_code
from reconciler.cli.shared import (
    EXITS,
    actor,
    announce,
    json_option,
    print_json,
    process,
    ready_ledger,
    tell,
)
from reconciler.cli.watched import told, watched
from reconciler.errors import UsageError
from reconciler.stopping import on_signals

if TYPE_CHECKING:
    from reconciler.bootstrap import Process
    from reconciler.cli.all_at_once import Many
    from reconciler.cli.watched import Watched
    from reconciler.forecast import Forecast
    from reconciler.ledger.database import Ledger
    from reconciler.reconcile import Parts
    from reconciler.report import Report
    from reconciler.request import Request

_NOTHING_SAID: Final = "nothing to do"
#: What a monitor is told of as a failure: failed, and disconnected.
_NOT_WELL: Final = {EXITS["failed"], EXITS["disconnected"]}


@click.command()
@click.argument("name")
@click.option("--full", is_flag=True, help="Compare both sides in full.")
@json_option
@click.pass_context
def plan(context: click.Context, name: str, *, full: bool, json_: bool) -> None:
    """Say what a run of NAME would do; nothing is pushed.

    Example: reconciler plan acme
    """
    from reconciler.request import Request

    here = process()
    ledger = ready_ledger(here)
    wanted = Request("cli", actor(), full=full, plan_only=True)
    outcome = run_once(here.parts(ledger, tell), name, wanted) or _NOTHING_SAID
    expected = _expected(here, ledger, name, outcome)
    show(ledger, name, outcome, json_=json_, forecast=expected)
    state = "" if isinstance(outcome, str) else outcome.state.value
    context.exit(EXITS[state] if state in ("held", "failed", "disconnected", "quota") else 0)


@click.command()
@click.argument("name", required=False)
@all_options
@click.option("--full", is_flag=True, help="Force a full resync: everything is compared.")
@click.option("--only-if", metavar="DIGEST", help="Push only if the plan has this digest.")
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait so long for a run that goes on.")
@click.option("--exit-code", type=click.Choice(["plain", "detailed"]), help="How to exit; --all is plain by default.")
@click.option("--metrics-file", metavar="FILE", help="Write metrics there, for node_exporter's textfile collector.")
@json_option
@click.pass_context
def run(
    context: click.Context,
    name: str | None,
    *,
    many: Many | None,
    full: bool,
    only_if: str | None,
    wait: float,
    exit_code: str | None,
    metrics_file: str | None,
    json_: bool,
) -> None:
    """Run NAME once, or all connections.

    Exits 0 done, 1 failed, 2 wrong usage, 3 done with problems, 4 held, 5 disconnected, 6 daily limit.

    Example: reconciler run acme
    """
    from reconciler.request import Request

    if (name is None) != (many is not None):
        raise UsageError("say a connection's name, or --all")
    here = process()
    ledger = ready_ledger(here, many.bounds.at_once if many else 1)
    is_tick = many is not None
    request = Request("cli", actor(), full=full, only_if=only_if, is_tick=is_tick, wait_seconds=wait)
    watch = watched(here, ledger, metrics_file)
    with on_signals(here.stop.ask), told(watch):
        if many is not None:
            codes = run_all(watch, here, request, many, json_=json_)
        else:
            codes = [_run_and_show(watch, here.parts(ledger, tell, announce), name or "", request, json_=json_)]
        watch.ended(is_well=not _NOT_WELL & set(codes))
    is_plain = exit_code == "plain" or (is_tick and exit_code is None)
    worst = max(codes, default=0)
    context.exit((1 if 1 in codes else 0) if is_plain else worst)


@click.command()
@click.argument("name", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
@json_option
def runs(name: str | None, *, limit: int, json_: bool) -> None:
    """List the last runs, newest first.

    Example: reconciler runs acme
    """
    from reconciler import health, page, reconcile
    from reconciler.ledger import runs as stored

    ledger = ready_ledger(process())
    chosen = reconcile.find(ledger, name) if name else None
    with ledger.transaction() as tx:
        found = stored.recent(tx, chosen.connection_id if chosen else None, limit)
    if json_:
        print_json([row.report or {"run_id": row.run_id, "connection": row.name, "state": row.state} for row in found])
        return
    if chosen and (quiet := health.quiet(chosen.quiet_ticks, chosen.quiet_since, chosen.now)):
        click.echo(f"{chosen.last_tick_at:%Y-%m-%d %H:%M:%S}  {quiet}")
    click.echo(page.runs(found))


def run_and_exit(
    context: click.Context, here: Process, ledger: Ledger, name: str, request: Request, *, json_: bool
) -> None:
    """Run once, show the report, and exit as its state says."""
    watch = watched(here, ledger)
    with on_signals(here.stop.ask), told(watch):
        code = _run_and_show(watch, here.parts(ledger, tell), name, request, json_=json_)
        watch.ended(is_well=code not in _NOT_WELL)
    context.exit(code)


def _run_and_show(watch: Watched, parts: Parts, name: str, request: Request, *, json_: bool) -> int:
    outcome = run_once(parts, name, request)
    watch.ran(outcome)
    return show_with_code(watch.ledger, name, outcome, json_=json_)


def _expected(here: Process, ledger: Ledger, name: str, planned: Report | str) -> Forecast | None:
    """What a run would cost; None where the plan is not known."""
    from reconciler import forecast, reconcile

    is_seen = not isinstance(planned, str) and (planned.state.value == "observed" or planned.reason == "guard")
    if isinstance(planned, str) or not is_seen:
        return None
    connection = reconcile.find(ledger, name)
    with ledger.transaction() as tx:
        return forecast.of_plan(tx, connection, planned, here.pace(connection))


COMMANDS: Final = (plan, run, runs)
