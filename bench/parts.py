"""The parts of the performance page, each with what must hold of it; kept as data beside the page.

A part that takes an hour is measured by itself, and stays until it is measured again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.ground import ROOT
from bench.ratios import Ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FOLDER: Final = ROOT / "docs" / "explanation" / "performance"
_FILE: Final = FOLDER / "measured.json"

#: What is drawn: a line or a bar, the contacts, the seconds.
Point = tuple[str, int, float]


def _machine() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("psycopg", "pandas", "httpx"))
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    cores, name = os.cpu_count(), model.partition(":")[2].strip()
    return f"{cores} cores ({name}), {platform.system()}; Python {platform.python_version()}, {versions}"


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its text with its tables, what must hold, and what is drawn of it."""

    text: str
    ratios: tuple[Ratio, ...] = ()
    points: tuple[Point, ...] = ()
    measured_on: str = dataclasses.field(default_factory=lambda: dt.datetime.now(dt.UTC).date().isoformat())
    machine: str = dataclasses.field(default_factory=_machine)


def load() -> dict[str, Part]:
    """The parts that were measured last, by name."""
    if not _FILE.exists():
        return {}
    return {name: _part(kept) for name, kept in json.loads(_FILE.read_text()).items()}


def save(parts: Mapping[str, Part]) -> None:
    """Keep the parts for the next time."""
    FOLDER.mkdir(exist_ok=True)
    kept = {name: dataclasses.asdict(part) for name, part in parts.items()}
    _FILE.write_text(json.dumps(kept, indent=1) + "\n")


def _part(kept: Mapping[str, object]) -> Part:
    told = dict(kept)
    ratios, points = told.pop("ratios"), told.pop("points")
    return Part(
        ratios=tuple(Ratio(**each) for each in ratios),  # type: ignore[attr-defined]  # a list, by `save`
        points=tuple((name, contacts, seconds) for name, contacts, seconds in points),  # type: ignore[attr-defined]
        **told,  # type: ignore[arg-type]
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is words and whose others are figures."""
    rule = ["---", *("---:" for _ in heads[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, rule, *rows]) + "\n"
