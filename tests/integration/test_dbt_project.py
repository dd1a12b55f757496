"""The dbt project in `deploy/dbt`: its sources are the public views as they are, its tests find nothing wrong.

dbt itself is no dependency, so the YAML is held to a simple form that is read here, and `source(...)` is filled in.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROJECT: Final = Path(__file__).parents[2] / "deploy" / "dbt"
_LINE: Final = re.compile(r'(?P<indent>(?:  )*)(?:- )?(?:[\w-]+:(?: (?:"[^"]*"|[^"#]+))?|\w+)')
_SOURCE: Final = re.compile(r"\{\{ source\('reconciler', '(\w+)'\) \}\}")
_TESTS: Final = 5


def lines(file: Path) -> list[str]:
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip() and line.strip()[0] != "#"]


def sources() -> Mapping[str, list[str]]:
    """The columns that are listed of each view."""
    found: dict[str, list[str]] = {}
    for line in lines(_PROJECT / "models" / "sources.yml"):
        if table := re.fullmatch(r" {6}- name: (\w+)", line):
            found[table[1]] = []
        elif column := re.fullmatch(r" {10}- name: (\w+)", line):
            found[list(found)[-1]].append(column[1])
    return found


def test_its_yaml_is_of_the_simple_form() -> None:
    for name in ("dbt_project.yml", "profiles.yml", "models/sources.yml"):
        assert [line for line in lines(_PROJECT / name) if not _LINE.fullmatch(line)] == []


def test_its_sources_are_columns_of_the_views_and_its_tests_find_nothing_wrong(ledger_url: str) -> None:
    listed = sources()
    yaml = lines(_PROJECT / "models" / "sources.yml")
    generic = [line for line in yaml if re.match(r" +- (unique|relationships)\b", line)]
    files = sorted((_PROJECT / "tests").glob("*.sql"))

    with psycopg.connect(ledger_url) as db:
        there = {
            view: {
                column
                for (column,) in db.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = CAST(%s AS regclass) AND attnum > 0",
                    (f"reconciler.{view}",),
                )
            }
            for view in listed
        }
        wrong = [db.execute(_SOURCE.sub(r"reconciler.\1", file.read_text()).encode()).fetchall() for file in files]

    assert {view: set(columns) - there[view] for view, columns in listed.items()} == {view: set() for view in listed}
    assert listed.keys() == {"v1_runs", "v1_run_rows", "v1_problems", "v1_connections", "v1_optouts"}
    assert len(generic) + len(files) == _TESTS
    assert wrong == [[] for _ in files]
