"""The console over 2,000 connections and 100,000 rows of a run: read by index, in well under a second, and small."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa

from reconciler import console as package
from reconciler.console.access import Role
from tests.console import Console, Visitor, open_console

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.installation import Installation

BIG = {"runs", "run_rows", "contacts", "pairs", "members", "plan_changes", "batch_contacts", "batches", "audit"}
MOST_BYTES = 100_000
#: Far more than any of them takes here; what reads a whole table takes longer.
MOST_SECONDS = 2.0
STATIC = Path(package.__file__).parent / "static"
#: Two thousand connections; the first has run number 1, with 100,000 rows; all have 60 runs.
FILL = """
INSERT INTO reconciler.accounts (encoded_account_id, organization, key_fingerprint, access_token_sealed,
                                 refresh_token_sealed)
SELECT 'a' || n, 'Account ' || n, decode(md5(CAST(n AS text)), 'hex'), 'x', 'x' FROM generate_series(1, 200) AS n;
INSERT INTO reconciler.connections (name, account_id, list_id, list_name, workspace, statement, columns, mapping_digest,
                                    connected_at, started_at, last_tick_at, failures)
SELECT 'c' || n, 1 + n % 200, gen_random_uuid(), 'List ' || n, 'w' || n % 20, 'SELECT 1', '{}', 'd', now(), now(),
       now(), CAST(n % 40 = 0 AS integer)
FROM generate_series(1, 2000) AS n;
INSERT INTO reconciler.contacts
    (connection_id, contact_id, address, address_hash, eligible, opted_out, fields, changed_at)
SELECT 1 + n % 50, n, n || '@example.com', decode(md5(CAST(n AS text)), 'hex'), true, false, '{}', now()
FROM generate_series(1, 20000) AS n;
INSERT INTO reconciler.members (connection_id, member_id, address_hash, status, on_list, read_at)
SELECT 1 + n % 50, gen_random_uuid(), decode(md5(CAST(n AS text)), 'hex'), 'implicit', true, now()
FROM generate_series(1, 20000) AS n;
INSERT INTO reconciler.pairs (connection_id, contact_id, verdict)
SELECT connection_id, contact_id, 'unchanged' FROM reconciler.contacts;
INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at, finished_at, state, report)
SELECT 1 + n % 2000, 1, 'schedule', 'full', '0', now() - (60 - n / 2000) * interval '1 hour', now(),
       (ARRAY['completed', 'completed_with_problems', 'failed', 'held', 'quota'])[1 + n % 5], CAST(:report AS jsonb)
FROM generate_series(0, 119999) AS n;
INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, field, before, after, outcome, code, message)
SELECT 1, n, n || '@example.com', (ARRAY['add', 'update', 'skip'])[1 + n % 3], 'first_name', 'Ada', 'Adelaide',
       CASE WHEN n % 3 = 2 THEN 'skipped' ELSE 'verified' END, CASE WHEN n % 3 = 2 THEN 'invalid' ELSE '' END,
       CASE WHEN n % 3 = 2 THEN 'the e-mail address has no domain' ELSE '' END
FROM generate_series(1, 100000) AS n;
INSERT INTO reconciler.run_rows (run_id, contact_id, action, outcome)
SELECT r, n, 'add', 'verified' FROM generate_series(2, 1000) AS r CROSS JOIN generate_series(1, 30) AS n;
INSERT INTO reconciler.plan_changes (run_id, contact_id, kind)
SELECT r, n, 'add' FROM generate_series(1, 1000) AS r CROSS JOIN generate_series(1, 30) AS n;
INSERT INTO reconciler.batches (connection_id, run_id, fence, state, contacts, bytes, body_sha256, intended_at)
SELECT 1 + n % 50, n, 1, 'settled', 1, 1, '', now() FROM generate_series(1, 20000) AS n;
INSERT INTO reconciler.batch_contacts
    (batch_id, connection_id, contact_id, address_hash, kind, contact_digest, "values", settled)
SELECT b.batch_id, b.connection_id, b.batch_id, 'h', 'add', 'd', '{}', true FROM reconciler.batches AS b;
INSERT INTO reconciler.audit (at, actor, action, connection, details)
SELECT now(), 'cli:somebody', 'run', 'c' || 1 + n % 2000, '{"plan": 1}' FROM generate_series(1, 50000) AS n;
"""
#: A run of the first connection that goes on, with its plan.
GOES_ON = """
INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)
SELECT 1, 1, 'schedule', 'full', '0', now();
INSERT INTO reconciler.plans (run_id, digest, added, updated, readdressed, decided_at)
VALUES (120001, '', 30, 0, 0, now());
INSERT INTO reconciler.plan_changes (run_id, contact_id, kind) SELECT 120001, n, 'add' FROM generate_series(1, 30) AS n;
"""
EVERY: Mapping[str, bool] = {  # by each page, whether it has the script that looks again
    "/": False,
    "/?sort=freshness&page=3": False,
    "/?q=list+1": False,
    "/runs/1": False,
    "/runs/118001": False,
    "/runs/1/rows": False,
    "/runs/1/rows?after=50000": False,
    "/runs/1/rows?before=50000": False,
    "/runs/1/rows?bucket=invalid": False,
    "/runs/120001": True,
    "/runs/120001/progress": False,
    "/connections/c1/contacts": False,
    "/connections/c1/contacts/50": False,
    "/audit": False,
    "/audit?connection=c7": False,
}
FORMS = {"/runs/1/rows": "50@example.com", "/connections/c1/contacts": "nobody@example.com"}


@pytest.fixture(scope="module")
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Every statement that is run, with its parameters."""
    heard: list[tuple[str, Any]] = []

    def hear(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        heard.append((statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", hear)
    yield heard
    sa.event.remove(sa.Engine, "before_cursor_execute", hear)


@pytest.fixture
def console(installation: Installation) -> Iterator[Console]:
    installation.add("ada@example.com", first_name="Ada")
    assert installation.connect("first").code == 0
    [(report,)] = installation.sql("SELECT CAST(report AS text) FROM reconciler.runs")
    installation.sql("DELETE FROM reconciler.connections")
    with psycopg.connect(installation.url) as db:
        for table in ("accounts", "connections", "runs", "batches"):
            db.execute(f"TRUNCATE reconciler.{table} RESTART IDENTITY CASCADE")
        for statement in FILL.replace(":report", "'" + report.replace("'", "''") + "'").split(";\n"):
            if statement.strip():
                db.execute(statement.encode())
        for statement in GOES_ON.split(";\n"):
            if statement.strip():
                db.execute(statement.encode())
    with psycopg.connect(installation.url, autocommit=True) as db:
        db.execute("ANALYZE")
    with open_console(installation) as opened:
        yield opened


def whole_tables(plan: Any) -> set[str]:
    """The tables of which a plan reads each row."""
    here = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return here.union(*(whole_tables(part) for part in plan.get("Plans", ())))


def plans(url: str, heard: list[tuple[str, Any]]) -> dict[str, set[str]]:
    """By statement: the large tables that it reads whole."""
    found = {}
    with psycopg.connect(url) as db:
        for statement, parameters in heard:
            if re.search(r"\b(SELECT)\b", statement) and not re.search(r"\b(INSERT|UPDATE|DELETE)\b", statement):
                row = db.execute(b"EXPLAIN (FORMAT JSON) " + statement.encode(), parameters).fetchone()
                assert row is not None
                found[statement] = whole_tables(row[0][0]["Plan"]) & BIG
    return found


def visits(visitor: Visitor) -> Iterator[tuple[str, str, float]]:
    """Each page with its address and how long it took; then what the forms that search answer."""
    begun = time.monotonic()
    for place in EVERY:
        yield place, visitor.page(place), time.monotonic() - begun
        begun = time.monotonic()
    for place, who in FORMS.items():
        yield f"{place} {who}", visitor.post(place, who=who).text, time.monotonic() - begun
        begun = time.monotonic()


def test_every_page_is_read_by_index_is_quick_and_is_small(
    console: Console, installation: Installation, asked: list[tuple[str, Any]]
) -> None:
    style, script, looks_again = (
        len((STATIC / name).read_bytes()) for name in ("console.css", "console.js", "htmx-2.0.11.min.js")
    )
    sizes, seconds = {}, {}
    scoped = console.signed_in(Role.ADMIN, "w1", "w2")
    asked.clear()
    for visitor in (console.signed_in(), scoped):
        for place, page, seconds[place] in visits(visitor):
            has_htmx = EVERY.get(place, False)
            sizes[place] = len(page.encode()) + style + script + (looks_again if has_htmx else 0)
            assert ("htmx" in page.partition("</head>")[0]) is has_htmx, place
    assert {place: size for place, size in sizes.items() if size > MOST_BYTES} == {}
    assert {place: taken for place, taken in seconds.items() if taken > MOST_SECONDS} == {}
    read_whole = plans(installation.url, asked)
    assert len(read_whole) > len(EVERY)
    assert {statement: tables for statement, tables in read_whole.items() if tables} == {}


def test_files_of_large_runs_are_written_in_portions(console: Console) -> None:
    with console.signed_in().client.stream("GET", "/runs/1/report.csv") as answer:
        parts = list(answer.iter_raw())
    assert sum(part.count(b"\r\n") for part in parts) == 100_001
