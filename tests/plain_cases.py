"""Any state of contacts, pairs, members and rejects, stored in a ledger, and what stands there after something."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hypothesis import strategies as st

from reconciler.domain import Status
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg

    from reconciler.ledger.database import Transaction

#: A row of a table, by its columns.
Row: TypeAlias = dict[str, Any]
#: Of a contact: itself or what was sent of it, its pair, the member of the same number, and whether it was refused.
Rows: TypeAlias = tuple[Row, Row | None, Row | None, str | None]
ADDRESSES: Final = ("a@example.com", "b@example.com", "c@example.com", f"{'d' * 39}@example.com")
MEMBERS: Final = tuple(uuid.UUID(int=number) for number in (1, 2, 3))
_FIELDS: Final = st.dictionaries(
    st.sampled_from(["first_name", "phone", "home_street"]), st.sampled_from(["1", "+1", "Ann"]), max_size=3
)
NOW: Final = "2026-01-01T00:00:00Z"
#: Stands for the fields of the contact itself, or for those that were sent.
WANTED: Final = "as wanted"


def seldom(*other: object, mostly: object) -> st.SearchStrategy[Any]:
    """Most are plain, so that what is not stands alone."""
    return st.sampled_from([*[mostly] * 9, *other])


_MOMENT: Final = seldom(NOW, mostly=None)
_SELDOM: Final = seldom(True, mostly=False)
_MOSTLY: Final = seldom(False, mostly=True)
_NO_FIELDS: Final = seldom(WANTED, {"phone": "1"}, mostly={})

CONTACT: Final = st.fixed_dictionaries(
    {
        "address": st.sampled_from(ADDRESSES),
        "has_address": _MOSTLY,
        "fault": seldom("not an address", mostly=""),
        "eligible": _MOSTLY,
        "opted_out": _SELDOM,
        "is_forgotten": _SELDOM,
        "fields": _FIELDS,
        "refused": seldom({"city": "too long"}, mostly={}),
        "gone_at": _MOMENT,
        "formerly": seldom({"city": "Ulm"}, mostly={}),
    }
)
PAIR: Final = st.none() | st.fixed_dictionaries(
    {
        "member_id": st.sampled_from([None, *MEMBERS]),
        "verdict": st.sampled_from(["add", "unchanged", "left_list", "rejected"]),
        "applied": st.just(WANTED) | _FIELDS,
        "shown": st.sampled_from([{}, {}, {"phone": "1"}]),
        "refused_fields": _NO_FIELDS,
        "untaken": _NO_FIELDS,
        "rejoin_at": _MOMENT,
    }
)


def member_at(address: st.SearchStrategy[str]) -> st.SearchStrategy[Row | None]:
    return st.none() | st.fixed_dictionaries(
        {
            "address": address,
            "status": seldom("deleted", *(each.value for each in Status), mostly="implicit"),
            "on_list": _MOSTLY,
            "fields": st.just(WANTED) | st.none() | _FIELDS,
            "opted_out_at": _MOMENT,
            "left_at": _MOMENT,
            "absent_at": _MOMENT,
            "occupied": seldom({"phones": 3}, {"lists": 50}, mostly={}),
        }
    )


REJECTED: Final = seldom("this", "another", mostly=None)
STATE: Final = st.lists(
    st.tuples(CONTACT, PAIR, member_at(st.sampled_from(ADDRESSES)), REJECTED), min_size=1, max_size=3
)
_WRITTEN: Final = ("plan_changes", "pairs", "run_rows", "members", "batch_contacts", "batches", "rejects", "contacts")

SENT: Final = st.tuples(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["add", "update"]),
            "values": st.dictionaries(
                st.sampled_from(["first_name", "phone"]), st.sampled_from(["", "1", "+1", "Ann"]), max_size=2
            ),
            "before": seldom({"phone": "1"}, {"first_name": "Ann"}, mostly={}),
            "applied": _FIELDS,
            "has_rest": _SELDOM,
        }
    ),
    PAIR,
    member_at(st.just(WANTED) | st.sampled_from(ADDRESSES)),
    REJECTED,
)


def insert(db: psycopg.Connection[Any], table: str, row: Mapping[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    told = [json.dumps(value) if isinstance(value, dict) else value for value in row.values()]
    db.execute(f"INSERT INTO reconciler.{table} ({names}) VALUES ({', '.join(['%s'] * len(row))})", told)


def stored(db: psycopg.Connection[Any], state: list[Rows]) -> tuple[int, int]:
    """The only connection, in this state, and a run of it."""
    db.execute("DELETE FROM reconciler.connections")
    mine = a_connection(db, str(uuid.uuid4()))
    told = {"connection_id": mine}
    # Backwards, so that of two members of one address the one that counts comes last.
    for number, (contact, pair, member, rejected) in reversed([*enumerate(state)]):
        its = told | {"contact_id": f"c{number}"}
        address = contact["address"] if contact["has_address"] else ""
        wanted = {name: value for name, value in contact.items() if name != "has_address"}
        hashed = address.encode() if address and not contact["fault"] else None
        insert(db, "contacts", its | wanted | {"address": address, "address_hash": hashed, "changed_at": NOW})
        if pair is not None:
            insert(db, "pairs", its | with_wanted(pair, contact))
        if member is not None:
            there = with_wanted(member, contact)
            there |= {"member_id": MEMBERS[number], "address_hash": there["address"].encode(), "read_at": NOW}
            insert(db, "members", told | there)
        if rejected is not None:
            reject(db, mine, f"c{number}", rejected)
    run = db.execute(
        "INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)"
        " VALUES (%s, 1, 'manual', 'incremental', '', reconciler.clock()) RETURNING run_id",
        [mine],
    ).fetchone()
    assert run is not None
    return mine, int(run[0])


def with_wanted(row: Row, contact: Row) -> Row:
    return {
        name: contact["address" if name == "address" else "fields"] if value == WANTED else value
        for name, value in row.items()
    }


def reject(db: psycopg.Connection[Any], mine: int, contact_id: str, what: str) -> None:
    db.execute(
        "INSERT INTO reconciler.rejects (connection_id, contact_id, contact_digest, code, message, since)"
        " SELECT connection_id, contact_id, CASE WHEN %s = 'this' THEN digest ELSE '' END, 'not_taken', 'no', now()"
        " FROM reconciler.contacts WHERE connection_id = %s AND contact_id = %s",
        [what, mine, contact_id],
    )


def written(tx: Transaction, act: Callable[[], None]) -> dict[str, list[Row]]:
    """What stands in each table after something was done, which is undone again; of times only whether there is one."""
    with tx.begin_nested() as undone:
        act()
        found = {table: rows_of(tx, table) for table in _WRITTEN}
        undone.rollback()
    return found


def rows_of(tx: Transaction, table: str) -> list[Row]:
    """In order; a row's number in its run is only for that."""
    order = "row_number" if table == "run_rows" else "to_jsonb(t)"
    found = tx.exec_driver_sql(f"SELECT to_jsonb(t) - 'row_number' FROM reconciler.{table} AS t ORDER BY {order}")
    return [
        {name: value is not None if name.endswith("_at") else value for name, value in row.items()}
        for row in found.scalars()
    ]


def a_batch(db: psycopg.Connection[Any], mine: int, run_id: int, sent: list[Row]) -> int:
    found = db.execute(
        "INSERT INTO reconciler.batches"
        " (connection_id, run_id, fence, state, contacts, bytes, body_sha256, intended_at)"
        " VALUES (%s, %s, 1, 'submitted', %s, 100, '', reconciler.clock()) RETURNING batch_id",
        [mine, run_id, len(sent)],
    ).fetchone()
    assert found is not None
    for number, each in enumerate(sent):
        its = {"batch_id": found[0], "connection_id": mine, "contact_id": f"c{number}"}
        hashed = {"address_hash": ADDRESSES[number].encode(), "contact_digest": b""}
        insert(db, "batch_contacts", its | hashed | each)
    return int(found[0])
