"""Commands that connect a workspace with a list, and pause or end it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import click

from reconciler.cli.giving import giver, how_long
from reconciler.cli.shared import actor, chosen, is_terminal, process, read_text, ready_ledger, tell
from reconciler.errors import DailyLimitReached, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.connections import Wish
    from reconciler.constant_contact.wire import ListFound
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger

_RESUME: Final = "Resume NAME, or all; also says that the CRM and the ledger are the real ones, and no copies."


@click.command()
@click.argument("name")
@click.option(
    "--list-id", help="The list, by its id or the address of its page; without it the account's lists are shown."
)
@click.option("--credentials", "credentials_file", metavar="FILE|-", help="JSON with api_key, access_token, ...")
@click.option("--device", is_flag=True, help="Sign in at another screen; the token is then renewed by itself.")
@click.option("--crm-url-file", metavar="FILE", help="File with the CRM's address, where it is another database.")
@click.option("--contacts-sql", metavar="FILE", help="The CRM statement; default: Sage's own contacts table.")
@click.option("--workspace", help="What the statement's :workspace is; default: NAME.")
@click.option("--observe", is_flag=True, help="Do everything but push.")
@click.option("--consent-basis", help="Why these people may be written to, for the record.")
@click.option("--switch-list", is_flag=True, help="Connecting again: mean another list.")
@click.option("--no-start", is_flag=True, help="Check and store, but do not push yet.")
def connect(name: str, *, device: bool, no_start: bool, **options: Any) -> None:
    """Connect NAME: check token, account, list and CRM statement, then store, and show what the first sync would do.

    Example: reconciler connect acme --list-id 06526938-56dd-11e9-932a-fa163e9ec6a5 --credentials token.json
    """
    from reconciler import connections, first_sync

    here = process()
    ledger = ready_ledger(here)
    before = _existing(ledger, name)
    give = giver(here, ledger, options["credentials_file"], device=device)
    if device and not (options["list_id"] or before or is_terminal()):
        raise UsageError("no list was named", advice="use --list-id: nobody is there to be asked after the sign-in")
    with _spent_day():
        connection = connections.connect(here.doors(ledger, _choose_list), _wish(name, options), give, actor())
    account, found = connection.account.organization, connection.list_name
    click.echo(f"Connected: account {account!r}, list {found!r}. The credentials are stored encrypted.", err=True)
    click.echo(how_long(connection), err=True)
    click.echo(f"Window: {connection.window_mode}: {connection.window_reason}.", err=True)
    if before is not None and before.started_at is not None:
        click.echo("It was started before: runs go on where they stopped.", err=True)
        return
    click.echo(first_sync.look(here.parts(ledger, tell), name, actor()).text)
    if no_start or connection.observe or not _is_yes():
        click.echo(f"Nothing is pushed until `reconciler start {name}`.", err=True)
        return
    connections.start(ledger, connection, actor())
    click.echo(f"Started: `reconciler run {name}` does the first sync, or the next tick.", err=True)


@click.command()
@click.argument("name")
def start(name: str) -> None:
    """From now on runs of NAME push: leaves --observe or --no-start.

    Example: reconciler start acme
    """
    from reconciler import connections, reconcile

    ledger = ready_ledger(process())
    connections.start(ledger, reconcile.find(ledger, name), actor())
    click.echo(f"{name} is started.", err=True)


@click.command()
@click.argument("name")
@click.option("--erase", is_flag=True, help="Forget everything about this connection, not only its credentials.")
def disconnect(name: str, *, erase: bool) -> None:
    """Forget NAME's credentials, unless another connection of the account needs them. The ledger stays.

    Example: reconciler disconnect acme
    """
    from reconciler import connections, reconcile
    from reconciler.ledger import leases

    here = process()
    ledger = ready_ledger(here)
    connection = reconcile.find(ledger, name)
    forgotten = connections.disconnect(ledger, connection, actor())
    leases.wait_until_free(ledger, connection.connection_id, here.pause)
    rest = _erased(connections.erase(ledger, connection, actor())) if erase else "what it remembers stays"
    what = "its credentials are forgotten" if forgotten else "its credentials stay: another connection needs them"
    click.echo(f"{name} is disconnected; {what}; {rest}.", err=True)


def _erased(counts: Mapping[str, int]) -> str:
    from reconciler.page import number

    contacts, members, runs, rows = (number(counts[f"{noun}s"], noun) for noun in ("contact", "member", "run", "row"))
    return f"what it remembered is erased: {contacts}, {members}, {runs} with {rows}"


def _pausing(*, paused: bool) -> click.Command:
    verb = "pause" if paused else "resume"
    what = "Pause NAME, or all." if paused else _RESUME

    @click.command(verb, help=f"{what}\n\nExample: reconciler {verb} acme")
    @click.argument("name", required=False)
    @click.option("--all", "all_", is_flag=True, help="All connections.")
    def command(name: str | None, *, all_: bool) -> None:
        from reconciler import pausing

        ledger = ready_ledger(process())
        act = pausing.pause if paused else pausing.resume
        for connection in chosen(ledger, name, all_=all_):
            earlier = act(ledger, connection, actor())
            told = f"is {'paused: no pushing, no calls' if paused else 'resumed'}"
            click.echo(f"{connection.name} {told if earlier is None else earlier}.", err=True)

    return command


@contextlib.contextmanager
def _spent_day() -> Iterator[None]:
    """Nothing goes on by itself after 00:00 UTC where nothing was connected."""
    try:
        yield
    except DailyLimitReached as error:
        error.advice = "nothing was connected: connect again after 00:00 UTC"
        raise


def _wish(name: str, options: dict[str, Any]) -> Wish:
    from reconciler.connections import Wish
    from reconciler.secret import Secret

    crm_url = options["crm_url_file"]
    statement = options["contacts_sql"]
    return Wish(
        name=name,
        statement=read_text(statement, "statement file") if statement else None,
        workspace=options["workspace"],
        list_id=options["list_id"],
        crm_url=Secret(read_text(crm_url, "file with the CRM's address").strip()) if crm_url else None,
        observe=options["observe"],
        consent_basis=options["consent_basis"],
        switch_list=options["switch_list"],
    )


def _choose_list(lists: Sequence[ListFound]) -> str:
    shown = "\n".join(
        f"  {at}  {found.name} ({found.members:,} members)  {found.list_id}" for at, found in enumerate(lists, 1)
    )
    if not lists:
        raise UsageError("the account has no list", advice="make one in Constant Contact first")
    if not is_terminal():
        raise UsageError("no list was named", advice=f"use --list-id; the account's lists are:\n{shown}")
    click.echo(shown, err=True)
    picked: int = click.prompt("Which list", type=click.IntRange(1, len(lists)), err=True)
    return lists[picked - 1].list_id


def _is_yes() -> bool:
    """At a terminal a person says yes; elsewhere who left out --no-start has."""
    return not is_terminal() or click.confirm("Start?", err=True)


def _existing(ledger: Ledger, name: str) -> Connection | None:
    from reconciler.ledger import connections

    with ledger.transaction() as tx:
        return connections.by_name(tx, name)


COMMANDS: Final = (connect, start, disconnect, _pausing(paused=True), _pausing(paused=False))
