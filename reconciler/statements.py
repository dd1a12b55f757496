"""Named SQL: each statement is a file under `sql/`, found from a checkout, an editable install or a wheel."""

from __future__ import annotations

import functools
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
#: In a wheel the files lie inside the package; in a checkout and an editable install beside it.
_PLACES = (_PACKAGE / "_sql", _PACKAGE.parent / "sql")


@functools.cache
def folder() -> Path:
    """Say where the SQL files are. Raises FileNotFoundError where an installation lost them."""
    for place in _PLACES:
        if (place / "schema").is_dir():
            return place
    raise FileNotFoundError(f"no SQL files in {' or '.join(str(place) for place in _PLACES)}; install again")


@functools.cache
def read(name: str) -> str:
    """Give the text of `sql/NAME.sql`; a wrong name is answered with the names there are."""
    file = folder() / f"{name}.sql"
    if not file.is_file():
        known = sorted(path.stem for path in file.parent.glob("*.sql"))
        raise LookupError(f"no statement {name!r}; there are: {', '.join(known)}")
    return file.read_text(encoding="utf-8")
