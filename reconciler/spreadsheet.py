"""Rows as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What a cell begins with that a spreadsheet would calculate (OWASP ASVS 5.0, 1.2.10).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\0")


def write(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows under a header; says how many. A cell that looks like a formula gets a `'` before it."""
    out = csv.writer(stream, lineterminator="\r\n")
    out.writerow(header)
    count = 0
    for row in rows:
        out.writerow([_cell(value) for value in row])
        count += 1
    return count


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
