"""The page about the simulated Constant Contact, and the command that starts one."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import commands
from reconciler.errors import UsageError
from reconciler.simulator import Switches
from reconciler.simulator.control import _POSTS
from reconciler.simulator.faults import KINDS
from reconciler.simulator.owner import ACTIONS
from reconciler.simulator.routes import _OAUTH, _SERVED, PAGES
from reconciler.simulator.switches import CHOICES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "simulator.md").read_text(encoding="utf-8")
FIELDS = [each.name for each in dataclasses.fields(Switches)]
#: Their defaults are longer than a cell of a table.
IN_WORDS = {"client_secret": "empty", "scopes": "all", "privileges": "all"}


def row(name: str) -> list[str]:
    """The cells of the table's row that begins with a name."""
    found = re.search(rf"^\| `{re.escape(name)}` \|(.*)\|$", PAGE, re.MULTILINE)
    assert found, f"{name} has no row"
    return [cell.strip() for cell in found[1].split(" | ")]


def told(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


@pytest.mark.parametrize("name", FIELDS)
def test_every_switch_is_in_the_page_with_its_default_at_either_speed(name: str) -> None:
    fast, real = getattr(Switches(), name), getattr(Switches.at_speed("real"), name)
    default = IN_WORDS.get(name, told(fast))

    assert row(name)[0] == (default if fast == real else f"{default} (real: {told(real)})")


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_of_a_switch_is_in_its_row(name: str) -> None:
    assert [choice for choice in CHOICES[name] if f"`{choice}`" not in " | ".join(row(name))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_in_the_page(kind: str) -> None:
    assert row(kind)[-1]


def test_nothing_is_in_the_page_that_is_not_there() -> None:
    switches = re.search(r"^## Switches$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    faults = re.search(r"^## Faults$(.*)", PAGE, re.MULTILINE | re.DOTALL)
    assert switches is not None
    assert faults is not None

    assert set(re.findall(r"^\| `(\w+)` \|", switches[1], re.MULTILINE)) == set(FIELDS)
    assert set(re.findall(r"^\| `(\w+)` \|", faults[1], re.MULTILINE)) == set(KINDS)


def test_every_path_that_is_served_is_in_the_page() -> None:
    assert {path for _, path, _, _ in _SERVED if f"`{path.replace('*', 'ID')}`" not in PAGE} == set()


def test_every_path_of_a_sign_in_is_in_the_page() -> None:
    assert {path for path in (*PAGES, *(path for _, path in _OAUTH)) if f"`{path}`" not in PAGE} == set()


def test_everything_that_the_side_door_does_is_in_the_page() -> None:
    assert {path for path in _POSTS if f"`POST /_control/{path}`" not in PAGE} == set()
    assert {action for action in ACTIONS if f"`{action}`" not in PAGE} == set()


def test_switches_are_read_from_a_command_line() -> None:
    read = Switches.read(["trim=true", "per_second=9", "token_seconds=60", "phone_format=digits", "client_secret=a=b"])

    assert read == {
        "trim": True, "per_second": 9, "token_seconds": 60.0, "phone_format": "digits", "client_secret": "a=b",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", ["gravity=9", "trim", "per_second=many", "phone_format=roman", "trim=1"])
def test_a_switch_that_does_not_fit_is_named_by_the_command(wrong: str) -> None:
    result = CliRunner().invoke(commands, ["simulator", "--switch", wrong])

    assert isinstance(result.exception, UsageError)
    assert wrong.partition("=")[0] in str(result.exception)
