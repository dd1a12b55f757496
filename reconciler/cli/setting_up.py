"""Commands that set an installation up: key ring and schema."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.shared import opened_ledger, process, settings
from reconciler.errors import UsageError


@click.command()
def init() -> None:
    """Make the key ring, if it is missing, and the ledger's schema.

    Example: RECONCILER_DATABASE_URL=postgresql://... RECONCILER_KEYRING=keys.json reconciler init
    """
    from reconciler.ledger import schema
    from reconciler.vault import KeyRing

    here = process()
    if here.settings.keyring is None:
        raise UsageError(
            "no key ring is named", advice="set RECONCILER_KEYRING to a file of yours, for example keys.json"
        )
    ledger = opened_ledger(here)
    there = here.settings.keyring.exists()
    KeyRing.create(here.settings.keyring)
    click.echo(
        f"The key ring {here.settings.keyring} {'is there' if there else 'was made; keep a copy of it'}.", err=True
    )
    applied = schema.apply(ledger)
    click.echo(f"The schema is {'up to date' if not applied else 'made: ' + ', '.join(applied)}.", err=True)
    click.echo("Next: reconciler connect NAME", err=True)


@click.group("schema")
def schema_group() -> None:
    """Care for the ledger's schema."""


@schema_group.command("apply")
def schema_apply() -> None:
    """Bring the ledger's schema up to date. Running it again does nothing.

    Example: reconciler schema apply
    """
    from reconciler.ledger import schema

    applied = schema.apply(opened_ledger(process()))
    click.echo(f"Applied: {', '.join(applied) or 'nothing, it was up to date'}.", err=True)


@click.group("keys")
def keys_group() -> None:
    """Care for the keys that credentials are sealed with."""


@keys_group.command("init")
def keys_init() -> None:
    """Make the key ring, if it is missing.

    Example: RECONCILER_KEYRING=keys.json reconciler keys init
    """
    from reconciler.vault import KeyRing

    path = settings().keyring
    if path is None:
        raise UsageError("no key ring is named", advice="set RECONCILER_KEYRING to a file of yours")
    KeyRing.create(path)
    click.echo(f"The key ring is {path}. Keep a copy of it: without it the credentials can't be read.", err=True)


COMMANDS: Final = (init, schema_group, keys_group)
