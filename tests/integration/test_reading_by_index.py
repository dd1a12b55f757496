"""What people ask for is read by index: over 100,000 contacts and 1,000 runs no answer reads a whole table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy

from reconciler import statements

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.ledger.database import Ledger

#: Fifty connections, so that none of them is the whole table.
FILL = """
INSERT INTO reconciler.accounts (encoded_account_id, organization, key_fingerprint) VALUES ('a', 'A', 'k');
INSERT INTO reconciler.connections
    (name, account_id, list_id, list_name, workspace, statement, columns, mapping_digest, connected_at)
SELECT 'c' || n, 1, gen_random_uuid(), 'L', 'w', 'SELECT 1', '{}', 'd', now() FROM generate_series(1, 50) AS n;
INSERT INTO reconciler.contacts
    (connection_id, contact_id, address, address_hash, eligible, opted_out, fields, changed_at)
SELECT 1 + n % 50, n, n || '@example.com', decode(md5(n::text), 'hex'), true, false, '{}', now()
FROM generate_series(1, 100000) AS n;
INSERT INTO reconciler.members (connection_id, member_id, address_hash, status, on_list, read_at)
SELECT 1 + n % 50, gen_random_uuid(), decode(md5(n::text), 'hex'), 'implicit', true, now()
FROM generate_series(1, 20000) AS n;
INSERT INTO reconciler.pairs (connection_id, contact_id, verdict)
SELECT connection_id, contact_id, 'unchanged' FROM reconciler.contacts;
INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at, finished_at, state, report)
SELECT 1 + n % 50, 1, 'cli', 'full', '0', now() - n * interval '1 hour', now(), 'completed', '{}'
FROM generate_series(1, 1000) AS n;
INSERT INTO reconciler.run_rows (run_id, contact_id, action, outcome)
SELECT r.run_id, 1 + n * 7, 'add', 'verified' FROM reconciler.runs AS r CROSS JOIN generate_series(1, 30) AS n;
INSERT INTO reconciler.plan_changes (run_id, contact_id, kind)
SELECT r.run_id, n, 'add' FROM reconciler.runs AS r CROSS JOIN generate_series(1, 30) AS n;
INSERT INTO reconciler.batches (connection_id, run_id, fence, state, contacts, bytes, body_sha256, intended_at)
SELECT 1 + n % 50, 1, 1, 'settled', 1, 1, '', now() FROM generate_series(1, 200) AS n;
INSERT INTO reconciler.batch_contacts
    (batch_id, connection_id, contact_id, address_hash, kind, contact_digest, "values", settled)
SELECT b.batch_id, b.connection_id, n, 'h', 'add', 'd', '{}', true
FROM reconciler.batches AS b CROSS JOIN generate_series(1, 100) AS n;
ANALYZE;
"""
BIG = {"contacts", "members", "pairs", "runs", "run_rows", "plan_changes", "batch_contacts"}
MINE = {"connection_id": 1}
ASKED: list[tuple[str, Mapping[str, object]]] = [
    ("explain_found", {**MINE, "who": "77", "address_hash": b"1"}),
    ("explain_contact", {**MINE, "contact_id": "50"}),
    ("explain_member", {**MINE, "address_hash": b"1"}),
    ("explain_history", {**MINE, "contact_id": "50", "most": 60}),
    ("explain_approval", {**MINE, "contact_id": "50"}),
    ("run_latest", {**MINE, "run_id": None}),
    ("run_shown", {"run_id": 500, "contacts": 12, "codes": ["invalid"], "looked": 50}),
    ("runs_recent", {**MINE, "limit": 20}),
    ("guard_counts", {**MINE, "run_id": 500}),
    ("guard_members", MINE),
    ("connection_by_name", {"name": "c1"}),
    ("connections_ages", {"connection_id": None, "workspaces": None}),
    ("run_codes", {"run_id": 500, **MINE}),
    ("rejects_shown", MINE),
]


@pytest.fixture
def filled(ledger_url: str) -> str:
    with psycopg.connect(ledger_url) as db:
        db.execute(FILL)
    return ledger_url


def whole_tables(plan: Any) -> list[str]:
    """The tables of which a plan reads each row."""
    here = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return here + [name for part in plan.get("Plans", ()) for name in whole_tables(part)]


def test_no_answer_for_a_person_reads_a_whole_table(filled: str, ledger: Ledger) -> None:
    for name, parameters in ASKED:
        explained = sqlalchemy.text("EXPLAIN (FORMAT JSON) " + statements.read(f"ledger/{name}"))
        with ledger.transaction() as tx:
            (found,) = tx.execute(explained, dict(parameters)).scalar_one()
        assert set(whole_tables(found["Plan"])) & BIG == set(), name
