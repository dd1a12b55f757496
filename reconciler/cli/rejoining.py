"""The command that lets people come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import actor, process, read_text, ready_ledger
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("name")
@click.argument("contact_ids", metavar="[CONTACT_ID]...", nargs=-1)
@click.option("--from", "file", metavar="FILE|-", help="File with one contact id on each line.")
@click.option("--basis", required=True, help="Why these people may be written to again, for the record.")
def rejoin(name: str, contact_ids: Sequence[str], *, file: str | None, basis: str) -> None:
    """Let contacts of NAME come back who left the list or were deleted there. Never who unsubscribed.

    Example: reconciler rejoin acme 4711 4712 --basis "asked by phone on 3 May"
    """
    from reconciler import reconcile
    from reconciler import rejoin as rejoining

    if file is not None and contact_ids:
        raise UsageError("contacts were named twice", advice="say their contact ids, or --from FILE, not both")
    named = list(contact_ids)
    if file is not None:
        lines = read_text(file, "file of contact ids").splitlines()
        named = [line.strip() for line in lines if line.strip()]
    ledger = ready_ledger(process())
    count = rejoining.rejoin(ledger, reconcile.find(ledger, name), named, basis, actor())
    who = "1 contact" if count == 1 else f"{count:,} contacts"
    click.echo(f"{who} may come back: `reconciler run {name}` puts them on the list, or the next tick.", err=True)


COMMANDS: Final = (rejoin,)
