"""`--help`: there at once, and with an example for every command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import click
import pytest

from reconciler.cli import commands

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Together they take a second or more to import.
_LARGE: Final = {
    *("apscheduler", "cryptography", "email_validator", "faker", "httpx", "numpy", "pandas", "psycopg"),
    *("apprise", "jinja2", "prometheus_client", "rich", "sqlalchemy", "structlog"),
}
_HELP: Final = """
import sys
from reconciler import cli
sys.argv[1:] = {words!r}
try:
    cli.main()
except SystemExit as left:
    assert not left.code, left.code
print(*{{name.partition(".")[0] for name in sys.modules}})
"""


def _leaves(command: click.Command, *words: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield words
        return
    for name, inner in sorted(command.commands.items()):
        yield from _leaves(inner, *words, name)


def _help(*words: str) -> tuple[str, set[str]]:
    """What `reconciler WORDS --help` prints, and the packages that were imported for it."""
    code = _HELP.format(words=[*words, "--help"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - the program that is tested
    assert done.returncode == 0, done.stderr
    text, _, packages = done.stdout.rstrip("\n").rpartition("\n")
    return text, set(packages.split())


@pytest.mark.parametrize("words", [(), ("connect",), ("serve",), ("demo",), ("simulator",)])
def test_it_imports_none_of_the_large_packages(words: tuple[str, ...]) -> None:
    text, packages = _help(*words)

    assert text.startswith("Usage: reconciler")
    assert packages & _LARGE == set()
    assert "click" in packages


@pytest.mark.parametrize("words", list(_leaves(commands)), ids=" ".join)
def test_every_command_has_an_example(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    commands.main([*words, "--help"], prog_name="reconciler", standalone_mode=False)

    _, there, example = capsys.readouterr().out.partition("\n  Example: ")
    assert there
    assert f"reconciler {' '.join(words)}" in example
