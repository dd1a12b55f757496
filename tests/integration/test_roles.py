"""The program as a role of its own: it does all it does, and can't rewrite the audit."""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from reconciler import database_url, fleet
from reconciler.demo import postgres
from reconciler.ledger.database import Ledger
from reconciler.ledger.schedules import Room
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

_ROLES = Path(__file__).parents[2] / "deploy" / "postgres" / "roles.sql"
_FORBIDDEN = (
    "UPDATE reconciler.audit SET actor = 'somebody else'",
    "DELETE FROM reconciler.audit",
    "TRUNCATE reconciler.audit",
    "DROP TABLE reconciler.audit",
    "ALTER TABLE reconciler.audit DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_is_append_only ON reconciler.audit",
    "UPDATE reconciler.schema_migrations SET name = 'other'",
    "INSERT INTO reconciler.clock_offset (ahead) VALUES ('1 day')",
    "CREATE TABLE reconciler.mine (a int)",
)


@pytest.fixture
def program(installation: Installation) -> Iterator[str]:
    """The address of the ledger for a role that has only the rights of roles.sql, and the CRM's to read."""
    role = f"program_{uuid.uuid4().hex[:12]}"
    name = sql.Identifier(role)
    with psycopg.connect(installation.url, autocommit=True) as db:
        db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'of-a-test'").format(name))
        _grant(installation.url, role)
        db.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(name))
        yield _as_role(installation.url, role)
        db.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(name))
        db.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(name))
        db.execute(sql.SQL("DROP ROLE {}").format(name))


def test_the_program_syncs_as_a_role_that_owns_nothing(
    installation: Installation, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_DATABASE_URL", program)
    installation.add("ada@example.com", first_name="Ada")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 1
    assert installation.say("pause", "acme").code == 0
    actions = [row[0] for row in installation.sql("SELECT action FROM reconciler.audit ORDER BY audit_id")]
    assert actions[0] == "connect"
    assert actions[-1] == "pause"


def test_a_worker_claims_and_queues_as_that_role(installation: Installation, program: str) -> None:
    with contextlib.closing(Ledger(database_url.parse(installation.url))) as ledger:
        fleet.apply_schema(ledger)
    _grant(installation.url, str(conninfo_to_dict(program)["user"]))
    installation.connect()
    manner = fleet.Manner(1, 300, Room(1, 1, 1), fleet.Place(Secret(program)))

    with contextlib.closing(Ledger(database_url.parse(program))) as ledger:
        assert fleet.Fleet(ledger, manner, fleet.Doing(lambda _: True))._claim()

    assert installation.sql("SELECT args ->> 'name' FROM reconciler_queue.procrastinate_jobs") == [("acme",)]


@pytest.mark.parametrize("statement", _FORBIDDEN)
def test_that_role_can_not_rewrite_what_was_written_down(
    installation: Installation, program: str, statement: str
) -> None:
    installation.sql(
        "INSERT INTO reconciler.audit (at, actor, action, connection) VALUES (now(), 'somebody', 'connect', 'acme')"
    )
    with psycopg.connect(program) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement)
    assert installation.sql("SELECT actor FROM reconciler.audit") == [("somebody",)]


def _grant(url: str, role: str) -> None:
    """Run roles.sql as an owner would, by the psql of the embedded server's wheel."""
    target = database_url.parse(url).dsn.reveal()
    told = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--set=program={role}", f"--file={_ROLES}"]
    done = subprocess.run([postgres._programs() / "psql", *told, target], check=False, capture_output=True, text=True)  # noqa: S603 - all is ours
    assert done.returncode == 0, done.stderr


def _as_role(url: str, role: str) -> str:
    found = psycopg.conninfo.conninfo_to_dict(database_url.parse(url).to_connect.reveal())
    host, port, database = found["host"], found.get("port", ""), found["dbname"]
    return f"postgresql://{role}:of-a-test@/{database}?host={host}&port={port}"
