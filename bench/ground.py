"""What a measurement stands on: a PostgreSQL with invented contacts, a simulated account, the program as a process.

Everything is real but Constant Contact, and each part is a process of its own: what is measured is the program alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import psycopg

from reconciler.demo.people import create_tables
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.simulator import SideDoor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).parents[1]
PROGRAM: Final = (sys.executable, "-c", "from reconciler.cli import main; main()")
_SETTINGS: Final = {**THROWAWAY, "shared_buffers": "1GB", "max_wal_size": "4GB", "work_mem": "64MB"}
_PORTION: Final = 20_000
_MOST_IN_MEMORY: Final = 200_000
_PEOPLE: Final = """
    INSERT INTO contacts (workspace, id, email, first_name, last_name, phone, city, company)
    SELECT 'acme', CAST(lpad(to_hex(number), 32, '0') AS uuid), 'person' || number || '@example.com',
           'First' || number %% 1000, 'Last' || number %% 5000,
           '212-555-' || lpad(CAST(number %% 10000 AS text), 4, '0'),
           'City' || number %% 300, 'Company' || number %% 700
    FROM generate_series(CAST(%s AS int), CAST(%s AS int)) AS number
"""
_CHANGE: Final = """
    UPDATE contacts SET last_name = %s || right(CAST(id AS text), 8)
    WHERE id <= CAST(lpad(to_hex(CAST(%s AS int)), 32, '0') AS uuid)
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A process that has ended well: what it took, and what it printed."""

    seconds: float
    #: The most memory it had at once, in MB of a million bytes.
    peak_mb: float
    #: Seconds of a processor, its own.
    busy: float
    #: Seconds of a processor, PostgreSQL's.
    database_busy: float
    calls: int
    printed: str


class FailedError(Exception):
    """What was to be measured did not work."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A CRM, a ledger, an account, and the environment in which the program finds them."""

    server: EmbeddedPostgres
    account: Mapping[str, str]
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def crm(self) -> str:
        return self.server.url("crm")

    @property
    def ledger(self) -> str:
        return self.server.url("ledger")

    @property
    def crm_for_sqlalchemy(self) -> str:
        """The address of the CRM as others' tools read it: by psycopg2, over the same socket."""
        sockets = parse_qs(urlsplit(self.crm).query)["host"][0]
        return f"postgresql+psycopg2://{urlsplit(self.crm).username or 'postgres'}@/crm?host={quote(sockets)}"

    @property
    def door(self) -> SideDoor:
        return SideDoor(self.account["url"])

    def fill_crm(self, first: int, last: int) -> None:
        """Invent these people in the CRM: the same number is always the same person."""
        with psycopg.connect(self.crm, autocommit=True) as db:
            db.execute(_PEOPLE, (first, last))
            db.execute("VACUUM ANALYZE contacts")

    def change(self, count: int, name: str = "Changed") -> None:
        """Give the first so many people of the CRM another last name."""
        with psycopg.connect(self.crm, autocommit=True) as db:
            db.execute(_CHANGE, (name, count))

    def fill_account(self, first: int, last: int) -> None:
        """Put the same people on the list, as the CRM has them."""
        for start in range(first, last + 1, _PORTION):
            people = [_member(number) for number in range(start, min(start + _PORTION, last + 1))]
            self.door.contact(action="bulk_create", list_id=self.account["list_id"], contacts=people)

    def members(self) -> int:
        """Say how many people are on the list, as the account itself counts them."""
        request = urllib.request.Request(  # noqa: S310 - the simulated account
            f"{self.account['api_url']}/contact_lists/{self.account['list_id']}?include_membership_count=all",
            headers={"Authorization": f"Bearer {self.account['access_token']}"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return int(json.load(answer)["membership_count"])

    def calls(self) -> int:
        """Say how many requests the account has had."""
        return int(self.door.state(contacts=False, history=0)["requests"]["total"])

    def connect(self, *options: str) -> Ran:
        """Make the ledger and connect the workspace acme; nothing is synced yet."""
        token = self.folder / "token.json"
        token.write_text(json.dumps({name: self.account[name] for name in ("api_key", "access_token")}))
        self.say("init")
        return self.say(
            "connect", "acme", "--no-start", "--credentials", str(token), "--list-id", self.account["list_id"], *options
        )

    def say(self, *words: str) -> Ran:
        """Say something to the program."""
        return self.measured([*PROGRAM, *words])

    def measured(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> Ran:
        """Run a process to its end. Raises FailedError with its last words where that is not 0."""
        before, database = self.calls(), self._database_busy()
        took = measured(command, {**self.environ, **(environ or {})}, self.folder)
        database = self._database_busy() - database
        return dataclasses.replace(took, database_busy=database, calls=self.calls() - before)

    def _database_busy(self) -> float:
        """Seconds of a processor that PostgreSQL has had, all its processes together."""
        postmaster = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        return _busy(postmaster, with_ended=True) + sum(_busy(int(child)) for child in children)


def measured(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Ran:
    """Run a process to its end, and say what it took by itself. Raises FailedError with its last words where not 0."""
    took = folder / "took"
    watched = [sys.executable, "-I", "-S", str(Path(__file__).with_name("watched.py")), str(took), *command]
    ended = subprocess.run(
        watched, cwd=ROOT, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    printed = ended.stdout.decode(errors="replace")
    if ended.returncode:
        raise FailedError(f"{' '.join(command[:4])} did not end well:\n{printed[-2000:]}")
    seconds, kilobytes, busy = map(float, took.read_text().split())
    return Ran(seconds, kilobytes * 1024 / 1e6, busy, 0.0, 0, printed)


def _busy(process_id: int, *, with_ended: bool = False) -> float:
    """Seconds of a processor of a process; of its children that have ended too, if asked for."""
    with contextlib.suppress(FileNotFoundError):
        times = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11:15]
        return sum(map(int, times if with_ended else times[:2])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _member(number: int) -> dict[str, Any]:
    return {
        "email": f"person{number}@example.com",
        "fields": {
            "first_name": f"First{number % 1000}",
            "last_name": f"Last{number % 5000}",
            "phone": f"212-555-{number % 10000:04d}",
            "city": f"City{number % 300}",
            "company_name": f"Company{number % 700}",
        },
    }


@contextlib.contextmanager
def ground(
    *switches: str, pace: int = 1000, settings: Mapping[str, str] = _SETTINGS, contacts: int = 0
) -> Iterator[Ground]:
    """A new PostgreSQL, an empty account and an empty CRM; all of it is gone after the block.

    It is in memory, but where so many contacts would take too much of that.
    """
    is_in_memory = contacts <= _MOST_IN_MEMORY and os.access("/dev/shm", os.W_OK)  # noqa: S108 - as below
    room = "/dev/shm" if is_in_memory else None  # noqa: S108 - the folder in it is private
    with (
        tempfile.TemporaryDirectory(dir=room) as folder,
        EmbeddedPostgres(Path(folder), settings=settings) as server,
        _simulator(switches) as account,
    ):
        for name in ("ledger", "crm"):
            server.create_database(name)
        with psycopg.connect(server.url("crm")) as db:
            create_tables(db)
        made = Ground(server, account, Path(folder))
        made.environ.update(os.environ)
        # Else each process would compile all that it imports, which is more work than most of what is measured.
        made.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        made.environ.update(
            RECONCILER_DATABASE_URL=made.ledger,
            RECONCILER_CRM_URL=made.crm,
            RECONCILER_KEYRING=f"{folder}/keys.json",
            RECONCILER_API_URL=account["api_url"],
            RECONCILER_AUTH_URL=account["auth_url"],
            RECONCILER_PACE_PER_SECOND=f"{pace}",
            RECONCILER_PACE_PER_DAY="10000000",
            RECONCILER_LOG_LEVEL="error",
        )
        yield made


@contextlib.contextmanager
def _simulator(switches: Sequence[str]) -> Iterator[dict[str, str]]:
    told = [word for each in switches for word in ("--switch", each)]
    command = [*PROGRAM, "simulator", "--port", "0", "--speed", "fast", *told]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - by the argument above
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
