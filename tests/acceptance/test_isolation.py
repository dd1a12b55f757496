"""Workspaces that share one ledger and one CRM table: no run reads or writes what is another's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.many import connect_many

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
#: Tables whose rows belong to a connection, by itself or through a run.
_TABLES: Final = """
    SELECT c.table_name, min(c.column_name) FROM information_schema.columns AS c
    JOIN information_schema.tables AS t USING (table_schema, table_name)
    WHERE c.table_schema = 'reconciler' AND t.table_type = 'BASE TABLE' AND c.column_name IN ('connection_id', 'run_id')
    GROUP BY 1 ORDER BY 1"""
_OWN: Final = "SELECT connection_id FROM reconciler.connections WHERE name = 'zoo'"
_RUNS: Final = f"SELECT run_id FROM reconciler.runs WHERE connection_id = ({_OWN})"
#: An account like the one that is there, under another key, whose sealed secrets are none.
_BROKEN_ACCOUNT: Final = """
    WITH made AS (
        INSERT INTO reconciler.accounts OVERRIDING SYSTEM VALUE
        SELECT (jsonb_populate_record(a, jsonb_build_object(
            'account_id', nextval(pg_get_serial_sequence('reconciler.accounts', 'account_id')),
            'encoded_account_id', 'another', 'organization', 'Another', 'api_key_sealed', 'nonsense',
            'access_token_sealed', 'nonsense', 'key_fingerprint', '\\x00'))).*
        FROM reconciler.accounts AS a RETURNING account_id)
    UPDATE reconciler.connections AS c SET account_id = made.account_id FROM made WHERE c.name = 'zoo'"""


@pytest.fixture
def shared(installation: Installation) -> Installation:
    """Two workspaces with the same three people, both in step."""
    installation.connect()
    connect_many(installation, "zoo")
    for workspace in ("acme", "zoo"):
        for name in ("ada", "bob", "eve"):
            installation.add(f"{name}@example.com", workspace=workspace, first_name=f"{name} of {workspace}")
    assert installation.say("run", "--all").code == 0
    return installation


def rows_of_zoo(shared: Installation) -> dict[str, list[Any]]:
    """Everything in the ledger that belongs to the other workspace, table by table."""
    found = {}
    for table, column in shared.sql(_TABLES):
        own = _OWN if column == "connection_id" else _RUNS
        rows = f"SELECT CAST(t AS text) FROM reconciler.{table} AS t WHERE {column} IN ({own}) ORDER BY 1"
        found[table] = [row[0] for row in shared.sql(rows)]
    return found


def poison(shared: Installation) -> None:
    """Make everything of the other workspace such that whoever took it for their own would go wrong by it."""
    shared.sql(_BROKEN_ACCOUNT)
    shared.sql("UPDATE contacts SET marketing_opt_out = true, first_name = 'poison' WHERE workspace = 'zoo'")
    shared.sql("INSERT INTO contacts (workspace, email) VALUES ('zoo', 'nobody at all'), ('zoo', 'new@example.com')")
    for change in (
        'contacts SET eligible = false, opted_out = true, fields = \'{"first_name": "poison"}\'',
        "members SET status = 'unsubscribed', opted_out_at = read_at, fields = '{\"first_name\": \"poison\"}'",
        "pairs SET verdict = 'unsubscribed', contact_digest = '\\x00'",
        "watermarks SET until = 'epoch', position = '0', host = 'poison'",
        "leases SET until = 'infinity', holder = 'poison'",
    ):
        shared.sql(f"UPDATE reconciler.{change} WHERE connection_id = ({_OWN})")


def test_a_run_reads_and_writes_nothing_of_another_workspace_though_the_same_people_are_in_both(
    shared: Installation,
) -> None:
    poison(shared)
    before, requests = rows_of_zoo(shared), len(history(shared))
    filled = {"connections", "contacts", "leases", "members", "pairs", "run_rows", "runs", "watermarks"}
    assert {table for table, rows in before.items() if rows} >= filled
    shared.add("new@example.com", first_name="New")
    shared.sql("UPDATE contacts SET first_name = 'Augusta' WHERE workspace = 'acme' AND email = 'ada@example.com'")

    reports = [shared.run(), shared.run("acme", "--full")]

    counts = reports[0]["counts"]
    assert (counts["read"], counts["added"], counts["updated"], counts["suppressed"]) == (2, 1, 1, 0)
    assert (reports[1]["counts"]["read"], reports[1]["counts"]["unchanged"]) == (4, 4)
    assert reports[1]["standing"]["crm"] == {"contacts": 4, "on_list": 4, "held_back": {}}
    assert rows_of_zoo(shared) == before
    made = json.dumps(history(shared)[requests:])
    assert "poison" not in json.dumps(reports) + made
    assert shared.api.list_id in made
    assert list_of_zoo(shared) not in made


def test_what_is_asked_of_one_workspace_shows_nothing_of_another(shared: Installation) -> None:
    shared.sql("UPDATE contacts SET email = 'no address' WHERE workspace = 'zoo' AND email = 'eve@example.com'")
    shared.run("zoo")
    numbers = {row[0] for row in shared.sql(_RUNS)}

    said = [
        shared.say(*words) for words in (("status", "acme", "--json"), ("rejects", "acme"), ("runs", "acme", "--json"))
    ]

    assert "zoo" not in "".join(each.out for each in said)
    assert not numbers & {run["run_id"] for run in said[2].json}
    assert shared.say("report", "latest", "--connection", "acme", "--json").json["connection"] == "acme"


def history(shared: Installation) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shared.api.door.state(contacts=False, history=100_000)["history"]
    return found


def list_of_zoo(shared: Installation) -> str:
    return str(shared.sql("SELECT list_id::text FROM reconciler.connections WHERE name = 'zoo'")[0][0])
