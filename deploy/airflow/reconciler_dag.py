"""An example for Airflow 3: all connections every five minutes, in four parts at once.

Copy it into the folder of your DAGs and change what is in capitals. The workers need the program, the key ring and the
file with the ledger's address; nothing is kept on their disks. Two runs of one connection never go on at once, whatever
Airflow starts: the lease in the ledger sees to that.
"""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

PROGRAM = "/opt/reconciler/bin/reconciler"
SETTINGS = {
    "RECONCILER_DATABASE_URL_FILE": "/etc/reconciler/database_url",
    "RECONCILER_KEYRING": "/etc/reconciler/keys.json",
    "RECONCILER_LOG_FORMAT": "json",
}
#: How many parts the connections are dealt into: a connection is in the same part each time.
SHARDS = 4
#: What is under way finishes its request before it stops, which takes two minutes at most.
ENDS_SECONDS = 180


@task(retries=2, retry_delay=timedelta(minutes=1))
def run(shard: int) -> None:
    """Run the connections of one part, and say what its exit code means here."""
    words = [PROGRAM, "run", "--all", "--shard", f"{shard}/{SHARDS}"]
    process = subprocess.Popen(words, env=os.environ | SETTINGS)
    try:
        code = process.wait()
    finally:  # Airflow ends a task by an exception: the program is asked to stop, and not killed
        process.terminate()
        process.wait(ENDS_SECONDS)
    match code:
        case 0:  # what was done, and what waits for somebody, is in the reports
            return
        case 2:
            raise AirflowFailException("wrong usage or settings: another try would end the same")
        case _:
            raise AirflowException(f"a run of part {shard} failed (exit {code}): tried again")


@dag(
    schedule=timedelta(minutes=5),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["reconciler"],
)
def reconciler() -> None:
    """Constant Contact lists in step with their CRMs."""
    run.expand(shard=list(range(1, SHARDS + 1)))


reconciler()
