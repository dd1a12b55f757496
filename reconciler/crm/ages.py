"""Whether a plan's `row_age` is the age of the youngest row that a row was made of. Pure.

Only what can be followed is believed: ages of row versions, least() and min() of them, and a constant where a row may
be missing. Whatever else is made of ages may stay as it is, or grow, when a row becomes younger.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.crm.explained import conditions, output, steps, without_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: Stands for an expression that is such an age: no text of PostgreSQL's contains it.
_AGE: Final = "\0"
_NAME: Final = r'(?:\w+|"(?:[^"]|"")+")'
_CONSTANT: Final = r"(?:\d+|''::(?:integer|bigint)|NULL::(?:integer|bigint))"
_VERSION: Final = re.compile(rf"(?<![\w.])age\({_NAME}\.xmin\)")
#: What makes one age of ages. A COALESCE of several ages is not among them: its first one hides the others.
_MADE_OF_AGES: Final = re.compile(
    rf"\({_AGE}\)|{_AGE}::(?:integer|bigint)|(?:PARTIAL )?min\({_AGE}\)|COALESCE\({_AGE}, {_CONSTANT}\)"
    rf"|LEAST\((?:(?:{_AGE}|{_CONSTANT})(?:, )?)+\)|COALESCE\({_AGE}\)"
)
_MADE: Final = re.compile(r"\(*(?:LEAST|COALESCE|(?:PARTIAL )?min)\(")
#: One value of a subselect: what that one puts out is looked at where it stands.
_SUBSELECT: Final = re.compile(r"\(SubPlan \d+\)|\(InitPlan \d+\)\.col\d+|\$\d+")
#: Steps whose columns are made by the steps below them.
_PASSING: Final = ("Subquery Scan", "CTE Scan")


def is_youngest(plan: Mapping[str, Any], at: int) -> bool:
    """Whether the column at this place, from 0, becomes younger with each row that it counts."""
    if any(_VERSION.search(told) for step in steps(plan) for told in conditions(step)):
        return False
    passed = {str(step["Alias"]) for step in steps(plan) if step["Node Type"] in _PASSING}
    tops = list(_tops(plan))
    if not all(_is_age(output(top)[at], passed) for top in tops):
        return False
    # What the steps below pass on under other names can't be told apart: what is made of it has to be an age too.
    inner = [told for step in steps(plan) if step not in tops for told in output(step)]
    return all(_is_age(told, passed) for told in inner if _is_made(told, passed, tops, at))


def passes_on(plan: Mapping[str, Any]) -> bool:
    """Whether in the plan of `row_age` alone each inner step that counts row versions is made use of.

    A CTE puts out all its columns, also an age that nobody looks at.
    """
    made = [output(top)[0] for top in _tops(plan)]
    made += [told for step in steps(plan) for told in output(step) if _MADE.match(told)]
    inner = [{str(step["Alias"])} for step in steps(plan) if step["Node Type"] in _PASSING]
    return all(any(_follows(told, alias) != told for told in made) for alias in inner)


def _tops(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps that put out the rows: one, or the parts of a union."""
    if output(plan):
        yield plan
        return
    for inner in plan.get("Plans", ()):
        # A CTE, or a subselect, hangs on it too, and puts out no rows of it.
        if inner.get("Parent Relationship") not in ("InitPlan", "SubPlan"):
            yield from _tops(inner)


def _is_made(told: str, passed: Collection[str], tops: list[Mapping[str, Any]], at: int) -> bool:
    """Whether an expression of an inner step is, or may be, made of ages."""
    if _VERSION.search(told):
        return True
    is_passed_on = any(_follows(without_texts(output(top)[at]), passed) != output(top)[at] for top in tops)
    is_whole = re.fullmatch(rf"{_NAME}\.{_NAME}", told) is not None
    return is_passed_on and not is_whole and _follows(told, passed) != told


def _is_age(told: str, passed: Collection[str]) -> bool:
    made, before = _follows(_VERSION.sub(_AGE, without_texts(told)), passed), ""
    while made != before:
        made, before = _MADE_OF_AGES.sub(_AGE, made), made
    return made == _AGE


def _follows(told: str, passed: Collection[str]) -> str:
    """The expression with an age in place of each column of an inner step."""
    told = _SUBSELECT.sub(_AGE, told)
    for alias in passed:
        told = re.sub(rf'(?<![\w"])"?{re.escape(alias)}"?\.{_NAME}', _AGE, told)
    return told
