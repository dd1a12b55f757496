"""The export of a list: a CSV file whose headers are not documented. What is not understood is no evidence."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Final

#: Header names, without blanks, underscores and case, that can only mean Constant Contact's contact_id.
_ID_HEADERS: Final = frozenset({"contactid", "contactuuid"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def request(list_id: str) -> bytes:
    """The body that asks for everybody on one list."""
    return json.dumps({"list_ids": [list_id]}, separators=(",", ":")).encode()


def contact_ids(text: str) -> list[str] | None:
    """The contact ids of an export; None where no column can be understood as such, or a row has none."""
    table = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = next(table, [])
    columns = [at for at, name in enumerate(header) if re.sub(r"[\s_]", "", name).casefold() in _ID_HEADERS]
    if len(columns) != 1:
        return None
    ids = [row[columns[0]] if len(row) > columns[0] else "" for row in table if row]
    return ids if all(_UUID.fullmatch(found) for found in ids) else None
