"""The export of a list: a CSV file whose headers are not documented. What is not understood is no evidence."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: Header names, without blanks, underscores and case, that can only mean Constant Contact's contact_id.
_ID_HEADERS: Final = frozenset({"contactid", "contactuuid"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def request(list_id: str, *, mailable: bool = False) -> bytes:
    """The body that asks for everybody on one list, or for the mailable on it."""
    asked = {"list_ids": [list_id], **({"status": "active"} if mailable else {})}
    return json.dumps(asked, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Ids:
    """The contact ids of an export, which is read anew each time: those of a million people are a hundred megabytes."""

    lines: Callable[[], Iterable[str]]
    column: int
    count: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[str]:
        table = csv.reader(self.lines())
        next(table, None)
        return (row[self.column] for row in table if row)


def contact_ids(lines: Callable[[], Iterable[str]]) -> Ids | None:
    """The contact ids of an export; None where no column can be understood as such, or a row has none."""
    table = csv.reader(lines())
    try:
        column = id_column(next(table, []))
        if column is None:
            return None
        count = 0
        for row in table:
            if row and not (len(row) > column and is_id(row[column])):
                return None
            count += bool(row)
    except csv.Error:
        return None
    return Ids(lines, column, count)


def id_column(header: Sequence[str]) -> int | None:
    """Which column has the contact ids; None where none can be understood as such, or more than one."""
    found = [at for at, name in enumerate(header) if re.sub(r"[\s_]", "", name).casefold() in _ID_HEADERS]
    return found[0] if len(found) == 1 else None


def is_id(text: str) -> bool:
    return _UUID.fullmatch(text) is not None
