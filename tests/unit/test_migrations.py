"""Expand, migrate, contract: no migration locks anybody out, nor takes away what a program in use needs."""

from __future__ import annotations

import pytest

from reconciler import statements
from reconciler.ledger import schema
from tests.migrations import BIG, LAST_BEFORE, faults

MIGRATIONS = schema.migrations(statements.folder() / "schema")
#: The migrations from before 0.1.0 that would break the rule, and what they do: nobody had a ledger to be upgraded.
BEFORE = {
    3: "drops a table, replaces a check, and fills columns: tokens and budgets were made anew",
    4: "takes a default away, so that each watermark says its port",
    8: "has an index on runs",
    14: "has two indexes on the audit",
    15: "has an index on batches",
    16: "has an index on runs",
    17: "has indexes on accounts and connections",
    18: "has triggers on connections that write to a new table: a role of the older program has no rights on it yet",
}

_AT_ONCE = """-- Oldest program: 0018
    ALTER TABLE reconciler.told ADD CHECK (true) NOT VALID;
    ALTER TABLE reconciler.told VALIDATE CONSTRAINT c;
"""


def said(text: str, number: int = 20) -> list[str]:
    return faults(text, number)


def test_a_migration_only_adds_or_says_since_when_programs_do_without() -> None:
    found = {each.name: faults(each.text, each.version) for each in MIGRATIONS[LAST_BEFORE:]}

    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_the_migrations_from_before_the_rule_that_break_it_are_known() -> None:
    broke = {each.version for each in MIGRATIONS[:LAST_BEFORE] if faults(each.text, each.version)}

    assert broke == set(BEFORE)
    assert MIGRATIONS[LAST_BEFORE - 1].version == LAST_BEFORE


def test_a_big_table_is_one_that_there_is() -> None:
    text = "".join(each.text for each in MIGRATIONS)

    assert [name for name in BIG if f"CREATE TABLE reconciler.{name} (" not in text] == []


@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE reconciler.contacts ADD COLUMN shade text;",
        "ALTER TABLE reconciler.contacts ADD COLUMN shade boolean NOT NULL DEFAULT false, ADD COLUMN b jsonb;",
        "ALTER TABLE reconciler.runs ADD COLUMN at timestamptz NOT NULL DEFAULT now();",
        "CREATE TABLE reconciler.n (a bigint NOT NULL REFERENCES reconciler.runs); CREATE INDEX i ON reconciler.n (a);",
        "CREATE TABLE reconciler.new (a bigint); CREATE UNIQUE INDEX i ON reconciler.new (a);",
        "CREATE INDEX connections_due ON reconciler.connections (last_tick_at);",
        "CREATE INDEX CONCURRENTLY runs_by_state ON reconciler.runs (state);",
        "-- Oldest program: 0018\nALTER TABLE reconciler.contacts ADD CONSTRAINT c CHECK (fault <> 'x') NOT VALID;",
        "ALTER TABLE reconciler.contacts VALIDATE CONSTRAINT c;",
        "-- Oldest program: 0018\nALTER TABLE reconciler.contacts DROP COLUMN formerly;",
        "-- Oldest program: 0018\nALTER TABLE reconciler.contacts ALTER COLUMN fault SET NOT NULL;",
        "COMMENT ON TABLE reconciler.runs IS 'DROP TABLE; RENAME TO';",
        "CREATE OR REPLACE FUNCTION reconciler.f() RETURNS int LANGUAGE sql AS $$ DELETE FROM reconciler.runs; $$;",
        "UPDATE reconciler.connections SET quiet_ticks = 0;",
    ],
)
def test_what_only_adds_or_says_so_is_taken(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ALTER TABLE reconciler.contacts DROP COLUMN formerly;", "says `-- Oldest program"),
        ("DROP TABLE reconciler.told;", "says `-- Oldest program"),
        ("DROP VIEW reconciler.v1_runs;", "says `-- Oldest program"),
        ("ALTER TABLE reconciler.runs ALTER COLUMN state SET NOT NULL;", "says `-- Oldest program"),
        ("ALTER TABLE reconciler.runs ALTER COLUMN state DROP NOT NULL;", "says `-- Oldest program"),
        ("ALTER TABLE reconciler.runs ADD CONSTRAINT c CHECK (true) NOT VALID;", "says `-- Oldest program"),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON reconciler.runs (state);", "says `-- Oldest program"),
        ("CREATE TRIGGER t BEFORE UPDATE ON reconciler.runs EXECUTE FUNCTION f();", "says `-- Oldest program"),
        ("-- Oldest program: 0018\nALTER TABLE reconciler.runs ADD COLUMN a text;", "takes nothing away"),
        ("-- Oldest program: 0020\nDROP TABLE reconciler.told;", "its own number is too late"),
        ("ALTER TABLE reconciler.runs RENAME COLUMN state TO ended;", "nothing is renamed"),
        ("ALTER TABLE reconciler.runs RENAME TO executions;", "nothing is renamed"),
        ("ALTER TABLE reconciler.runs ALTER COLUMN run_id TYPE numeric;", "type stays"),
        ("ALTER TABLE reconciler.runs ALTER run_id SET DATA TYPE numeric;", "type stays"),
        ("ALTER TABLE reconciler.runs ADD COLUMN a text, ADD b text NOT NULL;", "without a default"),
        ("ALTER TABLE reconciler.runs ADD a uuid DEFAULT gen_random_uuid();", "writes the whole table"),
        ("ALTER TABLE reconciler.runs ADD a bigint GENERATED ALWAYS AS IDENTITY;", "writes the whole table"),
        ("ALTER TABLE reconciler.runs ADD a bytea GENERATED ALWAYS AS (f(x, y)) STORED;", "writes the whole table"),
        ("ALTER TABLE reconciler.runs ADD a bigint REFERENCES reconciler.plans;", "added by itself, NOT VALID"),
        ("-- Oldest program: 0018\nALTER TABLE reconciler.runs ADD CHECK (run_id > 0);", "added NOT VALID"),
        ("-- Oldest program: 0018\nALTER TABLE reconciler.runs ADD CONSTRAINT u UNIQUE (state);", "takes one that"),
        ("CREATE INDEX i ON reconciler.runs (state);", "built CONCURRENTLY"),
        ("CREATE INDEX CONCURRENTLY i ON reconciler.runs (state); SELECT 1;", "a file of its own"),
        ("UPDATE reconciler.contacts SET formerly = '{}';", "by the program, in batches"),
        ("WITH a AS (SELECT 1) DELETE FROM reconciler.audit;", "by the program, in batches"),
        ("TRUNCATE reconciler.told;", "held as a whole"),
        ("LOCK TABLE reconciler.told;", "held as a whole"),
        (_AT_ONCE, "by a later migration"),
    ],
)
def test_what_locks_others_out_or_takes_from_them_is_found(text: str, fault: str) -> None:
    found = said(text)

    assert len(found) == 1, found
    assert fault in found[0]
