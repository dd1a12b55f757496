"""What commands share: the process they run in, how they speak, and what they exit with."""

from __future__ import annotations

import contextlib
import functools
import getpass
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from reconciler.errors import UsageError
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.bootstrap import Process
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger

#: What `run` exits with, by the state of its report.
EXITS: Final = {
    "nothing_to_do": 0,
    "observed": 0,
    "completed": 0,
    "completed_with_problems": 3,
    "held": 4,
    "disconnected": 5,
    "quota": 6,
    "failed": 1,
    "cancelled": 1,
    "abandoned": 1,
}
_MOST_BYTES: Final = 1_000_000
_LONGEST_INTERVAL: Final = 86_400
_PLACES: Final = click.IntRange(1, 64)
#: In digits: what fits into the ledger's column.
_LONGEST_RUN_ID: Final = 18


def settings() -> Settings:
    return Settings.load(os.environ, Path(".env"))


def process(*, is_service: bool = False) -> Process:
    """This process, by its settings; it logs until the command ends.

    Imported late: `reconciler --help` needs none of the libraries behind it.
    """
    from reconciler import logs
    from reconciler.bootstrap import Process

    found = settings()
    end = logs.start(found.log_level, found.log_format, is_service=is_service)
    click.get_current_context().call_on_close(end)
    return Process(found)


def ready_ledger(here: Process, at_once: int = 1) -> Ledger:
    """The ledger, with the schema this program needs. Raises SchemaError where it is another."""
    from reconciler.ledger import schema

    ledger = opened_ledger(here, at_once)
    schema.check(ledger)
    return ledger


def opened_ledger(here: Process, at_once: int = 1) -> Ledger:
    """The ledger for so many runs at once, closed when the command ends."""
    ledger = here.ledger(at_once)
    click.get_current_context().call_on_close(ledger.close)
    return ledger


def actor() -> str:
    """Who is at the command line, for the audit."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run us as a number that has no name
        return f"cli:{os.getuid()}"


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_debugging() -> bool:
    """Whether tracebacks are wanted. Asked of the environment alone: the settings may be what is wrong."""
    return os.environ.get("RECONCILER_LOG_LEVEL", "").strip().lower() == "debug"


def tell(words: str) -> None:
    """Progress for a person: one line that is written over, and only on a terminal."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{words}" if words else "\r\033[K", nl=False, err=True)


def announce(text: str) -> None:
    """Something to read before it happens; it stays on the screen."""
    tell("")
    click.echo(f"{text}\n", err=True)


def print_json(content: object) -> None:
    click.echo(json.dumps(content, ensure_ascii=False, default=str))


def show_page(text: str) -> None:
    """Print a page; with colours where somebody looks at a terminal."""
    if sys.stdout.isatty():
        from reconciler.rendering.terminal import coloured

        text = coloured(text, sys.stdout)
    click.echo(text)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "json_", is_flag=True, help="Print JSON instead of text.")(command)


def chosen(ledger: Ledger, name: str | None, *, all_: bool) -> list[Connection]:
    """The connection of that name, or all. Raises UsageError where neither or both are said."""
    from reconciler import reconcile
    from reconciler.ledger import connections

    if (name is None) != all_:
        raise UsageError("say a connection's name, or --all")
    if name is not None:
        return [reconcile.find(ledger, name)]
    with ledger.transaction() as tx:
        return connections.every(tx)


def seconds(text: str) -> float:
    """A time such as 30s, 5m or 1h. Raises UsageError where it is none."""
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = text[:-1], text[-1:]
    if unit not in units or not number.isdecimal() or len(number) > len(str(_LONGEST_INTERVAL)):
        raise UsageError(f"{text!r} is no time", advice="say 30s, 5m or 1h")
    found = int(number) * units[unit]
    if not 1 <= found <= _LONGEST_INTERVAL:
        raise UsageError(f"{text!r} is out of range", advice="say something from 1s to 24h, such as 5m")
    return found


def run_number(text: str) -> int:
    """A run's number, as somebody gave it. Raises UsageError where it is none."""
    if not (text.isdecimal() and len(text) <= _LONGEST_RUN_ID):
        raise UsageError(f"{text!r} is no run's number", advice="`reconciler runs` lists them")
    return int(text)


def private_file(file: str) -> TextIO:
    """A file that nobody else may read, also where it was there before."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise UsageError(f"{file} can't be written: {error.strerror}") from None
    os.fchmod(number, 0o600)
    return os.fdopen(number, "w", encoding="utf-8", newline="")


@contextlib.contextmanager
def written(file: str) -> Iterator[TextIO]:
    """A private file to write to; for `-` standard output, as it is."""
    if file != "-":
        with private_file(file) as stream:
            yield stream
        return
    yield sys.stdout
    sys.stdout.flush()


def read_text(path: str, what: str) -> str:
    """The text of a file, or of standard input for `-`. Raises UsageError that says what is wrong with it."""
    where = "on standard input" if path == "-" else path
    try:
        content = _read(path)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"the {what} {where} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        # Not chained: the exception carries the file's content along.
        raise UsageError(f"the {what} {where} is not UTF-8 text", advice="save it as plain UTF-8 text") from None
    if len(content) > _MOST_BYTES:
        raise UsageError(f"the {what} {where} is larger than {_MOST_BYTES:,} bytes", advice="is it the right file?")
    if "\0" in text:
        raise UsageError(f"the {what} {where} has a NUL byte in it", advice="save it as plain UTF-8 text")
    if not text.strip():
        raise UsageError(f"the {what} {where} is empty", advice="leave the option out, or name another file")
    return text


def _read(path: str) -> bytes:
    """As much as shows that it is too much: the file may have no end."""
    if path == "-":
        return sys.stdin.buffer.read(_MOST_BYTES + 1) if sys.stdin is not None else b""
    with Path(path).open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def at_once_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for how many runs there are at once; they come as one value, `bounds`."""
    from reconciler.turns import Bounds

    @click.option("--at-once", default=4, show_default=True, type=_PLACES, metavar="N", help="So many runs at once.")
    @click.option("--per-key", default=2, show_default=True, type=_PLACES, metavar="N", help="Of one API key so many.")
    @functools.wraps(command)
    def bounded(*given: Any, at_once: int, per_key: int, **named: Any) -> None:
        command(*given, bounds=Bounds(at_once, per_key), **named)

    return bounded
