"""What the ledger holds for each contact: bytes by table after the first sync, and what one update of everybody adds.

    uv run python bench/ledger_size.py 5000 20000

Everything real: a PostgreSQL out of the wheel, the program as a process of its own, a simulated Constant Contact.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import psycopg

from reconciler.demo.people import create_tables
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.simulator import Simulator

_INSERT: Final = """
    INSERT INTO contacts (workspace, email, first_name, last_name, phone, city)
    SELECT 'acme', 'person' || number || '@example.com', 'First' || number %% 1000, 'Last' || number %% 5000,
           '697-555-' || lpad(CAST(number %% 10000 AS text), 4, '0'), 'Brno'
    FROM generate_series(1, %s) AS number
"""
_SIZES: Final = """
    SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = 'reconciler' AND c.relkind = 'r' ORDER BY 2 DESC, 1
"""
_LEAST_BYTES: Final = 10
#: So that an update of everybody is not held.
_OPEN: Final = (
    "guard_updated_percent=100",
    "guard_field_percent=100",
    "guard_added_percent=100",
    "guard_least=1000000",
)


def measure(contacts: int) -> None:
    """One size: the first sync of everybody, then an update of everybody."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(settings={**THROWAWAY, "max_wal_size": "4GB"}) as server,
        Simulator() as simulator,
    ):
        with psycopg.connect(server.url()) as db:
            create_tables(db)
            db.execute(_INSERT, [contacts])
        environment = _environment(server, simulator, folder)
        token = Path(folder, "token.json")
        token.write_text(json.dumps({"api_key": simulator.api_key, "access_token": simulator.access_token}))
        _say(environment, "init")
        there = ("--list-id", simulator.list_id, "--no-start")
        _say(environment, "connect", "acme", "--credentials", str(token), *there)
        _say(environment, "set", "acme", *_OPEN)
        _say(environment, "start", "acme")
        _say(environment, "run", "acme")
        _show(server.url(), contacts, "first sync")
        with psycopg.connect(server.url()) as db:
            db.execute("UPDATE contacts SET city = 'Graz'")
        _say(environment, "run", "acme")
        _show(server.url(), contacts, "first sync and one update")


def _show(url: str, contacts: int, what: str) -> None:
    """Bytes for each contact, with what is dead by now taken out: a server does that by itself."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("VACUUM FULL")
        sizes = {str(name): int(size) / contacts for name, size in db.execute(_SIZES)}
    sys.stdout.write(f"{contacts:,} contacts, {what}: {sum(sizes.values()):,.0f} bytes each\n")
    for name, size in sizes.items():
        if size >= _LEAST_BYTES:
            sys.stdout.write(f"  {name:<20} {size:8,.0f}\n")


def _environment(server: EmbeddedPostgres, simulator: Simulator, folder: str) -> dict[str, str]:
    return os.environ | {
        "RECONCILER_DATABASE_URL": server.url(),
        "RECONCILER_KEYRING": f"{folder}/keys.json",
        "RECONCILER_API_URL": simulator.api_url,
        "RECONCILER_AUTH_URL": simulator.auth_url,
        "RECONCILER_PACE_PER_SECOND": "1000",
    }


def _say(environment: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-c", "from reconciler.cli import main; main()", *words]
    subprocess.run(command, check=True, env=environment, capture_output=True)


if __name__ == "__main__":
    for text in sys.argv[1:] or ["5000"]:
        measure(int(text))
