"""Commands that set an installation up: key ring and schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import opened_ledger, process, ready_ledger, settings, tell
from reconciler.errors import UsageError, VaultError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconciler.bootstrap import Process
    from reconciler.ledger.database import Ledger
    from reconciler.rotation import Rotated

#: Of thousands of values that can't be opened, a wrong key ring is the reason, and some names are enough.
_MOST_NAMED: Final = 20


@click.command()
def init() -> None:
    """Make the key ring, if it is missing, and the ledger's schema.

    Example: RECONCILER_DATABASE_URL=postgresql://... RECONCILER_KEYRING=keys.json reconciler init
    """
    from reconciler.key_ring import KeyRing
    from reconciler.ledger import schema

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
    applied = [*schema.apply(ledger, sleep=here.pause), *_applied_to_the_queue(here, ledger)]
    click.echo(f"The schema is {'up to date' if not applied else 'made: ' + ', '.join(applied)}.", err=True)
    click.echo("Next: reconciler connect NAME", err=True)


@click.group("schema")
def schema_group() -> None:
    """Care for the ledger's schema."""


@schema_group.command("apply")
def schema_apply() -> None:
    """Bring the ledger's schema up to date, while runs go on. Running it again does nothing.

    Example: reconciler schema apply
    """
    from reconciler.ledger import schema

    here = process()
    ledger = opened_ledger(here)
    applied = [*schema.apply(ledger, sleep=here.pause), *_applied_to_the_queue(here, ledger)]
    click.echo(f"Applied: {', '.join(applied) or 'nothing, it was up to date'}.", err=True)


def _applied_to_the_queue(here: Process, ledger: Ledger) -> Sequence[str]:
    """What workers need, where the extra is there that has them."""
    try:
        from reconciler import fleet
    except ImportError:
        return ()
    return fleet.apply_schema(ledger, here.pause)


@click.group("keys")
def keys_group() -> None:
    """Care for the keys that credentials are sealed with."""


@keys_group.command("init")
def keys_init() -> None:
    """Make the key ring, if it is missing.

    Example: RECONCILER_KEYRING=keys.json reconciler keys init
    """
    from reconciler.key_ring import KeyRing

    path = _keyring()
    KeyRing.create(path)
    click.echo(f"The key ring is {path}. Keep a copy of it: without it the credentials can't be read.", err=True)


@keys_group.command("rotate")
@click.option("--prepare", is_flag=True, help="Only put the next key into the ring, to be copied to other machines.")
def keys_rotate(*, prepare: bool) -> None:
    """Seal all credentials with a new key. Stopped half-way, the next one goes on. Runs need not stop.

    Example: reconciler keys rotate
    """
    from reconciler import rotation

    if prepare:
        key_id = rotation.prepare(_keyring())
        click.echo(
            f"{key_id} is in the key ring and not used yet. Copy the ring to every machine, then rotate.", err=True
        )
        return
    here = process()
    done = rotation.rotate(ready_ledger(here), _keyring(), here.pause, tell)
    tell("")
    click.echo(f"{done.values:,} values are sealed with {done.active} now. Keep a copy of the key ring.", err=True)
    _must_be_whole(done)
    click.echo("`reconciler keys retire KEY_ID` takes an older key out, once every machine has this ring.", err=True)


def _must_be_whole(done: Rotated) -> None:
    if done.unopened:
        shown = ", ".join(done.unopened[:_MOST_NAMED])
        more = len(done.unopened) - _MOST_NAMED
        raise VaultError(
            f"These could not be opened and stay as they are: {shown}{f' and {more:,} more' if more > 0 else ''}.",
            advice="Connect again to store them anew.",
        )
    if done.held:
        raise VaultError(
            f"{done.held:,} values were held by others all the time and are sealed with an older key yet.",
            advice="Run `reconciler keys rotate` again.",
        )


@keys_group.command("retire")
@click.argument("key_id")
def keys_retire(key_id: str) -> None:
    """Take an older key out of the key ring; refused while anything is sealed with it.

    Example: reconciler keys retire k1
    """
    from reconciler import rotation

    rotation.retire(ready_ledger(process()), _keyring(), key_id)
    click.echo(
        f"{key_id} is out of the key ring. Copies of the ledger from before can't be opened without it.", err=True
    )


def _keyring() -> Path:
    path = settings().keyring
    if path is None:
        raise UsageError("no key ring is named", advice="set RECONCILER_KEYRING to a file of yours")
    return path


COMMANDS: Final = (init, schema_group, keys_group)
