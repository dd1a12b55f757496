"""The commands: each parses, makes one call and renders. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import sys
from typing import Final

import click

from reconciler import __version__
from reconciler.cli import connecting, running, setting_up, trying
from reconciler.cli.shared import EXITS
from reconciler.errors import (
    AccessRefused,
    ReconcilerError,
    SchemaError,
    SettingsError,
    StatementError,
    UsageError,
    VaultError,
)

_FAILED: Final = 1
_USAGE: Final = 2


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reconciler")
def commands() -> None:
    """Keep a Constant Contact list in step with a CRM's contacts: additions and updates only."""


for module in (setting_up, connecting, running, trying):
    for command in module.COMMANDS:
        commands.add_command(command)


def main() -> None:
    """Run the command line; every trouble that is known becomes a sentence and an exit code."""
    try:
        sys.exit(commands.main(prog_name="reconciler", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("stopped", err=True)
        sys.exit(_FAILED)
    except ReconcilerError as error:
        click.echo(f"reconciler: {error}", err=True)
        if error.advice:
            click.echo(f"  {error.advice}", err=True)
        sys.exit(exit_code(error))


def exit_code(error: ReconcilerError) -> int:
    """The exit code of a command that ended with this error."""
    match error:
        case AccessRefused():
            return EXITS["disconnected"]
        case UsageError() | SettingsError() | StatementError() | VaultError() | SchemaError():
            return _USAGE
        case _:
            return _FAILED
