"""What a fleet of workers carries, and what becomes of it when one is killed and another stands still.

    python bench/fleet.py survive [--connections 2000] [--people 50] [--every 120] [--minutes 8]
    python bench/fleet.py grow [--sizes 100 1000 10000] [--workers 1 2 3]
    python bench/fleet.py statements

Each prints a table. It has a PostgreSQL of its own and a simulated Constant Contact with an account for each
connection; nothing else is needed. Numbers of one machine say how cost grows, not what another machine carries.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import re
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

from reconciler import database_url
from reconciler.bootstrap import Process
from reconciler.demo import people
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.key_ring import KeyRing
from reconciler.ledger import accounts, schema
from reconciler.ledger.database import Ledger
from reconciler.secret import Secret
from reconciler.settings import Settings
from tests.crowd import PEOPLE, Crowd, until, worker

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence

_SETTINGS: Final = {**THROWAWAY, "max_connections": "300", "shared_buffers": "512MB"}
_SAMPLE_SECONDS: Final = 2.0


@contextlib.contextmanager
def installation(settings: Mapping[str, str] = _SETTINGS) -> Iterator[tuple[str, dict[str, str], Path]]:
    """A server with a ledger and a CRM, the environment of the program on it, and the server's folder."""
    root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - the folder in it is private
    with tempfile.TemporaryDirectory(dir=root) as folder, EmbeddedPostgres(Path(folder), settings=settings) as server:
        for name in ("ledger", "crm"):
            server.create_database(name)
        keys = Path(folder) / "keys.json"
        KeyRing.create(keys)
        with contextlib.closing(Ledger(database_url.parse(server.url("ledger")))) as ledger:
            schema.apply(ledger)
        with psycopg.connect(server.url("crm")) as db:
            people.create_tables(db)
        environ = {
            **os.environ,
            "RECONCILER_DATABASE_URL": server.url("ledger"),
            "RECONCILER_CRM_URL": server.url("crm"),
            "RECONCILER_KEYRING": str(keys),
            "RECONCILER_PACE_PER_SECOND": "100",
            "RECONCILER_LOG_LEVEL": "error",
            "RECONCILER_AUTH_URL": "http://127.0.0.1:1",
        }
        yield server.url("ledger"), environ, Path(folder)


@contextlib.contextmanager
def workers(count: int, environ: Mapping[str, str], *options: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many workers, each known to the server by its name."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                worker(*options, environ={**environ, "PGAPPNAME": f"worker{number}"}, is_in_a_hurry=False)
            )
            for number in range(1, count + 1)
        ]


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    with contextlib.suppress(OSError):
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0
    return 0.0


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table as documents have it."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{each:,.1f}" if isinstance(each, float) else f"{each}" for each in row) + " |")
    print(flush=True)


def bring_in_step(crowd: Crowd, environ: Mapping[str, str], count: int) -> None:
    """Do the first sync, and the tick some minutes later that finds all of it shown: from then on ticks are idle.

    The CRM has the people of all workspaces by then: none of them is new to the copies.
    """
    with psycopg.connect(crowd.crm) as db:
        db.execute(PEOPLE, {"first": 1, "last": count - 1, "people": crowd.people})
        db.execute("ANALYZE")
    with worker("--every", "1h", environ=environ):
        until(lambda: crowd.sql("SELECT synced_at FROM reconciler.connections") != [(None,)])
        crowd.sql("INSERT INTO reconciler.clock_offset (ahead) VALUES (interval '20 minutes')")
        for ticks in (1, 2):
            crowd.sql("UPDATE reconciler.schedules SET due_at = reconciler.clock()")
            asked = f"SELECT count(*) FROM reconciler.connections WHERE quiet_ticks >= {ticks}"
            until(lambda asked=asked: crowd.sql(asked) == [(1,)])  # type: ignore[misc]


def multiply(crowd: Crowd, environ: Mapping[str, str], count: int) -> None:
    """Copy the one connection that is there, which is in step: so many idle ones, each with a key of its own."""
    here = Process(Settings.load(environ, None))
    vault, token = here.vault(), Secret(crowd.providers[0].tokens.access_token)
    with contextlib.closing(here.ledger()) as ledger, ledger.transaction() as tx:
        for number in range(1, count):
            known, key = f"a07e1w{number}", Secret(f"key {number}")
            made = accounts.account_id(tx, known, "Another", vault.keyed_hash(key.reveal()))
            given = {"api_key": key, "access_token": token}
            sealed = {name: vault.seal(each, table="accounts", row=known, field=name) for name, each in given.items()}
            nothing = {"refresh_token": None, "client_secret": None}
            accounts.set_credentials(tx, made, {**sealed, **nothing}, ends_at=None, life_seconds=None)
    with psycopg.connect(crowd.url) as db:
        db.execute((Path(__file__).parent / "copies.sql").read_bytes())


class Watch:
    """How far apart the ticks of each connection are, while the workers work."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._last: dict[str, float] = {}
        self.longest: dict[str, float] = collections.defaultdict(float)
        self.most_database_connections: dict[str, int] = collections.defaultdict(int)

    def look(self) -> None:
        found = self._crowd.sql("SELECT name, extract(epoch FROM last_tick_at) FROM reconciler.connections")
        for name, tick in found:
            now = float(tick or 0)
            if name in self._last:
                self.longest[name] = max(self.longest[name], now - self._last[name])
            self._last[name] = now
        used = self._crowd.sql(
            "SELECT application_name, count(*) FROM pg_stat_activity"
            " WHERE starts_with(application_name, 'worker') GROUP BY 1"
        )
        for name, count in used:
            self.most_database_connections[name] = max(self.most_database_connections[name], count)

    def end(self) -> None:
        now = float(self._crowd.sql("SELECT extract(epoch FROM clock_timestamp())")[0][0])
        for name, last in self._last.items():
            self.longest[name] = max(self.longest[name], now - last)


def survive(connections: int, people_each: int, every: int, minutes: float) -> bool:
    """Three workers; one is killed half-way, one stands still for a minute. People change all the time."""
    with installation() as (url, environ, _):
        crm = environ["RECONCILER_CRM_URL"]
        with Crowd(url, connections, people_each, crm=crm) as crowd:
            environ["RECONCILER_API_URL"] = f"{crowd.address}/v3"
            began = time.monotonic()
            crowd.settle(environ)
            print(
                f"{connections:,} connections of {people_each} contacts: connected in {time.monotonic() - began:.0f} s"
            )
            options = ("--every", f"{every}s", "--at-once", "4")
            with workers(3, environ, *options) as three:
                began = time.monotonic()
                first = "SELECT count(*) FROM reconciler.connections WHERE synced_at IS NULL"
                until(lambda: crowd.sql(first) == [(0,)], 3600)
                print(
                    f"every first sync done after {time.monotonic() - began:.0f} s: {crowd.calls:,} calls", flush=True
                )
                watch, memory = _disturbed(crowd, crm, three, every, minutes)
        return _told(crowd, watch, memory, every)


def _disturbed(
    crowd: Crowd, crm: str, three: Sequence[subprocess.Popen[bytes]], every: int, minutes: float
) -> tuple[Watch, dict[str, float]]:
    time.sleep(every)  # the first syncs came in one heap
    watch, memory, end = Watch(crowd), collections.defaultdict(float), time.monotonic() + 60 * minutes
    half, awake = time.monotonic() + 30 * minutes, 0.0
    with psycopg.connect(crm, autocommit=True) as db:
        while (now := time.monotonic()) < end:
            for _ in range(5):
                _change_somebody(db, crowd)
            watch.look()
            for number, process in enumerate(three, 1):
                memory[f"worker{number}"] = max(memory[f"worker{number}"], resident_mb(process))
            if half and now > half:
                three[0].kill()
                three[1].send_signal(signal.SIGSTOP)
                half, awake = 0.0, now + 60
                print("worker1 killed, worker2 stopped for a minute", flush=True)
            if awake and now > awake:
                three[1].send_signal(signal.SIGCONT)
                awake = 0.0
            time.sleep(_SAMPLE_SECONDS)
        over = time.monotonic() + every + 30  # who was changed last is pushed
        while time.monotonic() < over:
            watch.look()  # in so long a time a connection may have two ticks
            time.sleep(_SAMPLE_SECONDS)
        watch.end()
    return watch, memory


def _change_somebody(db: psycopg.Connection[object], crowd: Crowd) -> None:
    name = random.choice(crowd.names)  # noqa: S311 - no secret
    db.execute(
        "UPDATE contacts SET first_name = 'New' || floor(random() * 1e9) WHERE email = %s",
        (f"p{random.randint(1, crowd.people)}.{name}@example.com",),  # noqa: S311 - no secret
    )


def _told(crowd: Crowd, watch: Watch, memory: Mapping[str, float], every: int) -> bool:
    gaps = sorted(watch.longest.values())
    late = sum(gap > 2 * every for gap in gaps)
    waiting = crowd.sql("SELECT sum(waiting) FROM reconciler.connections")[0][0]
    overlapping = crowd.sql(
        "SELECT count(*) FROM reconciler.runs AS a JOIN reconciler.runs AS b ON a.connection_id = b.connection_id"
        " AND a.run_id < b.run_id AND a.finished_at > b.started_at AND a.state <> 'abandoned'"
    )[0][0]
    unfinished = crowd.sql("SELECT count(*) FROM reconciler.runs WHERE state IS NULL")[0][0]
    states = dict(crowd.sql("SELECT state, count(*) FROM reconciler.runs GROUP BY 1"))
    table(
        ("what", "seen"),
        [
            ("longest time between two ticks of a connection: median", f"{gaps[len(gaps) // 2]:.0f} s"),
            ("the same, the longest of all", f"{gaps[-1]:.0f} s, allowed {2 * every} s"),
            ("connections that were not fresh within twice their interval", late),
            ("runs of one connection at the same time", overlapping),
            ("contacts still waiting", waiting),
            ("runs by state", ", ".join(f"{count} {state}" for state, count in sorted(states.items(), key=str))),
            ("runs without an end", unfinished),
        ],
    )
    table(
        ("worker", "database connections, at most", "memory, at most, MB"),
        [(name, watch.most_database_connections[name], memory[name]) for name in sorted(memory)],
    )
    return not (late or overlapping or unfinished)


def grow(sizes: Sequence[int], counts: Sequence[int]) -> bool:
    """How many due connections a second: all are due, and nobody has changed."""
    rows = []
    for size in sizes:
        with installation() as (url, environ, _), Crowd(url, 1, 50, crm=environ["RECONCILER_CRM_URL"]) as crowd:
            environ["RECONCILER_API_URL"] = f"{crowd.address}/v3"
            crowd.settle(environ)
            bring_in_step(crowd, environ, size)
            multiply(crowd, environ, size)
            calls = crowd.calls
            for count in counts:
                rows.append((f"{size:,}", count, _ticks_a_second(crowd, environ, count, size)))
                table(("connections", "workers", "due connections a second"), rows[-1:])
            print(f"calls for all of it: {crowd.calls - calls}")
    table(("connections", "workers", "due connections a second"), rows)
    return True


def _ticks_a_second(crowd: Crowd, environ: Mapping[str, str], count: int, size: int) -> float:
    crowd.sql("UPDATE reconciler.schedules SET due_at = 'infinity'")
    with workers(count, environ, "--every", "1h", "--at-once", "4"):
        until(lambda: crowd.sql("SELECT count(*) FROM reconciler_queue.procrastinate_workers") == [(count,)], 60)
        began = time.monotonic()
        [(now,)] = crowd.sql("SELECT reconciler.clock()")
        crowd.sql("UPDATE reconciler.schedules SET due_at = %s", now)
        done = "SELECT count(*) FROM reconciler.connections WHERE last_tick_at > %s"
        until(lambda: crowd.sql(done, now) == [(size,)], 3600)
        return size / (time.monotonic() - began)


_LOGGED: Final = {
    **_SETTINGS,
    "log_min_duration_statement": "0",
    "log_line_prefix": "%a %d ",
    "log_destination": "stderr",
}
_ENTRY: Final = re.compile(
    r"^(\S*) (ledger|crm) \S+\s+duration: [\d.]+ ms  (?:execute|statement)[^:]*: (.*)", re.MULTILINE
)


#: How statements of Procrastinate begin that name none of its tables in their first line.
_QUEUE: Final = ("SELECT id, status, task_name", "WITH stalled_workers", "SELECT  unnest(")


def _kind(said: str) -> str:
    if said in ("BEGIN", "COMMIT", "ROLLBACK"):
        return said
    is_the_queue_s = "procrastinate_" in said or said.startswith(_QUEUE)
    return "the queue's own" if is_the_queue_s else "ping" if said in ("", ";", "SELECT 1") else "ours"


def statements() -> bool:
    """What the ledger is asked for one idle connection and one tick, by the log of the server itself."""
    size = 200
    with installation(_LOGGED) as (url, environ, folder), Crowd(url, 1, 50, crm=environ["RECONCILER_CRM_URL"]) as crowd:
        environ["RECONCILER_API_URL"] = f"{crowd.address}/v3"
        crowd.settle(environ)
        bring_in_step(crowd, environ, size)
        multiply(crowd, environ, size)
        log = next(folder.rglob("server.log"))
        read = len(log.read_bytes())
        _ticks_a_second(crowd, environ, 1, size)
        found = collections.Counter()
        for application, database, said in _ENTRY.findall(log.read_bytes()[read:].decode(errors="replace")):
            if application.startswith("worker"):
                found[database, _kind(said.strip())] += 1
        table(
            ("database", "statements", "for each idle connection and tick"),
            [(*which, count / size) for which, count in sorted(found.items())],
        )
    return found["ledger", "ours"] / size <= 5.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    ways = parser.add_subparsers(dest="way", required=True)
    one = ways.add_parser("survive")
    one.add_argument("--connections", type=int, default=2000)
    one.add_argument("--people", type=int, default=50)
    one.add_argument("--every", type=int, default=120)
    one.add_argument("--minutes", type=float, default=8)
    two = ways.add_parser("grow")
    two.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    two.add_argument("--workers", type=int, nargs="+", default=[1, 2, 3])
    ways.add_parser("statements")
    asked = parser.parse_args()
    if asked.way == "survive":
        return 0 if survive(asked.connections, asked.people, asked.every, asked.minutes) else 1
    return 0 if (grow(asked.sizes, asked.workers) if asked.way == "grow" else statements()) else 1


if __name__ == "__main__":
    sys.exit(main())
