"""The command that a container's health check or a monitor asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from reconciler.cli.shared import json_option, print_json, process, ready_ledger, seconds
from reconciler.errors import ReconcilerError, VaultError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.bootstrap import Process
    from reconciler.health import Health
    from reconciler.ledger.database import Ledger

_NOT_FRESH: Final = 1


@click.command()
@click.option("--strict", is_flag=True, help="Fail too if a running connection is not as fresh as promised.")
@click.option("--every", metavar="TIME", help="How often another scheduler than `serve` ticks, such as 1h.")
@json_option
@click.pass_context
def health(context: click.Context, *, strict: bool, every: str | None, json_: bool) -> None:
    """Say whether this process can do its work, and how fresh everything is.

    Example: reconciler health --strict
    """
    promised = None if every is None else seconds(every)
    try:
        found = _look(promised)
    except ReconcilerError as error:
        if json_:
            print_json({"healthy": False, "fresh": None, "why": str(error), "connections": []})
        raise
    late = [one for one in found if one.late]
    if json_:
        print_json({"healthy": True, "fresh": not late, "why": None, "connections": [one.to_json() for one in found]})
    else:
        click.echo("\n".join(["Settings, database, schema and keys are right.", *map(_line, found)]))
    context.exit(_NOT_FRESH if strict and late else 0)


def _look(promised: float | None) -> Sequence[Health]:
    """Everything that a run needs before it can begin, and how fresh each connection is."""
    from reconciler import health
    from reconciler.ledger import ages

    here = process()
    ledger = ready_ledger(here)
    _check_keys(here, ledger)
    with ledger.transaction() as tx:
        return [health.judge(one, promised) for one in ages.of_all(tx)]


def _check_keys(here: Process, ledger: Ledger) -> None:
    """Raise VaultError where the key ring is missing, or is not the one that sealed the stored credentials."""
    from reconciler import connections
    from reconciler.ledger import connections as stored

    vault = here.vault()
    with ledger.transaction() as tx:
        them = stored.every(tx)
    for connection in them:
        try:
            connections.token(vault, connection)
            connections.crm_url(vault, connection)
        except VaultError as error:
            told = f"the credentials of {connection.name} can't be opened: {error}"
            raise VaultError(told, advice=error.advice) from error


def _line(one: Health) -> str:
    told: list[Any] = [one.late and f"late: {one.late}", one.quiet]
    return "; ".join([f"{one.connection}: {one.state.words}, {one.headline}", one.details, *filter(None, told)])


COMMANDS: Final = (health,)
