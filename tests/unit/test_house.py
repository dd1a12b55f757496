"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from reconciler import statements

LEDGER = statements.folder() / "ledger"
PACKAGE = Path(statements.__file__).parent
STATEMENTS = sorted(path.stem for path in LEDGER.glob("*.sql"))
MODULES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))
#: The functions of the ledger that run a statement by its name, after the transaction.
RUNNERS = {"run", "rows", "one", "value", "stream"}
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 45
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}


def sql(name: str) -> str:
    return (LEDGER / f"{name}.sql").read_text(encoding="utf-8")


def header(name: str) -> str:
    """The comment that a statement begins with, as one line."""
    lines = []
    for line in sql(name).splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def told_parameters(name: str) -> set[str]:
    """The parameters that a statement's header names: `Parameters: one, two (what it means).`"""
    told = re.search(r"Parameters?: (.+?)\.(?: |$)", header(name))
    names = re.sub(r"\([^)]*\)", "", told[1]) if told else ""
    return {word.strip() for word in re.split(r"[,;]", names) if word.strip()}


@functools.cache
def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


@functools.cache
def texts() -> set[str]:
    """Every text that is written in the program, the simulator apart."""
    return {
        node.value
        for module in MODULES
        if not module.startswith("simulator/")
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def calls() -> list[ast.Call]:
    """The calls that run a statement by its name."""
    return [
        node
        for module in MODULES
        if not module.startswith(("simulator/", "demo/"))
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if node.func.id in RUNNERS and len(node.args) > 1
    ]


def run_names() -> set[str]:
    """The names of statements that are run, where they are written in the call."""
    return {
        name.value for call in calls() if isinstance(name := call.args[1], ast.Constant) and isinstance(name.value, str)
    }


@functools.cache
def beginnings() -> set[str]:
    """What the names begin with that are put together in the call: `run(tx, f"analyze_{name}")`."""
    return {
        str(name.values[0].value)
        for call in calls()
        if isinstance(name := call.args[1], ast.JoinedStr) and isinstance(name.values[0], ast.Constant)
    }


def functions(module: str) -> dict[str, int]:
    """How many lines the body of each function has, its docstring apart."""
    found = {}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            found[node.name] = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
    return found


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_of_the_ledger_is_used(name: str) -> None:
    ways = {name, f"ledger/{name}"} | {name.removeprefix(beginning) for beginning in beginnings()}

    assert ways & texts() != set()


def test_every_statement_that_is_run_is_there() -> None:
    assert run_names() <= set(STATEMENTS)


def test_the_statements_that_are_run_are_found_in_the_program() -> None:
    """Else the test above would promise nothing."""
    assert len(run_names()) > len(STATEMENTS) / 2


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_says_first_what_it_is_for(name: str) -> None:
    assert header(name)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statements_header_names_its_parameters(name: str) -> None:
    assert told_parameters(name) == set(sa.text(sql(name)).compile().params)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_casts_in_words(name: str) -> None:
    """`:since::timestamptz` is not bound by SQLAlchemy's `text()`."""
    assert "::" not in sql(name)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_short_enough_to_be_read(module: str) -> None:
    lines = (PACKAGE / module).read_text(encoding="utf-8").splitlines()

    assert len(lines) <= MOST_LINES_OF_A_FILE


@pytest.mark.parametrize("module", MODULES)
def test_a_function_is_short_enough_to_be_seen_at_once(module: str) -> None:
    assert {name: lines for name, lines in functions(module).items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_named_for_what_it_is_about(module: str) -> None:
    assert NAMES_THAT_SAY_NOTHING.isdisjoint(re.split(r"[/_.]", module))
