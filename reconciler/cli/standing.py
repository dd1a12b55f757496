"""The command that says how connections stand, and who is still on a list though not wanted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TextIO

import click

from reconciler.cli.shared import chosen, json_option, print_json, process, ready_ledger
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
@json_option
def status(name: str | None, *, file: str | None, json_: bool) -> None:
    """Say how each connection stands: badge, account, list, freshness, window, last run, budget.

    Example: reconciler status acme
    """
    here = process()
    ledger = ready_ledger(here)
    if file is not None and name is None:
        raise UsageError("--still-on-list is of one connection", advice="say its name: `reconciler status NAME ...`")
    them = chosen(ledger, name, all_=name is None)
    if file is not None:
        _write_still_on_list(ledger, them[0], file)
        return
    with ledger.transaction() as tx:
        told = [_status(tx, here, connection, json_=json_) for connection in them]
    if json_:
        print_json(told)
    else:
        click.echo("\n\n".join(map(str, told)) or "No connection yet: `reconciler connect NAME`.")


def _write_still_on_list(ledger: Ledger, connection: Connection, file: str) -> None:
    from reconciler import spreadsheet
    from reconciler.ledger import members

    with ledger.transaction() as tx:
        rows = members.still_on_list(tx, connection.connection_id)
    with _private(file) as out:
        count = spreadsheet.write(out, _STILL_ON_LIST, [tuple(row) for row in rows])
    click.echo(f"{count:,} still on the list though not wanted: {file}. Nobody is removed by the reconciler.", err=True)


def _private(file: str) -> TextIO:
    """A file that nobody else may read, also where it was there before."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UsageError(f"{file} can't be written: {error.strerror}") from None
    os.fchmod(number, 0o600)
    return os.fdopen(number, "w", encoding="utf-8", newline="")


def _status(tx: Transaction, here: Process, connection: Connection, *, json_: bool) -> object:
    from reconciler import connection_page, mapping, record, token_end
    from reconciler.ledger import runs, usage

    standing = record.standing(tx, connection.connection_id)
    last = runs.latest(tx, connection.connection_id)
    left = usage.left_today(tx, connection.account.key_fingerprint, here.pace(connection)[1])
    behind = runs.behind(tx, connection.connection_id)
    if not json_:
        return connection_page.status(connection, standing, last, left, behind)
    return {
        "connection": connection.name,
        "badge": connection_page.badge(connection, behind),
        "account": connection.account.organization,
        "list": {"list_id": connection.list_id, "name": connection.list_name},
        "behind": {"contacts": behind[0], "oldest_seconds": round(behind[1])},
        "token": token_end.of_account(connection.account, connection.now).to_json(),
        "left_today": left,
        "last_run": last and last.report,
        "quiet_ticks": connection.quiet_ticks,
        "window": {"mode": connection.window_mode, "reason": connection.window_reason},
        "statement": {"digest": mapping.statement_digest(connection.statement), "columns": dict(connection.columns)},
        "held": _standing_word(connection.held_reason, connection.held_message, connection.held_run_id),
        "paused": _standing_word(connection.paused_reason, connection.paused_message, None),
    }


def _standing_word(reason: str | None, message: str | None, run_id: int | None) -> dict[str, object] | None:
    return None if reason is None else {"reason": reason, "message": message, "run_id": run_id}


COMMANDS: Final = (status,)
