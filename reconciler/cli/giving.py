"""How somebody gives `connect` what it needs: pasted, or by signing in at another screen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reconciler.cli.shared import is_terminal, read_text
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.bootstrap import Process
    from reconciler.constant_contact.oauth import DeviceCode
    from reconciler.credentials import Application, Credentials
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger


def giver(here: Process, ledger: Ledger, file: str | None, *, device: bool) -> Callable[[], Credentials]:
    """What gives the credentials: what was pasted, read now; or a sign-in, begun when it is asked."""
    if device:
        application = _application(file)
        return lambda: _signed_in(here, ledger, application)
    given = _pasted(file)
    return lambda: given


def _pasted(file: str | None) -> Credentials:
    """What somebody pasted: into a file, or when asked for it."""
    from reconciler.credentials import parse

    if file is not None:
        return parse(read_text(file, "credentials file"))
    if not is_terminal():
        raise UsageError("no credentials were given", advice="use --credentials FILE, or - for standard input")
    asked = {
        "api_key": click.prompt("API key", hide_input=True, err=True),
        "access_token": click.prompt("Access token", hide_input=True, err=True),
    }
    return parse(json.dumps(asked))


def _application(file: str | None) -> Application:
    from reconciler.credentials import parse_application

    if file is not None:
        return parse_application(read_text(file, "credentials file"))
    if not is_terminal():
        raise UsageError("no API key was given", advice="use --credentials FILE, or - for standard input")
    asked = {
        "api_key": click.prompt("API key", hide_input=True, err=True),
        "client_secret": click.prompt("Client secret (empty: there is none)", default="", hide_input=True, err=True),
    }
    return parse_application(json.dumps(asked))


def _signed_in(here: Process, ledger: Ledger, application: Application) -> Credentials:
    """The device flow: address and code are shown, and somebody consents at another screen. Nothing is stored yet."""
    from reconciler import device

    def show(code: DeviceCode) -> None:
        click.echo(f"Open {code.address} in a browser, sign in as a user who may write contacts, and", err=True)
        click.echo(f"enter the code {code.user_code}. It is good for {code.seconds / 60:.0f} minutes.", err=True)

    oauth = here.sign_in(ledger, application)
    return device.sign_in(oauth, application, show, sleep=here.pause, monotonic=here.monotonic)


def how_long(connection: Connection) -> str:
    """How long syncing goes on with what was given."""
    from reconciler import token_end

    end = token_end.of_account(connection.account, connection.now)
    if end.kept_fresh:
        return "The token will be renewed by itself before it ends; that was not tried yet."
    if end.ends_at is None:
        return "When the token ends is not known; syncing stops then unless you connect again."
    return f"The token ends at {token_end.minute(end.ends_at)}; syncing stops then unless you connect again."
