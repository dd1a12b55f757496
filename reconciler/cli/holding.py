"""Commands that answer what is held."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.running import run_and_exit
from reconciler.cli.shared import actor, json_option, process, ready_ledger, run_number


@click.command()
@click.argument("run_id")
@click.option("--later", is_flag=True, help="Do not run now: the next run does it.")
@json_option
@click.pass_context
def approve(context: click.Context, run_id: str, *, later: bool, json_: bool) -> None:
    """Say that what is held since RUN_ID is right, and run at once. It counts for 24 hours.

    Exits as `run` does.

    Example: reconciler approve 812
    """
    from reconciler import holding
    from reconciler.request import Request

    here = process()
    ledger = ready_ledger(here)
    said = holding.approve(ledger, run_number(run_id), actor())
    told = f"approved for {holding.APPROVED_HOURS} hours: {said.told}" if said.is_new else said.told
    click.echo(f"{said.name}: {told}.", err=True)
    if not later:
        run_and_exit(context, here, ledger, said.name, Request("approve", actor()), json_=json_)


@click.command()
@click.argument("run_id")
def decline(run_id: str) -> None:
    """Say that what is held since RUN_ID is wrong: it stays held until it looks right.

    Example: reconciler decline 812
    """
    from reconciler import holding

    said = holding.decline(ready_ledger(process()), run_number(run_id), actor(), takes_back=True)
    click.echo(f"{said.name}: {said.told}. It stays held, and goes on by itself when it looks right.", err=True)


COMMANDS: Final = (approve, decline)
