"""Commands about contacts that Constant Contact refused."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.shared import actor, json_option, print_json, process, ready_ledger


@click.command()
@click.argument("name")
@click.option("--unmasked", is_flag=True, help="Show addresses in full.")
@json_option
def rejects(name: str, *, unmasked: bool, json_: bool) -> None:
    """List who of NAME is refused, why, and when that is tried again.

    Example: reconciler rejects acme
    """
    from reconciler import reconcile, rejects_page
    from reconciler.ledger import rejects as stored

    ledger = ready_ledger(process())
    connection = reconcile.find(ledger, name)
    with ledger.transaction() as tx:
        found = [rejects_page.shown(row, unmasked=unmasked) for row in stored.shown(tx, connection.connection_id)]
    if json_:
        print_json(found)
    else:
        click.echo(rejects_page.text(found))


@click.command()
@click.argument("name")
@click.argument("contact_ids", nargs=-1, metavar="[CONTACT_ID]...")
def retry(name: str, contact_ids: tuple[str, ...]) -> None:
    """Let the next run of NAME try again what was refused: of some contacts, or of all.

    Their values are read afresh from the CRM.

    Example: reconciler retry acme 1042
    """
    from reconciler import reconcile, retrying

    ledger = ready_ledger(process())
    again = retrying.retry(ledger, reconcile.find(ledger, name), contact_ids, actor())
    click.echo(f"{name}: the next run tries {again:,} again.", err=True)


COMMANDS: Final = (rejects, retry)
