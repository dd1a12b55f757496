"""The command that says why one person is or isn't on the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from reconciler.cli.shared import EXITS, actor, json_option, print_json, process, ready_ledger, tell
from reconciler.errors import UsageError
from reconciler.stopping import on_signals

if TYPE_CHECKING:
    from reconciler.bootstrap import Process
    from reconciler.ledger.database import Ledger


@click.command()
@click.argument("name")
@click.argument("who", metavar="EMAIL_OR_CONTACT_ID")
@click.option("--sync", is_flag=True, help="Sync just this contact first, and exit as a run does.")
@click.option("--unmasked", is_flag=True, help="Show addresses and values in full.")
@json_option
@click.pass_context
def explain(context: click.Context, name: str, who: str, *, sync: bool, unmasked: bool, json_: bool) -> None:
    """Say why one person is on the list of NAME, or why not: six steps, and what every run did.

    Example: reconciler explain acme ada@example.com
    """
    from reconciler import contact_story, explain_page, reconcile

    if not who.strip():
        raise UsageError("nobody is named", advice="say an e-mail address, or the CRM's id of a contact")
    here = process()
    ledger = ready_ledger(here)
    code = _sync(here, ledger, name, who) if sync else 0
    story = contact_story.story(ledger, here.keys(here.vault()), reconcile.find(ledger, name), who)
    if json_:
        print_json(explain_page.to_json(story, unmasked=unmasked))
    else:
        click.echo(explain_page.text(story, unmasked=unmasked))
    context.exit(code)


def _sync(here: Process, ledger: Ledger, name: str, who: str) -> int:
    """Run for one contact; says with what to exit."""
    from reconciler import contact_story, page, reconcile
    from reconciler.request import Request

    connection = reconcile.find(ledger, name)
    if connection.held_at is not None:
        click.echo(f"{name} is held, and nothing of it is sent meanwhile: `reconciler status {name}`", err=True)
        return EXITS["held"]
    ids = contact_story.found(ledger, here.keys(here.vault()), connection.connection_id, who)
    if not ids and "@" in who:
        raise UsageError("no contact with this address has been read yet", advice="name its id, or run all of them")
    with on_signals(here.stop.ask):
        request = Request("cli", actor(), only=ids[0] if ids else who)
        outcome = reconcile.run(here.parts(ledger, tell), name, request)
    tell("")
    if outcome is None or isinstance(outcome, str):
        click.echo(f"{name}: {outcome}", err=True)
        return 0
    click.echo(page.sentence(outcome.to_json()), err=True)
    return EXITS[outcome.state.value]


COMMANDS: Final = (explain,)
