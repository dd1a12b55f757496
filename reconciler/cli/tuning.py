"""The command that changes a connection's times and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import actor, json_option, print_json, process, ready_ledger
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command("set")
@click.argument("name")
@click.argument("pairs", metavar="[KEY=VALUE]...", nargs=-1)
@json_option
def set_(name: str, pairs: Sequence[str], *, json_: bool) -> None:
    """Change times and limits of NAME; without KEY=VALUE list them.

    Example: reconciler set acme interval_seconds=600
    """
    from reconciler import reconcile, tuning

    here = process()
    ledger = ready_ledger(here)
    connection = reconcile.find(ledger, name)
    if not pairs:
        there = tuning.tuned(connection, *here.pace(connection))
        if json_:
            print_json(there)
        else:
            click.echo("\n".join(f"{key}={value}" for key, value in there.items()))
        return
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise UsageError(f"{wrong[0]!r} is not of the form KEY=VALUE")
    wanted = dict(pair.split("=", 1) for pair in pairs)
    chosen = tuning.tune(ledger, connection, wanted, actor(), lambda limits: here.look_again(connection, limits))
    click.echo(f"{name}: {', '.join(f'{key}={value}' for key, value in chosen.items())}", err=True)


COMMANDS: Final = (set_,)
