"""The public views: their columns stay, nothing secret is in them, who may read them reads them, and by index."""

from __future__ import annotations

import contextlib
import json
import uuid
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from psycopg import sql

from reconciler.redaction import masked, masked_addresses, veiled, veiled_message
from tests import stored

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What has been promised. Columns may be added at the end; none goes, none moves, none changes its name.
PROMISED: Final = {
    "v1_runs": "run_id connection state trigger actor mode reason message started_at finished_at seconds account"
    " list_id list_name window_mode window_since window_until window_overlap_seconds window_recovered_late read"
    " carried_in unchanged added updated suppressed no_email invalid duplicate rejected deferred in_doubt"
    " suppressed_unsubscribed suppressed_left_list suppressed_deleted_there suppressed_not_mailable"
    " suppressed_opted_out suppressed_out_of_scope suppressed_forgotten members_before members_added"
    " members_joined_elsewhere"
    " members_left_elsewhere members_after standing_contacts standing_on_list standing_held_back standing_members"
    " standing_from_crm standing_still_on_list standing_others contacts_balance members_balance standing_balance"
    " field_refused drifted api_calls api_calls_left seconds_extract seconds_pull seconds_diff seconds_push"
    " seconds_verify behind_contacts behind_oldest_seconds plan_digest plan_added plan_updated problems rows_purged_at"
    " version",
    "v1_run_rows": "run_id connection started_at row_number contact_id email action field before after outcome code"
    " message",
    "v1_run_values": "run_id connection started_at row_number contact_id email action field before after outcome code"
    " message",
    "v1_problems": "connection contact_id email bucket code field message since attempts again_at first_run_id",
    "v1_optouts": "connection contact_id reason since",
    "v1_drift": "connection contact_id email field there crm seen_at",
    "v1_connections": "connection workspace account list_id list_name badge behind_contacts behind_since behind_seconds"
    " crm_read_at swept_at pulled_whole_at last_tick_at quiet_ticks quiet_since last_run_id last_run_state"
    " last_run_started_at last_run_finished_at connected_at started_at paused_at paused_reason disconnected_at"
    " disconnected_reason token_ends_at token_is_renewed held_at held_reason held_message held_run_id quarantined_at"
    " failures failing_since failing_reason failing_message next_attempt_at window_mode window_reason consent_basis",
}
TEXTS: Final = (
    *(
        "ada@example.com",
        "a@b@example.com",
        "@example.com",
        "nobody",
        "",
        "@",
        "ada@",
        " ada@example.com ",
        "ÄDA@exämple.com",
    ),
    *(
        '"ada b"@example.com',
        "the address ada@example.com, and bob%40example.com: refused",
        "two\nlines of x@example.com",
    ),
    *("(eve@example.com)", "key=eve@example.com", "<eve@example.com>", "Jon", "é", "\U0001f600@example.com"),
)


@pytest.fixture
def db(ledger_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ledger_url, autocommit=True) as db:
        yield db


@pytest.fixture
def reader(db: psycopg.Connection[Any]) -> Iterator[str]:
    """A role that may read the views in schema `reconciler`, all but the unmasked one, and nothing else."""
    name = f"reader_{uuid.uuid4().hex}"
    db.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    db.execute(sql.SQL("GRANT USAGE ON SCHEMA reconciler TO {}").format(sql.Identifier(name)))
    for view in PROMISED.keys() - {"v1_run_values"}:
        grant(db, view, name)
    yield name
    db.execute("RESET ROLE")
    db.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(sql.Identifier(name)))


def grant(db: psycopg.Connection[Any], view: str, role: str) -> None:
    what = sql.SQL("GRANT SELECT ON reconciler.{} TO {}")
    db.execute(what.format(sql.Identifier(view), sql.Identifier(role)))


def read(db: psycopg.Connection[Any], relation: str) -> list[tuple[Any, ...]]:
    return db.execute(sql.SQL("SELECT * FROM reconciler.{}").format(sql.Identifier(relation))).fetchall()


@contextlib.contextmanager
def acting_as(db: psycopg.Connection[Any], role: str) -> Iterator[None]:
    db.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    yield
    db.execute("RESET ROLE")


def a_history(db: psycopg.Connection[Any], connections: int, runs: int) -> None:
    """As many connections, each with as many runs, and some contacts with as many rows in each run."""
    for number in range(connections):
        mine = stored.a_connection(db, f"c{number}")
        db.execute(
            "WITH made AS (INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at,"
            " finished_at, state, report) SELECT %(id)s, 1, 'cli', 'full', '0', now(), now(), 'completed', '{}'"
            " FROM generate_series(1, %(runs)s) RETURNING run_id)"
            " INSERT INTO reconciler.run_rows (run_id, contact_id, email, action, outcome)"
            " SELECT m.run_id, n, 'ada@example.com', 'skip', 'skipped' FROM made AS m, generate_series(1, 20) AS n",
            {"id": mine, "runs": runs},
        )
        db.execute(
            "WITH made AS (INSERT INTO reconciler.contacts (connection_id, contact_id, address, address_hash, eligible,"
            " opted_out, fields, changed_at) SELECT %(id)s, n, 'ada@example.com', sha256(n::text::bytea), true, false,"
            " '{}', now() FROM generate_series(1, 100) AS n RETURNING contact_id),"
            " members AS (INSERT INTO reconciler.members (connection_id, member_id, address_hash, status, on_list,"
            " read_at) SELECT %(id)s, gen_random_uuid(), sha256(n::text::bytea), 'unsubscribed', false, now()"
            " FROM generate_series(1, 100) AS n)"
            " INSERT INTO reconciler.pairs (connection_id, contact_id, verdict)"
            " SELECT %(id)s, contact_id, 'unsubscribed' FROM made",
            {"id": mine},
        )
    db.execute("ANALYZE")


def read_through(db: psycopg.Connection[Any], query: str) -> set[str]:
    """The big tables that a query would read from end to end."""
    found = db.execute(f"EXPLAIN (FORMAT JSON) {query}").fetchone()
    assert found is not None
    nodes, scanned = [found[0][0]["Plan"]], set()
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", ())
        scanned |= {node["Relation Name"]} if node["Node Type"] == "Seq Scan" else set()
    return scanned & {"runs", "run_rows", "contacts", "members", "pairs"}


def test_columns_are_only_ever_added(db: psycopg.Connection[Any]) -> None:
    found: dict[str, list[str]] = {}
    for view, column in db.execute(
        "SELECT c.relname, a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = 'reconciler'::regnamespace AND c.relkind = 'v' ORDER BY c.relname, a.attnum"
    ):
        found.setdefault(view, []).append(column)

    assert found.keys() == PROMISED.keys()
    for view, names in PROMISED.items():
        assert found[view][: len(names.split())] == names.split()


def test_the_masks_of_the_views_are_those_of_the_program(db: psycopg.Connection[Any]) -> None:
    found = db.execute(
        "SELECT reconciler.masked(t), reconciler.veiled(t), reconciler.masked_addresses(t)"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS a (t, place) ORDER BY place",
        (list(TEXTS),),
    ).fetchall()

    assert found == [(masked(text), veiled(text), masked_addresses(text)) for text in TEXTS]


@pytest.mark.parametrize("code", ["flapping", "shown_differently", "field_refused", ""])
def test_a_reason_of_a_view_quotes_no_value(db: psycopg.Connection[Any], code: str) -> None:
    told = ["", "refused for ada@example.com", "not taken; what is there: Ada, ada@example.com", "shown as Ada"]
    found = db.execute("SELECT reconciler.veiled_message(%s, t) FROM unnest(%s::text[]) AS t", (code, told)).fetchall()

    assert found == [(veiled_message(code, words),) for words in told]


def test_a_reader_needs_a_grant_on_a_view_and_none_on_a_table(db: psycopg.Connection[Any], reader: str) -> None:
    a_history(db, connections=1, runs=1)

    with acting_as(db, reader):
        seen = {view: len(read(db, view)) for view in PROMISED if view != "v1_run_values"}
        for kept in ("v1_run_values", "run_rows", "contacts", "accounts"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                read(db, kept)
    grant(db, "v1_run_values", reader)
    with acting_as(db, reader):
        values = read(db, "v1_run_values")

    assert seen == {
        "v1_runs": 1,
        "v1_run_rows": 20,
        "v1_problems": 100,
        "v1_optouts": 100,
        "v1_connections": 1,
        "v1_drift": 0,
    }
    assert {row[5] for row in values} == {"ada@example.com"}


def test_no_secret_and_no_full_address_is_in_a_view(db: psycopg.Connection[Any]) -> None:
    a_history(db, connections=1, runs=1)
    db.execute(
        "UPDATE reconciler.accounts SET api_key_sealed = 'canary', access_token_sealed = 'canary',"
        " refresh_token_sealed = 'canary', client_secret_sealed = 'canary', key_fingerprint = 'canary'"
    )
    db.execute(
        "UPDATE reconciler.connections SET crm_url_sealed = 'canary', statement = 'canary', held_message = %(told)s,"
        " failing_message = %(told)s, disconnected_reason = %(told)s",
        {"told": "ada@example.com is refused"},
    )
    db.execute("UPDATE reconciler.runs SET report = %s", (json.dumps({"message": "of ada@example.com"}),))
    db.execute(
        "UPDATE reconciler.run_rows SET field = 'email', before = 'ada@example.com', after = 'ada@example.com',"
        " message = 'Constant Contact showed ada@example.com before', code = 'flapping'"
    )
    db.execute("UPDATE reconciler.pairs SET message = 'of ada@example.com'")

    shown = {view: str(read(db, view)) for view in PROMISED if view != "v1_run_values"}

    assert [view for view, text in shown.items() if "canary" in text or b"canary".hex() in text] == []
    assert [view for view, text in shown.items() if "ada@" in text] == []
    assert "a***@example.com" in shown["v1_run_rows"]


def test_one_connection_and_one_run_are_read_by_index(db: psycopg.Connection[Any]) -> None:
    a_history(db, connections=250, runs=4)

    of_connection = {
        view: read_through(db, f"SELECT * FROM reconciler.{view} WHERE connection = 'c7'") for view in PROMISED
    }
    of_run = {
        view: read_through(db, f"SELECT * FROM reconciler.{view} WHERE run_id = 777")
        for view in ("v1_runs", "v1_run_rows", "v1_run_values")
    }
    of_contact = read_through(db, "SELECT * FROM reconciler.v1_run_rows WHERE connection = 'c7' AND contact_id = '8'")

    assert of_connection == {view: set() for view in PROMISED}
    assert of_run == {view: set() for view in of_run}
    assert of_contact == set()
