"""Rows of the ledger with defaults, for tests of what the database itself promises."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg


def a_connection(db: psycopg.Connection[Any], name: str) -> int:
    """A connection that was never run, with an account of its own; gives its number."""
    account = db.execute(
        "INSERT INTO reconciler.accounts (encoded_account_id, organization, key_fingerprint)"
        " VALUES (%s, 'Appalix', '') RETURNING account_id",
        (name,),
    ).fetchone()
    assert account is not None
    connection = db.execute(
        "INSERT INTO reconciler.connections (name, account_id, list_id, list_name, workspace, statement, columns,"
        " mapping_digest, connected_at)"
        " VALUES (%s, %s, gen_random_uuid(), 'Newsletter', %s, 'SELECT 1', '{}', '', reconciler.clock())"
        " RETURNING connection_id",
        (name, account[0], name),
    ).fetchone()
    assert connection is not None
    return int(connection[0])


def a_batch(db: psycopg.Connection[Any], connection_id: int, contact_id: str, address: str) -> None:
    """An unsettled batch of one contact."""
    db.execute(
        "WITH batch AS ("
        " INSERT INTO reconciler.batches"
        " (connection_id, run_id, fence, state, contacts, bytes, body_sha256, intended_at)"
        " VALUES (%(connection)s, 1, 1, 'intended', 1, 100, '', reconciler.clock()) RETURNING batch_id)"
        " INSERT INTO reconciler.batch_contacts"
        ' (batch_id, connection_id, contact_id, address_hash, kind, contact_digest, "values")'
        " SELECT batch_id, %(connection)s, %(contact)s, %(hash)s, 'add', '', '{}' FROM batch",
        {"connection": connection_id, "contact": contact_id, "hash": hashlib.sha256(address.encode()).digest()},
    )
