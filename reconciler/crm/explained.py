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
_TIME: Final = r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp)\(|\b(CURRENT|LOCAL)_?(DATE|TIME)"


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


def scans(plan: Mapping[str, Any]) -> list[Scan]:
    """All scans of tables in a plan of EXPLAIN (VERBOSE, FORMAT JSON), in its order."""
    return list(_scans(plan, ""))


def functions(plan: Mapping[str, Any]) -> set[str]:
    """The names of all functions that a plan calls, without their schemas."""
    called = {str(step["Function Name"]) for step in _steps(plan) if "Function Name" in step}
    return called | {name for told in _expressions(plan) for name in re.findall(r"(\w+)\"?\(", told)}


def asks_the_time(plan: Mapping[str, Any]) -> bool:
    """Whether what is read depends on when it is read."""
    return any(re.search(_TIME, told, re.IGNORECASE) for told in _expressions(plan))


def takes_the_oldest(plan: Mapping[str, Any]) -> bool:
    """Whether several ages are made one by taking the greatest: one fresh row among old ones is not seen then."""
    return any(re.search(r"(GREATEST|\bmax)\(.*age\(", told) for told in _expressions(plan))


def picks_rows(plan: Mapping[str, Any]) -> bool:
    """Whether a row may lose its place to another one: the one that takes it has not become younger by that."""
    return any(step["Node Type"] in _PICKING for step in _steps(plan))


def column_of(condition: str, value: str) -> str | None:
    """The column that a condition compares with a value, as it is written in an index; None: it is not that simple."""
    literal = re.escape("'" + value.replace("'", "''") + "'")
    # Not what a function makes of a column: an index on the column would be of no use.
    column = r"(?:^|\s|(?<!\w)\(+)(?:\w+\.)?(\w+|\"[^\"]+\")"
    forms = (rf"{column}\)?(?:::\w+)*\)? = {literal}", rf"{literal}(?:::\w+)* ={column}")
    found = next((match for form in forms if (match := re.search(form, condition))), None)
    return found[1] if found else None


def _steps(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield step
    for inner in step.get("Plans", ()):
        yield from _steps(inner)


def _expressions(plan: Mapping[str, Any]) -> Iterator[str]:
    """What each step puts out, and its conditions, without the texts in it."""
    for step in _steps(plan):
        told = [*step.get("Output", ()), *(step[name] for name in _CONDITIONS if name in step)]
        yield from (re.sub(r"'(?:[^']|'')*'", "''", str(item)) for item in told)


def _scans(step: Mapping[str, Any], joined_by: str) -> Iterator[Scan]:
    joining = " AND ".join(str(step[name]) for name in ("Hash Cond", "Merge Cond", "Join Filter") if name in step)
    if "Relation Name" in step:
        yield _scan(step, joined_by)
    for inner in step.get("Plans", ()):
        yield from _scans(inner, joining or joined_by)


def _scan(step: Mapping[str, Any], joined_by: str) -> Scan:
    alias = str(step["Alias"])
    return Scan(
        schema=str(step.get("Schema", "")),
        table=str(step["Relation Name"]),
        alias=alias,
        is_foreign=step["Node Type"] == "Foreign Scan",
        is_whole=step["Node Type"] in _WHOLE,
        counts_versions=any(_names_version(str(item), alias) for item in step.get("Output", ())),
        condition=str(step.get("Filter", joined_by)),
    )


def _names_version(output: str, alias: str) -> bool:
    return re.search(rf'(?<![\w"])"?{re.escape(alias)}"?\.xmin\b', output) is not None
