"""The program in this process beside a simulated account, both on a clock that goes on when somebody sleeps.

So what takes a day takes as long as its work does, and each request of it is counted where it arrives.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from reconciler import connections, reconcile
from reconciler.bootstrap import Process
from reconciler.connections import Wish
from reconciler.credentials import Credentials
from reconciler.demo.people import create_tables
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.key_ring import KeyRing
from reconciler.ledger import connections as stored
from reconciler.ledger import schema
from reconciler.request import Request
from reconciler.secret import Secret
from reconciler.settings import Settings
from reconciler.simulator import Simulator
from reconciler.simulator.rows import RowReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.report import Report
    from reconciler.simulator.answers import Answer
    from reconciler.simulator.answers import Request as Asked

NAME: Final = "acme"
#: Nothing renews a lease while the clock leaps; and what is counted is not to be held.
SETTINGS: Final[Mapping[str, float]] = {
    "lease_seconds": 100_000,
    "guard_added_percent": 100,
    "guard_updated_percent": 100,
    "guard_field_percent": 100,
    "guard_least": 2_000_000,
}
_POSTGRES: Final = {**THROWAWAY, "shared_buffers": "512MB", "max_wal_size": "4GB", "work_mem": "64MB"}
_SECOND: Final = 1.0
_PEOPLE: Final = """
    INSERT INTO contacts (workspace, id, email, first_name, last_name, phone, street, city, company)
    SELECT 'acme', CAST(lpad(to_hex(number), 32, '0') AS uuid), 'person' || number || '@example.com',
           'First' || number %% 1000, 'Last' || number %% 5000,
           '212-555-' || lpad(CAST(number %% 10000 AS text), 4, '0'),
           number || ' Garden Road', 'City' || number %% 300, 'Company' || number %% 700
    FROM generate_series(CAST(%s AS int), CAST(%s AS int)) AS number
"""
_CHANGE: Final = """
    UPDATE contacts SET last_name = %s || right(CAST(id AS text), 8), updated_at = now()
    WHERE id BETWEEN CAST(lpad(to_hex(CAST(%s AS int)), 32, '0') AS uuid)
                 AND CAST(lpad(to_hex(CAST(%s AS int)), 32, '0') AS uuid)
"""
_AHEAD: Final = """
    INSERT INTO reconciler.clock_offset (ahead) VALUES (make_interval(secs => %s))
    ON CONFLICT (only_row) DO UPDATE SET ahead = EXCLUDED.ahead
"""


class NotRunError(Exception):
    """The connection was paused, or something else kept it from running."""


@dataclass(slots=True)
class Arrivals:
    """What arrived at the account, and when, by its own clock."""

    operations: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    #: Of each import: its bytes and its contacts.
    imports: list[tuple[int, int]] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return self.operations.total()

    @property
    def most_in_a_second(self) -> int:
        """The most that arrived within any second."""
        first = most = 0
        for last, moment in enumerate(self.times):
            while self.times[first] <= moment - _SECOND:
                first += 1
            most = max(most, last - first + 1)
        return most


class Rehearsal:
    """One workspace, its account, and the program; made by `rehearsal`."""

    def __init__(self, url: str, folder: Path, simulator: Simulator, settings: Settings) -> None:
        self.url = url
        self.simulator = simulator
        self.provider = simulator._provider  # noqa: SLF001 - its clock and its people, without a request
        self.arrivals = Arrivals()
        self._ahead = 0.0
        self._db = psycopg.connect(url, autocommit=True)
        self._answer = self.provider.answer
        self.provider.answer = self._counted  # type: ignore[method-assign]
        self._here = Process(settings, sleep=self.sleep, monotonic=self.monotonic, random=lambda: 0.5)
        self._folder = folder

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Nobody waits: all clocks go on by so much."""
        if seconds > 0:
            self._ahead += seconds
            self.provider.clock.advance(seconds)
            self._db.execute(_AHEAD, [self._ahead])

    def fill(self, first: int, last: int, *, account: bool) -> None:
        """Invent these people in the CRM, and with `account` on the list too, as the CRM has them."""
        self._db.execute(_PEOPLE, (first, last))
        self._db.execute("VACUUM ANALYZE contacts")
        if account:
            there, at = self.provider.account, self.provider.clock.now() - 86_400
            reader = RowReader(there.custom_field_ids())
            for number in range(first, last + 1):
                row = _row(number)
                there.create(str(row["email"]), reader.read(row), (self.simulator.list_id,), "implicit", at)

    def change(self, first: int, last: int, name: str) -> None:
        """Give these people of the CRM another last name, each one of their own."""
        self._db.execute(_CHANGE, (name, first, last))

    def connect(self, **settings: float) -> None:
        """Connect and start; nothing is synced yet."""
        with contextlib.closing(self._here.ledger()) as ledger:
            doors = self._here.doors(ledger, lambda _: self.simulator.list_id)
            given = Credentials(Secret(self.simulator.api_key), Secret(self.simulator.access_token))
            made = connections.connect(doors, Wish(NAME, list_id=self.simulator.list_id), lambda: given, "bench")
            with ledger.transaction() as tx:
                stored.set_settings(tx, made.connection_id, {**SETTINGS, **settings})
            connections.start(ledger, made, "bench")

    def tick(self) -> Report | None:
        """Run as the scheduler does; None where there was nothing to do. Raises NotRunError where it can't."""
        with contextlib.closing(self._here.ledger()) as ledger:
            said = reconcile.run(self._here.parts(ledger, lambda _: None), NAME, Request("schedule", is_tick=True))
        if isinstance(said, str):
            raise NotRunError(said)
        return said

    def counted(self) -> tuple[Report | None, Arrivals]:
        """A tick, and what of it arrived."""
        self.arrivals = Arrivals()
        return self.tick(), self.arrivals

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        cursor = self._db.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        self._db.close()

    def _counted(self, request: Asked) -> Answer:
        self.arrivals.times.append(self.provider.clock.now())
        answer = self._answer(request)
        entry = self.provider.history.requests.pop()
        self.arrivals.operations[str(entry["operation"])] += 1
        if entry["operation"] == "bulkImportContactsJSON":
            emails = entry.get("emails")
            self.arrivals.imports.append((len(request.body), len(emails) if isinstance(emails, list) else 0))
        return answer


def _row(number: int) -> dict[str, object]:
    return {
        "email": f"person{number}@example.com",
        "first_name": f"First{number % 1000}",
        "last_name": f"Last{number % 5000}",
        "phone": f"212-555-{number % 10000:04d}",
        "street": f"{number} Garden Road",
        "city": f"City{number % 300}",
        "company_name": f"Company{number % 700}",
    }


@contextlib.contextmanager
def rehearsal(pace: float = 2.8, **switches: object) -> Iterator[Rehearsal]:
    """A new PostgreSQL, an empty CRM and an empty account; the account keeps to the provider's limits."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(settings=_POSTGRES) as server,
        rehearsed(server.url(), Path(folder), pace, **switches) as made,
    ):
        yield made


@contextlib.contextmanager
def rehearsed(url: str, folder: Path, pace: float = 2.8, **switches: object) -> Iterator[Rehearsal]:
    """The same on a database that is there, empty or with the ledger's schema."""
    environ = {
        "RECONCILER_DATABASE_URL": url,
        "RECONCILER_KEYRING": str(folder / "keys.json"),
        "RECONCILER_PACE_PER_SECOND": str(pace),
        "RECONCILER_LOG_LEVEL": "error",
    }
    with Simulator(switches={"limits": True, **switches}) as simulator:
        environ |= {"RECONCILER_API_URL": simulator.api_url, "RECONCILER_AUTH_URL": simulator.auth_url}
        settings = Settings.load(environ, None)
        KeyRing.create(folder / "keys.json")
        with contextlib.closing(Process(settings).ledger()) as ledger:
            schema.apply(ledger)
        with psycopg.connect(url) as db:
            create_tables(db)
        made = Rehearsal(url, folder, simulator, settings)
        with contextlib.closing(made):
            yield made
