"""Commands about the CRM statement: try one out, and accept that its columns have changed."""

from __future__ import annotations

from typing import Final

import click

from reconciler.cli.shared import actor, json_option, print_json, process, read_text, ready_ledger
from reconciler.errors import StatementError


@click.group("crm")
def crm_group() -> None:
    """Care for the CRM statement."""


@crm_group.command("check")
@click.option("--contacts-sql", "statement_file", metavar="FILE", required=True, help="The CRM statement.")
@click.option("--workspace", default="", help="What the statement's :workspace is.")
@click.option("--crm-url-file", metavar="FILE", help="File with the CRM's address; default: that of the settings.")
@json_option
def check(*, statement_file: str, workspace: str, crm_url_file: str | None, json_: bool) -> None:
    """Try a CRM statement out: what is wrong, what each column becomes, which window it gets, how long a read takes.

    Needs no connection and no ledger, and changes nothing.

    Example: reconciler crm check --contacts-sql my-contacts.sql --workspace acme
    """
    from reconciler import crm_page, probe, sample
    from reconciler.limits import Limits
    from reconciler.secret import Secret

    here = process()
    url = Secret(read_text(crm_url_file, "file with the CRM's address").strip()) if crm_url_file else None
    statement = read_text(statement_file, "statement file")
    crm = here.crm_for_a_check(url, Limits())
    facts = probe.look(crm, statement, workspace, Limits(), here.monotonic)
    counts = probe.count(crm, statement, workspace)
    is_usable = not (counts.doubled or counts.without_id)
    first = sample.take(crm, statement, workspace, facts.columns) if is_usable else None
    page = (facts, counts, probe.choose(facts), first)
    if json_:
        print_json(crm_page.as_json(*page))
    else:
        click.echo(crm_page.text(*page))
    if not is_usable:
        raise StatementError(
            "the CRM statement can't be used like this", advice="contact_id must be there, and each contact in one row"
        )


@crm_group.command("accept")
@click.argument("name")
def accept(name: str) -> None:
    """Accept that the columns of NAME's statement, or their types, have changed. The next run compares everything.

    Example: reconciler crm accept acme
    """
    from reconciler import reconcile, remapping

    here = process()
    ledger = ready_ledger(here)
    connection = reconcile.find(ledger, name)
    told = remapping.accept(ledger, connection, here.look_again(connection, connection.limits), actor())
    click.echo(f"{name}: {f'accepted: {told}' if told else 'nothing to accept: the columns are as before'}.", err=True)


COMMANDS: Final = (crm_group,)
