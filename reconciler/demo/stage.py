"""What the demo plays on: a CRM, a simulated Constant Contact, and the program between them."""

from __future__ import annotations

import contextlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from reconciler import connection_page, connections, credentials, health, reconcile, record
from reconciler.bootstrap import Process
from reconciler.demo import people
from reconciler.demo.account import Account
from reconciler.demo.hurry import Hurry
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.errors import UsageError
from reconciler.key_ring import KeyRing
from reconciler.ledger import ages, runs, schema, usage
from reconciler.request import Request
from reconciler.settings import Settings
from reconciler.simulator import SideDoor, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reconciler.demo.people import Person
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger
    from reconciler.report import Report

WORKSPACE: Final = "acme"
_STRANGERS: Final = 25
#: When the demo's clocks are set ahead, the CRM's rows are written by the same time.
_ONE_CLOCK: Final = """
    CREATE OR REPLACE FUNCTION contacts_set_updated_at() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN NEW.updated_at = reconciler.clock(); RETURN NEW; END $$;
    ALTER TABLE contacts ALTER updated_at SET DEFAULT reconciler.clock();
"""


@dataclass(frozen=True)
class Stage:
    """Both sides and the program between them."""

    url: str
    simulator: Simulator
    door: SideDoor
    process: Process
    ledger: Ledger
    tell: Callable[[str], None]
    #: How a process of its own is set up on this stage, and where it can be.
    environment: Mapping[str, str]
    folder: Path

    @property
    def account(self) -> Account:
        """Constant Contact's own side."""
        return Account(self.door, self.simulator.list_id)

    def connect(self) -> Connection:
        """Connect the workspace with the list, as `reconciler connect` does."""
        pasted = json.dumps({"api_key": self.simulator.api_key, "access_token": self.simulator.access_token})
        wish = connections.Wish(WORKSPACE, list_id=self.simulator.list_id)
        doors = self.process.doors(self.ledger, lambda lists: lists[0].list_id)
        return connections.connect(doors, wish, lambda: credentials.parse(pasted), "demo")

    def run(self, *, full: bool = False, plan_only: bool = False, trigger: str = "cli") -> Report:
        """Run once, as `reconciler run` does."""
        request = Request(trigger, "demo", full=full, plan_only=plan_only)
        outcome = reconcile.run(self.process.parts(self.ledger, self.tell), WORKSPACE, request)
        if outcome is None or isinstance(outcome, str):
            raise UsageError(f"the demo's run did not take place: {outcome}")
        return outcome

    def status(self) -> str:
        """How the connection stands, as `reconciler status` says it."""
        connection = reconcile.find(self.ledger, WORKSPACE)
        with self.ledger.transaction() as tx:
            return connection_page.status(
                connection,
                record.standing(tx, connection.connection_id),
                runs.latest(tx, connection.connection_id),
                usage.left_today(tx, connection.account.key_fingerprint, self.process.pace(connection)[1]),
                health.judge(ages.of_one(tx, connection.connection_id)),
            )

    def pass_time(self, seconds: float) -> None:
        """Set the clocks of the CRM, the ledger and Constant Contact ahead."""
        _set_ahead(self.url, self.door, seconds)

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Do something in the CRM, as its users would."""
        with psycopg.connect(self.url) as db:
            cursor = db.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def set_stage(
    contacts: Sequence[Person], tell: Callable[[str], None], *, speed: str = "real", pace: float | None = None
) -> Iterator[Stage]:
    """Start PostgreSQL and the simulator, fill the CRM; everything is gone at the end. `pace`: calls a second."""
    with (
        tempfile.TemporaryDirectory(prefix="reconciler-demo-") as folder,
        EmbeddedPostgres(settings=THROWAWAY) as server,
        Simulator(speed=speed) as simulator,
    ):
        with psycopg.connect(server.url()) as db:
            people.create_tables(db)
            people.insert(db, WORKSPACE, contacts)
        url, door = server.url(), SideDoor(simulator.url)
        environment = _environment(url, simulator, Path(folder), pace)
        hurry = Hurry(lambda seconds: _set_ahead(url, door, seconds))
        process = Process(Settings.load(environment, None), sleep=hurry.sleep, monotonic=hurry.monotonic)
        ledger = process.ledger()
        try:
            schema.apply(ledger)
            stage = Stage(url, simulator, door, process, ledger, tell, environment, Path(folder))
            stage.sql(_ONE_CLOCK)
            yield stage
        finally:
            ledger.close()


def fill_account(stage: Stage, contacts: Sequence[Person]) -> dict[str, int]:
    """What Constant Contact has before anybody connects: some of the CRM's people in every state, and strangers."""
    plain = [person for person in contacts if person.group == people.PLAIN and person.email]
    known, unsubscribed, deleted, elsewhere = plain[:40], plain[40:52], plain[52:58], plain[58:78]
    list_id = stage.simulator.list_id
    for person in known + unsubscribed:
        names = {"first_name": person.first_name, "last_name": person.last_name}
        _create(stage, person, list_id, {**names, "company_name": "Its Former Name"})
    for person in deleted + elsewhere:
        _create(stage, person, None, {"first_name": person.first_name})
    for person in unsubscribed:
        stage.door.contact(action="unsubscribe", email=person.email)
    for person in deleted:
        stage.door.contact(action="delete", email=person.email)
    stage.door.contact(action="bulk_create", count=_STRANGERS, list_id=list_id)
    return {
        "on the list": len(known) + _STRANGERS,
        "of them strangers to the CRM": _STRANGERS,
        "unsubscribed": len(unsubscribed),
        "deleted": len(deleted),
        "in the account but not on this list": len(elsewhere),
    }


def _create(stage: Stage, person: Person, list_id: str | None, fields: dict[str, str]) -> None:
    wanted = {name: " ".join(value.split())[:50] for name, value in fields.items() if value.strip()}
    stage.door.contact(action="create", email=person.email, fields=wanted, **({"list_id": list_id} if list_id else {}))


def _set_ahead(url: str, door: SideDoor, seconds: float) -> None:
    with psycopg.connect(url) as db:
        db.execute(
            "INSERT INTO reconciler.clock_offset (ahead) VALUES (make_interval(secs => %s))"
            " ON CONFLICT (only_row) DO UPDATE SET ahead = clock_offset.ahead + EXCLUDED.ahead",
            (seconds,),
        )
    door.advance(seconds)


def _environment(url: str, simulator: Simulator, folder: Path, pace: float | None) -> dict[str, str]:
    keyring = folder / "keys.json"
    KeyRing.create(keyring)
    return {
        "RECONCILER_DATABASE_URL": url,
        "RECONCILER_KEYRING": str(keyring),
        "RECONCILER_API_URL": simulator.api_url,
        "RECONCILER_AUTH_URL": simulator.auth_url,
        **({"RECONCILER_PACE_PER_SECOND": str(pace)} if pace else {}),
    }
