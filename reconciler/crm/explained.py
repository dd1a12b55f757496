"""What PostgreSQL says of how it would read a statement: which tables it scans, and what it puts out of each. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Steps that read a table from its beginning to its end.
_WHOLE: Final = ("Seq Scan",)
_PICKING: Final = ("Limit", "Unique", "WindowAgg")
_CONDITIONS: Final = (
    "Filter",
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Function Call",
    "One-Time Filter",
)
#: With one argument that is no row version, `age` counts from today.
_TIME: Final = (
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\(|\b(CURRENT|LOCAL)_?(DATE|TIME)"
    r"|\bage\((?![^()]*\.xmin\))[^(),]*\)"
)
#: What an operator is written with.
_OPERATOR: Final = r"[-+*/<>=~!@#%^&|`?]+"


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of a table in a plan."""

    schema: str
    table: str
    alias: str
    is_foreign: bool
    #: Reads all of the table.
    is_whole: bool
    #: Whether its row versions (`xmin`) are made use of.
    counts_versions: bool
    #: The condition on its rows, or the one by which they are joined, as PostgreSQL words it.
    condition: str

    @property
    def name(self) -> tuple[str, str]:
        return self.schema, self.table


def steps(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A step of a plan and all below it."""
    yield step
    for inner in step.get("Plans", ()):
        yield from steps(inner)


def output(step: Mapping[str, Any]) -> list[str]:
    """What a step puts out, without the texts in it; a step that only hands on what others do tells nothing."""
    return [without_texts(str(told)) for told in step.get("Output", ())]


def conditions(step: Mapping[str, Any]) -> list[str]:
    """What a step asks of rows, without the texts in it."""
    return [without_texts(str(step[name])) for name in _CONDITIONS if name in step]


def without_texts(told: str) -> str:
    return re.sub(r"'(?:[^']|'')*'", "''", told)


def scans(plan: Mapping[str, Any]) -> list[Scan]:
    """All scans of tables in a plan of EXPLAIN (VERBOSE, FORMAT JSON), in its order."""
    return list(_scans(plan, ""))


def functions(plan: Mapping[str, Any]) -> set[str]:
    """The names of all functions and operators that a plan calls, without their schemas."""
    called = {str(step["Function Name"]) for step in steps(plan) if "Function Name" in step}
    # PostgreSQL's own age of a row version is not a function of the CRM's that has this name.
    told = [re.sub(r"(?<![\w.])age\(([^()]*\.xmin)\)", r"(\1)", each) for each in _expressions(plan)]
    called |= {name for each in told for name in re.findall(r"(\w+)\"?\(", each)}
    return called | {name for each in told for name in re.findall(_OPERATOR, each)}


def asks_the_time(plan: Mapping[str, Any]) -> bool:
    """Whether what is read depends on when it is read."""
    return any(re.search(_TIME, told, re.IGNORECASE) for told in _expressions(plan))


def picks_rows(plan: Mapping[str, Any]) -> bool:
    """Whether a row may lose its place to another one: the one that takes it has not become younger by that."""
    return any(step["Node Type"] in _PICKING and not _is_by_all(step) for step in steps(plan))


def _is_by_all(step: Mapping[str, Any]) -> bool:
    """Whether a step leaves out only rows that are the same in every column, as DISTINCT and UNION do."""
    below: Mapping[str, Any] = next(iter(step.get("Plans", ())), {})
    return step["Node Type"] == "Unique" and set(output(step)) <= set(map(without_texts, below.get("Sort Key", ())))


def column_of(condition: str, value: str) -> str | None:
    """The column that a condition compares with a value, as it is written in an index; None: it is not that simple."""
    literal = re.escape("'" + value.replace("'", "''") + "'")
    # Not what a function makes of a column: an index on the column would be of no use.
    column = r"(?:^|\s|(?<!\w)\(+)(?:\w+\.)?(\w+|\"[^\"]+\")"
    forms = (rf"{column}\)?(?:::\w+)*\)? = {literal}", rf"{literal}(?:::\w+)* ={column}")
    found = next((match for form in forms if (match := re.search(form, condition))), None)
    return found[1] if found else None


def _expressions(plan: Mapping[str, Any]) -> Iterator[str]:
    """What each step puts out, and its conditions, without the texts in it."""
    for step in steps(plan):
        yield from (*output(step), *conditions(step))


def _scans(step: Mapping[str, Any], joined_by: str) -> Iterator[Scan]:
    joining = " AND ".join(str(step[name]) for name in ("Hash Cond", "Merge Cond", "Join Filter") if name in step)
    if "Relation Name" in step or step["Node Type"] == "Foreign Scan":
        yield _scan(step, joined_by)
    for inner in step.get("Plans", ()):
        yield from _scans(inner, joining or joined_by)


def _scan(step: Mapping[str, Any], joined_by: str) -> Scan:
    # A join of foreign tables that their own server does is one step, without the name of one table.
    alias = str(step.get("Alias", ""))
    return Scan(
        schema=str(step.get("Schema", "")),
        table=str(step.get("Relation Name") or step.get("Relations") or "what is joined elsewhere"),
        alias=alias,
        is_foreign=step["Node Type"] == "Foreign Scan",
        is_whole=step["Node Type"] in _WHOLE,
        counts_versions=any(_names_version(str(item), alias) for item in step.get("Output", ())),
        condition=str(step.get("Filter", joined_by)),
    )


def _names_version(output: str, alias: str) -> bool:
    return re.search(rf'(?<![\w"])"?{re.escape(alias)}"?\.xmin\b', output) is not None
