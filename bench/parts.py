"""The parts of the performance page, each with what must hold of it; kept as data beside the page.

A part that takes an hour is measured by itself, and stays until it is measured again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.ground import ROOT
from bench.ratios import Ratio

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FOLDER: Final = ROOT / "docs" / "explanation" / "performance"
_FILE: Final = FOLDER / "measured.json"

#: What is drawn: a line or a bar, the contacts, the seconds.
Point = tuple[str, int, float]


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its text with its tables, what must hold, and what is drawn of it."""

    text: str
    ratios: tuple[Ratio, ...] = ()
    points: tuple[Point, ...] = ()
    measured_on: str = dataclasses.field(default_factory=lambda: dt.datetime.now(dt.UTC).date().isoformat())


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


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], lefts: int = 1) -> str:
    """A table whose first columns are words and whose others are figures."""
    rule = ["---" if index < lefts else "---:" for index in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, rule, *rows]) + "\n"
