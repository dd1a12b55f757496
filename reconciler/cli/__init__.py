"""The commands: each parses, makes one call and renders. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import gc
import sys
import traceback
from typing import Final

import click

from reconciler import __version__
from reconciler.cli import (
    connecting,
    console,
    crm,
    explaining,
    forgetting,
    holding,
    refusing,
    rejoining,
    reporting,
    running,
    serving,
    setting_up,
    standing,
    trying,
    tuning,
    watching,
    working,
)
from reconciler.cli.shared import EXITS, is_debugging
from reconciler.errors import (
    AccessRefused,
    Mistake,
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


_MODULES: Final = (
    setting_up,
    connecting,
    console,
    crm,
    standing,
    watching,
    tuning,
    running,
    reporting,
    serving,
    console,
    holding,
    refusing,
    explaining,
    rejoining,
    forgetting,
    trying,
    working,
)
for module in _MODULES:
    for command in module.COMMANDS:
        commands.add_command(command)


#: Of objects that hold others so many more before the young ones are searched for cycles. Python's own 700 has it look
#: through every few contacts, of which none is ever in a cycle: a sixth of a big run's time.
YOUNG: Final = 50_000


def main() -> None:
    """Run the command line; every trouble becomes a sentence and an exit code."""
    gc.set_threshold(YOUNG)
    sys.exit(_run(sys.argv[1:]))


def _run(words: list[str]) -> int:
    try:
        _check_words(words)
        return int(commands.main(words, prog_name="reconciler", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return _FAILED
    except ReconcilerError as error:
        return _explained(error)
    except OSError as error:
        what = (error.strerror or type(error).__name__, error.filename)
        return _explained(ReconcilerError(": ".join(str(part) for part in what if part is not None)))
    except Exception as error:  # noqa: BLE001 - nobody shall have to read a traceback
        if is_debugging():
            traceback.print_exception(error)
        return _explained(Mistake.of(error))


def _explained(error: ReconcilerError) -> int:
    click.echo(f"reconciler: {error}", err=True)
    if error.advice:
        click.echo(f"  {error.advice}", err=True)
    return exit_code(error)


def _check_words(words: list[str]) -> None:
    """A shell can't give a NUL byte, another program can; and what is no UTF-8 is no text for a database."""
    for number, word in enumerate(words, 1):
        if "\0" in word or any("\ud800" <= letter <= "\udfff" for letter in word):
            raise UsageError(f"argument {number} is not text: it has a NUL byte or is not UTF-8")


def exit_code(error: ReconcilerError) -> int:
    """The exit code of a command that ended with this error."""
    match error:
        case AccessRefused():
            return EXITS["disconnected"]
        case UsageError() | SettingsError() | StatementError() | VaultError() | SchemaError():
            return _USAGE
        case _:
            return _FAILED
