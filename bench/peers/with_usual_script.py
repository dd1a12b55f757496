"""The way of most scripts: read all, pull all, one call for each contact; `reconciler/demo/usual_script.py`.

What it does better: it is one page that anybody reads in five minutes and needs nothing but Python, and who is refused
is known at once and by name. Its pauses are left out here, as the pace of the others is.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import imports
import psycopg2
import psycopg2.extras

_SCRIPT = Path(__file__).parents[2] / "reconciler" / "demo" / "usual_script.py"


def main() -> None:
    """Read the CRM by a cursor of dictionaries, then do the script's own pass."""
    found = importlib.util.spec_from_file_location("usual_script", _SCRIPT)
    if found is None or found.loader is None:
        raise SystemExit(f"there is no {_SCRIPT}")
    script = importlib.util.module_from_spec(found)
    # A dataclass looks its own module up.
    sys.modules["usual_script"] = script
    found.loader.exec_module(script)
    url = os.environ["PEER_CRM"].replace("+psycopg2", "")
    with psycopg2.connect(url) as db, db.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(f"SELECT {', '.join(imports.KEYS)}, marketing_opt_out, deleted_at FROM contacts")
        rows = cursor.fetchall()
    api = script.Api(os.environ["PEER_API_URL"], os.environ["PEER_TOKEN"], 0)
    summary = script.sync(rows, api, os.environ["PEER_LIST_ID"])
    if summary.failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
