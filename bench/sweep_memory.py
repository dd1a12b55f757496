"""What a full comparison of a large CRM takes: memory of the process, seconds, and that the first does not grow.

    uv run python bench/sweep_memory.py 100000 1000000

Everything real: a PostgreSQL out of the wheel, the program as a process of its own, a simulated Constant Contact.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
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


def main() -> None:
    """Measure each size that is named, each in a process of its own."""
    for text in sys.argv[1:] or ["100000"]:
        said = subprocess.run([sys.executable, __file__, "--one", text], check=True, capture_output=True, text=True)
        sys.stdout.write(said.stdout)


def measure(contacts: int) -> None:
    """One size: connect, then a full plan; the largest resident memory of both is the measure."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(settings={**THROWAWAY, "max_wal_size": "4GB"}) as server,
        Simulator() as simulator,
    ):
        with psycopg.connect(server.url()) as db:
            create_tables(db)
            db.execute(_INSERT, [contacts])
        with psycopg.connect(server.url(), autocommit=True) as db:
            db.execute("VACUUM ANALYZE contacts")
        environment = _environment(server, simulator, folder)
        token = Path(folder, "token.json")
        token.write_text(json.dumps({"api_key": simulator.api_key, "access_token": simulator.access_token}))
        _say(environment, "init")
        connect = _say(
            environment, "connect", "acme", "--no-start", "--credentials", str(token), "--list-id", simulator.list_id
        )
        plan = _say(environment, "plan", "acme", "--full")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"{contacts:>9,} contacts: {peak:5.0f} MB at most; connect {connect:.0f} s, sweep {plan:.0f} s\n")


def _environment(server: EmbeddedPostgres, simulator: Simulator, folder: str) -> dict[str, str]:
    return os.environ | {
        "RECONCILER_DATABASE_URL": server.url(),
        "RECONCILER_KEYRING": f"{folder}/keys.json",
        "RECONCILER_API_URL": simulator.api_url,
        "RECONCILER_AUTH_URL": simulator.auth_url,
        "RECONCILER_PACE_PER_SECOND": "1000",
    }


def _say(environment: dict[str, str], *words: str) -> float:
    began = time.monotonic()
    command = [sys.executable, "-c", "from reconciler.cli import main; main()", *words]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return time.monotonic() - began


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]))
    else:
        main()
