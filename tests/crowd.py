"""Many accounts of Constant Contact at one address, and a connection for each: as many as a test or a benchmark wants.

Every account has its own API key and token; by the token the one is found that a request is for.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self, cast

import psycopg

from reconciler import connections, fleet
from reconciler.bootstrap import Process
from reconciler.connections import Wish
from reconciler.credentials import Credentials
from reconciler.ledger import connections as stored
from reconciler.secret import Secret
from reconciler.settings import Settings
from reconciler.simulator.provider import Beginning, Provider
from reconciler.simulator.server import Server
from reconciler.simulator.state import NEWSLETTER
from reconciler.simulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.simulator.answers import Answer, Request

#: Contacts of workspaces by number.
PEOPLE = """
    INSERT INTO contacts (workspace, email, first_name)
    SELECT 'w' || workspace, 'p' || person || '.w' || workspace || '@example.com', 'Old'
    FROM generate_series(CAST(%(first)s AS int), %(last)s) AS workspace, generate_series(1, %(people)s) AS person
"""


class _Gate:
    """In the place of one account's provider: hands each request on to the account whose token it has."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._by_token = {each.tokens.access_token: each for each in providers}
        self.clock = providers[0].clock
        self.calls = 0

    def breaks_off(self, *_: object) -> bool:
        return False

    def answer(self, request: Request) -> Answer:
        self.calls += 1
        return self._by_token[request.headers["authorization"].removeprefix("Bearer ")].answer(request)


class Crowd:
    """So many accounts, each on a workspace of the same CRM table with so many people."""

    def __init__(self, url: str, accounts: int, people: int, *, crm: str = "") -> None:
        self.url, self.crm = url, crm or url
        self.names = [f"w{number}" for number in range(accounts)]
        self.people = people
        self._server = Server("127.0.0.1", 0)
        self.providers = [
            Provider(Beginning(name, f"{name}:{self._server.server_port}", 0, Switches(), time.time()))
            for name in self.names
        ]
        for name, provider in zip(self.names, self.providers, strict=True):
            provider.account.summary = {**provider.account.summary, "encoded_account_id": f"a07e1{name}"}
        self._gate = _Gate(self.providers)
        self._server.provider = cast("Provider", self._gate)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.run, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    @property
    def calls(self) -> int:
        return self._gate.calls

    def settle(self, environ: Mapping[str, str], **settings: float) -> None:
        """Fill the CRM, make the queue's tables, and connect and start everybody."""
        with psycopg.connect(self.crm) as db:
            db.execute("CREATE INDEX ON contacts (workspace)")
            db.execute(PEOPLE, {"first": 0, "last": len(self.names) - 1, "people": self.people})
        here = Process(Settings.load(environ, None))
        with contextlib.closing(here.ledger()) as ledger:
            fleet.apply_schema(ledger)
            doors = here.doors(ledger, lambda _: NEWSLETTER)
            for name, provider in zip(self.names, self.providers, strict=True):
                tokens = provider.tokens
                given = Credentials(Secret(tokens.api_key), Secret(tokens.access_token))
                made = connections.connect(doors, Wish(name, list_id=NEWSLETTER), lambda given=given: given, "crowd")  # type: ignore[misc]
                if settings:
                    with ledger.transaction() as tx:
                        stored.set_settings(tx, made.connection_id, settings)
                connections.start(ledger, made, "crowd")

    def members(self, name: str) -> int:
        """How many people an account's list has."""
        return len(self.providers[int(name[1:])].account.live.members(NEWSLETTER))

    @property
    def doubled(self) -> int:
        """How many people were sent in more than one import: nobody in here changes."""
        sent = self.sql(
            "SELECT count(*) FROM (SELECT b.connection_id, b.contact_id FROM reconciler.batch_contacts AS b"
            " JOIN reconciler.batches AS a USING (batch_id) WHERE a.activity_id IS NOT NULL"
            " GROUP BY 1, 2 HAVING count(*) > 1) AS twice"
        )
        return int(sent[0][0])

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as db:
            cursor = db.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def worker(
    *options: str, environ: Mapping[str, str] = os.environ, is_in_a_hurry: bool = True, within: Sequence[str] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own process, which says what it says where the test does; killed, if it has not ended.

    In a hurry it takes others for dead after two seconds. `within` is a command that becomes the one given to it.
    """
    hurry = "fleet._SILENT_SECONDS, fleet._HEARTBEAT_SECONDS = 2, 0.5; " if is_in_a_hurry else ""
    command = [*within, sys.executable, "-c", f"from reconciler import cli, fleet; {hurry}cli.main()", "worker"]
    command += options
    with subprocess.Popen(command, env=dict(environ)) as process:  # noqa: S603 - this interpreter
        try:
            yield process
        finally:
            process.kill()


def until(holds: Any, seconds: float = 20.0) -> None:
    """Wait until something holds; a test fails where it does not within its time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
