"""What a tick without changes costs, by the log of the CRM's own server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.ledger import watermarks
from reconciler.window import Mode, Versions, Window
from tests.faults.test_extraction_stress import Copied, a_crm, copied
from tests.faults.writers import WORKSPACE, load
from tests.servers import SETTINGS, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reconciler.ledger.database import Ledger
    from reconciler.window import Position
    from tests.installation import Installation

#: Parsing, binding and executing are logged each; a statement that is only described is parsed.
LOGGED = {**SETTINGS, "log_min_duration_statement": "0"}
ENTRY = re.compile(r"duration: ([\d.]+) ms  (statement|parse|bind|execute)(?: \S+)?: *(\w*)")
BRACKETS = ("BEGIN", "COMMIT")
FILL = """
    INSERT INTO contacts (workspace, email, first_name, created_at, updated_at)
    SELECT CASE mod(number, %(count)s) WHEN 0 THEN %(ours)s ELSE 'other' || mod(number, %(count)s) END,
           'loaded' || number || '@example.com', 'old' || number, now() - interval '1 day', now() - interval '1 day'
    FROM generate_series(1, %(rows)s) AS number
"""
BARE = "SELECT count(*) FROM contacts WHERE workspace = %s AND age(xmin) BETWEEN 0 AND age(CAST(%s AS xid))"
TRIES = 7
MOST = 1.5


@dataclass
class Crm:
    """A CRM on a server of its own that logs whatever it is asked."""

    url: str
    log: Path
    read: int = 0

    def asked(self) -> list[tuple[float, str, str]]:
        """What the server was asked since this was last called: milliseconds, which step, the first word."""
        told = self.log.read_bytes()[self.read :]
        self.read += len(told)
        return [(float(time), step, word) for time, step, word in ENTRY.findall(told.decode())]

    def seconds(self, do: Callable[[], object]) -> float:
        """How long the server was at it."""
        self.asked()
        do()
        return sum(milliseconds for milliseconds, _, _ in self.asked()) / 1000


@pytest.fixture
def crm() -> Iterator[Crm]:
    with server(LOGGED) as own:
        own.create_database("crm")
        assert own._directory is not None
        yield Crm(own.url("crm"), own._directory / "data" / "server.log")


def test_a_tick_without_changes_asks_the_crm_three_things_and_constant_contact_nothing(
    installation: Installation, crm: Crm
) -> None:
    load(crm.url, 100)
    address = installation.folder / "crm"
    address.write_text(crm.url)
    assert installation.connect("acme", "--crm-url-file", str(address)).code == 0
    for window in Mode:
        assert installation.say("set", "acme", f"window={window}").code == 0
        installation.run()
        calls, runs = installation.api.calls(), installation.sql("SELECT run_id FROM reconciler.runs ORDER BY 1")

        crm.asked()
        assert installation.say("run", "--all").code == 0

        asked = [word for _, step, word in crm.asked() if step in ("statement", "parse")]
        assert (asked[0], asked[-1]) == BRACKETS
        assert 1 <= len([word for word in asked if word not in BRACKETS]) <= 3
        assert installation.api.calls() == calls
        assert installation.sql("SELECT run_id FROM reconciler.runs ORDER BY 1") == runs


def test_a_user_without_rights_to_ask_the_server_pays_no_more_for_a_type_of_the_crm_s_own(
    installation: Installation, crm: Crm
) -> None:
    load(crm.url, 100)
    with psycopg.connect(crm.url, autocommit=True) as db:
        db.execute("CREATE TYPE mood AS ENUM ('glad')")
        db.execute("ALTER TABLE contacts ADD mood mood DEFAULT 'glad'")
        db.execute("CREATE ROLE reader LOGIN")
        db.execute("GRANT SELECT ON contacts TO reader")
        db.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM public")
    (installation.folder / "crm").write_text(crm.url.replace("//sage@", "//reader@"))
    (installation.folder / "mine.sql").write_text(
        "SELECT id AS contact_id, email, mood AS first_name, age(xmin) AS row_age FROM contacts"
    )
    words = ("--crm-url-file", "crm", "--contacts-sql", "mine.sql")
    assert installation.connect("acme", *words).code == 0
    installation.run()

    crm.asked()
    assert installation.say("run", "--all").code == 0

    asked = [word for _, step, word in crm.asked() if step in ("statement", "parse")]
    assert len([word for word in asked if word not in ("BEGIN", "COMMIT", "ROLLBACK")]) <= 3


def compared(ledger: Ledger, crm: Crm, rows: int, workspaces: int, *, has_index: bool) -> tuple[float, float]:
    """The CRM's seconds for a tick without changes, and for no more than to look at the same rows' ages.

    Both on connections of their own, whose first look at each page takes longer, in turns, and the best of some tries.
    """
    load(crm.url, 0)
    with psycopg.connect(crm.url, autocommit=True) as db:
        db.execute(FILL, {"rows": rows, "count": workspaces, "ours": WORKSPACE})
        if has_index:
            db.execute("CREATE INDEX ON contacts (workspace)")
        db.execute("VACUUM (ANALYZE) contacts")
    way = copied(ledger, a_crm(crm.url), Mode.XMIN)
    low = Versions(read_already(way).xmin).low

    def bare() -> None:
        with psycopg.connect(crm.url, autocommit=True) as db:
            assert db.execute(BARE, (WORKSPACE, low)).fetchall() == [(0,)]

    tries = [(crm.seconds(way.poll), crm.seconds(bare)) for _ in range(TRIES)]
    assert way.poll().read == 0
    ticks, bares = zip(*tries, strict=True)
    return min(ticks), min(bares)


def read_already(way: Copied) -> Position:
    """Leave out the first reading: of so many rows it takes minutes, and is not what is measured."""
    with way.crm.snapshot() as snapshot, way.ledger.transaction() as tx:
        watermarks.move(tx, way.connection_id, Window(Mode.XMIN, None, None), snapshot.position)
        return snapshot.position


@pytest.mark.parametrize(
    ("rows", "workspaces", "has_index"),
    [
        pytest.param(200_000, 1, False),
        pytest.param(1_000_000, 1, False, marks=pytest.mark.soak),
        pytest.param(1_000_000, 20, False, marks=pytest.mark.soak),
        pytest.param(1_000_000, 20, True, marks=pytest.mark.soak),
    ],
)
def test_a_tick_takes_the_crm_hardly_longer_than_a_look_at_the_ages_of_the_same_rows(
    ledger: Ledger, crm: Crm, rows: int, workspaces: int, has_index: bool
) -> None:
    tick, bare = compared(ledger, crm, rows, workspaces, has_index=has_index)

    assert tick <= MOST * bare
