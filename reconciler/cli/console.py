"""Commands about the console."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import actor, process, ready_ledger
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_USUAL_ADDRESS: Final = "http://127.0.0.1:8480"


@click.group("console")
def console_group() -> None:
    """Care for the console, which `reconciler serve --console` serves."""


@console_group.command("link")
@click.option("--role", type=click.Choice(["viewer", "operator", "admin"]), required=True, help="What it lets them do.")
@click.option("--workspace", "workspaces", multiple=True, metavar="W", help="In this workspace; may be repeated.")
@click.option("--address", metavar="URL", help=f"Where the console is; else RECONCILER_CONSOLE_URL, {_USUAL_ADDRESS}.")
def link(role: str, workspaces: Sequence[str], address: str | None) -> None:
    """Print an address that signs somebody in once, within ten minutes; without --workspace for all of them.

    Example: reconciler console link --role admin
    """
    from reconciler.console import identity, links
    from reconciler.console.access import Role

    here = process()
    if identity.of(here.settings) is not None:
        raise UsageError(
            "people come to this console through a proxy that says who they are",
            advice="unset RECONCILER_CONSOLE_IDENTITY_KEY where nobody does",
        )
    query = links.make(ready_ledger(here), Role[role.upper()], workspaces, actor(), secrets.token_bytes)
    click.echo(f"{(address or here.settings.console_url or _USUAL_ADDRESS).rstrip('/')}/sign-in?{query}")
    where = ", ".join(workspaces) if workspaces else "every workspace"
    told = f"Signs in once, as {role} in {where}, within {links.GOOD_SECONDS / 60:.0f} minutes."
    click.echo(told, err=True)


COMMANDS: Final = (console_group,)
