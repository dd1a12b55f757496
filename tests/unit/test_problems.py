from __future__ import annotations

import ast
import dataclasses
import re
from typing import TYPE_CHECKING

import pytest

from reconciler import statements
from reconciler.domain import Reason
from reconciler.endings import Ending
from reconciler.problems import CATALOGUE, QUIET
from reconciler.report import _NEEDS_SOMEBODY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Where a call carries a problem's code: by position, and by name.
_CALLS = {"Rejected": [(1, "code")], "Deferred": [(1, "code")], "InDoubt": [(1, "code")]} | {
    "Remark": [(0, "code")],
    "note_deferred": [(2, "code")],
    "Ending": [(3, "code"), (4, "left")],
    "_stopped": [(1, "code")],
}
#: Words that rows of a run have besides codes: what was done, and what became of it; and who has no row.
_OTHER_WORDS = {"add", "update", "readdress", "skip", "verified", "deferred", "in_doubt", "skipped", "nothing"} | {
    "unchanged",
    "email",
}


def _sources() -> Iterator[ast.Module]:
    package = statements.folder().parent / "reconciler"
    for path in sorted(package.glob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def _texts(node: ast.AST | None) -> set[str]:
    """What an expression can be, as far as it is written down: either side of a choice, not its condition."""
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return _texts(one) | _texts(other)
        case _:
            return set()


def _given(call: ast.Call, at: int, name: str) -> ast.expr | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[at] if len(call.args) > at else named.get(name)


def _codes_of(tree: ast.Module) -> set[str]:
    """The codes that a module gives to what it reports, directly or by a name for it."""
    codes: set[str] = set()
    names: set[str] = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute):
            called = call.func.id if isinstance(call.func, ast.Name) else call.func.attr
            for at, name in _CALLS.get(called, []):
                found = _given(call, at, name)
                codes |= _texts(found)
                names |= {found.id} if isinstance(found, ast.Name) else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id in names for to in node.targets):
            codes |= _texts(node.value)
        if isinstance(node, ast.FunctionDef) and node.name == "why_not_push":
            codes |= {text for given in ast.walk(node) if isinstance(given, ast.Return) for text in _texts(given.value)}
            codes |= {
                text
                for given in ast.walk(node)
                if isinstance(given, ast.Return)
                for choice in ast.walk(given)
                if isinstance(choice, ast.IfExp)
                for text in _texts(choice)
            }
    return codes - {""}


def _written_by_sql() -> set[str]:
    files: list[Path] = sorted((statements.folder() / "ledger").glob("*.sql"))
    texts = [path.read_text(encoding="utf-8") for path in files]
    writing = [re.sub(r"--[^\n]*", "", text) for text in texts if re.search("(INTO|UPDATE) reconciler.run_rows", text)]
    return {word for text in writing for word in re.findall(r"'([a-z]+(?:_[a-z]+)*)'", text)} - _OTHER_WORDS


def _defaults() -> set[str]:
    return {str(item.default) for item in dataclasses.fields(Ending) if item.name == "left"}


REASONS = {reason.value for reason in Reason} - {Reason.UNCHANGED.value}
WRITTEN = sorted(REASONS | set().union(*map(_codes_of, _sources())) | _written_by_sql() | _defaults() | {"unbalanced"})


def test_the_codes_are_found_where_they_are_written() -> None:
    """Else the test below would promise nothing."""
    known = {"not_yet_seen", "not_arrived", "refused_by_import", "still_running", "unanswered", "quota", "not_started"}

    assert known | {"read_only", "observed", "singles_spent", "field_refused", "moved"} <= set(WRITTEN)


@pytest.mark.parametrize("code", WRITTEN)
def test_every_code_that_the_program_writes_is_in_the_catalogue(code: str) -> None:
    assert code in CATALOGUE


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_entry_is_written_by_the_program(code: str) -> None:
    assert code in WRITTEN


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_entry_says_who_acts_what_it_means_and_what_to_do(code: str) -> None:
    entry = CATALOGUE[code]

    assert entry.who in {"crm", "admin", "nobody", "constant_contact"}
    assert entry.meaning
    assert entry.action
    assert not (entry.meaning + entry.action).endswith(".")


def test_what_is_quiet_or_needs_somebody_is_in_the_catalogue_and_never_both() -> None:
    assert set(CATALOGUE) >= QUIET | _NEEDS_SOMEBODY
    assert QUIET.isdisjoint(_NEEDS_SOMEBODY)


def test_a_reason_that_keeps_somebody_off_is_quiet() -> None:
    """Who left or opted out is counted; nobody has to do anything about it."""
    assert {reason.value for reason in Reason if reason.bucket.value == "suppressed"} <= QUIET
