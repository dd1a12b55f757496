"""The command that says how connections stand, and who is still on a list though not wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import chosen, json_option, print_json, private_file, process, ready_ledger
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.bootstrap import Process
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction

_STILL_ON_LIST: Final = ("member_id", "email", "contact_id", "reason", "since")


@click.command()
@click.argument("name", required=False)
@click.option(
    "--still-on-list", "file", metavar="FILE", help="Write who is still on NAME's list though not wanted, unmasked."
)
@click.option("--fleet", is_flag=True, help="Say how workers, their queue and the schedules stand.")
@json_option
def status(name: str | None, *, file: str | None, fleet: bool, json_: bool) -> None:
    """Say how each connection stands: badge, account, list, freshness, window, last run, budget.

    Example: reconciler status acme
    """
    here = process()
    ledger = ready_ledger(here)
    if fleet:
        _show_fleet(ledger, json_=json_)
        return
    if file is not None and name is None:
        raise UsageError("--still-on-list is of one connection", advice="say its name: `reconciler status NAME ...`")
    them = chosen(ledger, name, all_=name is None)
    if file is not None:
        _write_still_on_list(ledger, them[0], file)
        return
    with ledger.transaction() as tx:
        told = [_status(tx, here, connection, json_=json_) for connection in them]
        _tell_of_an_outage(tx)
    if json_:
        print_json(told)
    else:
        click.echo("\n\n".join(map(str, told)) or "No connection yet: `reconciler connect NAME`.")


def _show_fleet(ledger: Ledger, *, json_: bool) -> None:
    from reconciler import fleet_page
    from reconciler.ledger import queue

    with ledger.transaction() as tx:
        if not queue.is_there(tx):
            raise UsageError("there is no queue", advice="with the extra `fleet`, `reconciler schema apply` makes it")
        standing = fleet_page.look(tx)
    if json_:
        print_json(standing.to_json())
    else:
        click.echo(standing)


def _tell_of_an_outage(tx: Transaction) -> None:
    """One notice for all connections, where it is Constant Contact that is down."""
    from reconciler import quarantine
    from reconciler.ledger import connections
    from reconciler.limits import Limits

    for reason in quarantine.OF_EVERYBODY:
        keys = quarantine.KeysFailing(*connections.keys_failing(tx, reason))
        if quarantine.is_down(keys, Limits()):
            told = f"{keys.failing} of {keys.keys} API keys fail in the same way ({reason})"
            click.echo(
                f"Constant Contact is down: {told}. Runs go on trying; nobody is in quarantine for it.", err=True
            )


def _write_still_on_list(ledger: Ledger, connection: Connection, file: str) -> None:
    from reconciler import spreadsheet
    from reconciler.ledger import members

    with ledger.transaction() as tx:
        rows = members.still_on_list(tx, connection.connection_id)
    with private_file(file) as out:
        count = spreadsheet.write(out, _STILL_ON_LIST, [tuple(row) for row in rows])
    click.echo(f"{count:,} still on the list though not wanted: {file}. Nobody is removed by the reconciler.", err=True)


def _status(tx: Transaction, here: Process, connection: Connection, *, json_: bool) -> object:
    from reconciler import connection_page, record, status

    found = status.look(tx, here.vault if here.settings.keyring else None, connection, here.pace(connection)[1])
    if json_:
        return found.to_json()
    standing = record.standing(tx, connection.connection_id)
    return connection_page.status(connection, standing, found.last, found.left_today, found.health, found.unusable)


COMMANDS: Final = (status,)
