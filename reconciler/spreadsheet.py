"""Rows as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: What a cell begins with that a spreadsheet would calculate (OWASP ASVS 5.0, 1.2.10).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\0")
#: Also put before a cell that begins with it already: so whoever takes one off has the value as it was.
_MARK: Final = "'"


def write(stream: TextIO, header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write rows under a header; says how many. A cell that looks like a formula gets a `'` before it.

    So does one that begins with a `'`: who takes the first `'` off a cell has the value as it was.
    """
    count = -1
    for line in lines(header, rows):
        stream.write(line)
        count += 1
    return count


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines that `write` writes, the header first."""
    out = csv.writer(_Given(), lineterminator="\r\n")
    yield out.writerow(header)
    for row in rows:
        yield out.writerow([_cell(value) for value in row])


def write_lines(stream: TextIO, texts: Iterable[str]) -> None:
    """Write texts one a line, without a header, each as a cell is written."""
    stream.writelines(f"{_cell(text)}\r\n" for text in texts)


class _Given:
    """A stream that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"{_MARK}{text}" if text.startswith((*_FORMULA, _MARK)) else text
