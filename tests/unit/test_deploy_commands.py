"""Every command that a manifest says is one of the program, with options that it has."""

from __future__ import annotations

import re
from typing import Final

import click
import pytest

from reconciler.cli import commands as program
from reconciler.settings import _KNOWN
from tests import manifests

_COMMANDS: Final = dict(manifests.commands())


def parse(words: list[str]) -> None:
    """Read the words as the command line would, without doing what they say."""
    command: click.Command | None = program
    context = click.Context(program)
    while isinstance(command, click.Group):
        _, command, words = command.resolve_command(context, words)
    assert command is not None
    command.make_context(command.name, list(words), parent=context)


@pytest.mark.parametrize("where", _COMMANDS)
def test_a_command_in_a_manifest_is_one_of_the_program(where: str) -> None:
    parse(_COMMANDS[where])


@pytest.mark.parametrize("words", [["serves"], ["serve", "--evry", "5m"], ["run", "--all", "--wait", "soon"]])
def test_one_that_is_none_is_found(words: list[str]) -> None:
    """Else the test above would promise nothing."""
    with pytest.raises(click.UsageError):
        parse(words)


def test_every_way_to_run_it_is_looked_at() -> None:
    assert {where.split()[0] for where in _COMMANDS} == {
        *("Dockerfile", "compose", "kubernetes", "systemd", "cron", "airflow")
    }


def test_no_health_check_asks_how_fresh_a_list_is_or_about_a_token() -> None:
    """A new process helps neither."""
    checks = {where: words for where, words in _COMMANDS.items() if "Probe" in where or "HEALTHCHECK" in where}

    assert len(checks) == 3
    assert set(map(tuple, checks.values())) == {("health",)}


def test_every_setting_in_a_manifest_is_one_of_the_program() -> None:
    files = [path for path in [manifests.ROOT / "Dockerfile", *manifests.DEPLOY.rglob("*")] if path.is_file()]
    named = {name for path in files for name in re.findall(r"RECONCILER_[A-Z_]+", path.read_text(encoding="utf-8"))}

    of_others = {name for name in named if name.startswith("RECONCILER_DBT_")} | {"RECONCILER_IMAGE"}
    assert named - of_others <= set(_KNOWN)
    # Where the ledger is stands in a file, wherever it runs.
    assert "RECONCILER_DATABASE_URL" not in named
