"""Who may have to be decided is noted by the ledger itself, whoever writes: a tick that asks the notes misses none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.ledger import candidates
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.ledger.database import Ledger

#: What can happen to a ledger, on a contact or member of number `who` and an address of number `at`.
HAPPENS: Final = {
    "a contact comes": """
        INSERT INTO reconciler.contacts (connection_id, contact_id, address, address_hash, eligible, opted_out, fields,
                                         changed_at)
        VALUES (%(connection)s, %(contact)s, %(address)s, %(hash)s, true, false, '{}', reconciler.clock())
        ON CONFLICT DO NOTHING""",
    "a contact changes": """
        UPDATE reconciler.contacts SET fields = jsonb_build_object('city', random())
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a contact moves": """
        UPDATE reconciler.contacts SET address = %(address)s, address_hash = %(hash)s
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a contact goes": """
        UPDATE reconciler.contacts SET gone_at = reconciler.clock()
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a contact is forgotten": """
        WITH pair AS (
            DELETE FROM reconciler.pairs WHERE connection_id = %(connection)s AND contact_id = %(contact)s)
        UPDATE reconciler.contacts SET contact_id = 'forgotten ' || random(), address = '', address_hash = NULL
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a contact is deleted": """
        WITH pair AS (
            DELETE FROM reconciler.pairs WHERE connection_id = %(connection)s AND contact_id = %(contact)s)
        DELETE FROM reconciler.contacts WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a member comes": """
        INSERT INTO reconciler.members (connection_id, member_id, address_hash, status, on_list, read_at)
        VALUES (%(connection)s, %(member)s, %(hash)s, 'implicit', true, reconciler.clock())
        ON CONFLICT DO NOTHING""",
    "a member changes": """
        UPDATE reconciler.members SET on_list = NOT on_list
        WHERE connection_id = %(connection)s AND member_id = %(member)s""",
    "a member is deleted there": """
        UPDATE reconciler.members SET status = 'deleted'
        WHERE connection_id = %(connection)s AND member_id = %(member)s""",
    "a member moves": """
        UPDATE reconciler.members SET address_hash = %(hash)s
        WHERE connection_id = %(connection)s AND member_id = %(member)s""",
    "a member goes": "DELETE FROM reconciler.members WHERE connection_id = %(connection)s AND member_id = %(member)s",
    "a pair goes": "DELETE FROM reconciler.pairs WHERE connection_id = %(connection)s AND contact_id = %(contact)s",
    "a pair is reopened": """
        UPDATE reconciler.pairs SET contact_digest = NULL
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a pair is reopened for its member": """
        UPDATE reconciler.pairs SET member_digest = NULL
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a pair is given an older digest": """
        UPDATE reconciler.pairs SET contact_digest = 'older'
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s AND contact_digest IS NOT NULL""",
    "a pair is given an older digest of its member": """
        UPDATE reconciler.pairs SET member_digest = 'older'
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s AND member_digest IS NOT NULL""",
    "a pair is linked to another": """
        UPDATE reconciler.pairs SET member_id = %(member)s
        WHERE connection_id = %(connection)s AND contact_id <> %(contact)s""",
    "somebody may come back": """
        UPDATE reconciler.pairs SET rejoin_at = reconciler.clock()
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "somebody is off": """
        UPDATE reconciler.pairs SET verdict = 'left_list'
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "somebody opted out": """
        UPDATE reconciler.pairs SET verdict = 'opted_out'
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a moment is set": """
        UPDATE reconciler.pairs SET look_again_at = reconciler.clock() + make_interval(days => %(at)s - 2)
        WHERE connection_id = %(connection)s AND contact_id = %(contact)s""",
    "a pair is decided with another link": """
        UPDATE reconciler.pairs AS p
        SET member_id = %(member)s, contact_digest = c.digest,
            member_digest = coalesce(m.digest, '') || coalesce(l.digest, '')
        FROM reconciler.contacts AS c
        LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                           WHERE a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                           ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
        LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = %(member)s
        WHERE c.connection_id = %(connection)s AND p.connection_id = c.connection_id AND p.contact_id = c.contact_id
          AND c.contact_id <> %(contact)s""",
    "all are decided": """
        INSERT INTO reconciler.pairs AS p (connection_id, contact_id, member_id, contact_digest, member_digest, verdict)
        SELECT c.connection_id, c.contact_id, p.member_id, c.digest, coalesce(m.digest, '') || coalesce(l.digest, ''),
               coalesce(p.verdict, 'unchanged')
        FROM reconciler.contacts AS c
        LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
        LEFT JOIN LATERAL (SELECT a.* FROM reconciler.members AS a
                           WHERE a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                           ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
        LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = p.member_id
        WHERE c.connection_id = %(connection)s
        ON CONFLICT (connection_id, contact_id) DO UPDATE
        SET contact_digest = EXCLUDED.contact_digest, member_digest = EXCLUDED.member_digest""",
    "all are decided and struck off": "",
}
SMALL: Final = st.integers(min_value=1, max_value=4)


@pytest.fixture
def db(ledger: Ledger, ledger_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ledger_url, autocommit=True) as db:
        yield db


def happen(db: psycopg.Connection[Any], ledger: Ledger, connection: int, what: str, who: int, at: int) -> None:
    if what == "all are decided and struck off":
        happen(db, ledger, connection, "all are decided", who, at)
        with ledger.transaction() as tx:
            candidates.strike_off(tx, connection)
        return
    address = f"person{at}@example.com"
    told = {"contact": f"c{who}", "member": uuid.UUID(int=who), "address": address, "hash": address.encode(), "at": at}
    db.execute(HAPPENS[what], {"connection": connection} | told)


def undecided(db: psycopg.Connection[Any], connection: int) -> list[str]:
    """Found by looking through everybody."""
    found = db.execute(
        """
        SELECT c.contact_id FROM reconciler.contacts AS c
        LEFT JOIN reconciler.pairs AS p ON p.connection_id = c.connection_id AND p.contact_id = c.contact_id
        LEFT JOIN LATERAL (SELECT a.digest FROM reconciler.members AS a
                           WHERE a.connection_id = c.connection_id AND a.address_hash = c.address_hash
                           ORDER BY a.status = 'deleted', a.member_id LIMIT 1) AS m ON true
        LEFT JOIN reconciler.members AS l ON l.connection_id = c.connection_id AND l.member_id = p.member_id
        WHERE c.connection_id = %s
          AND (p.contact_digest IS DISTINCT FROM c.digest
               OR p.member_digest IS DISTINCT FROM (coalesce(m.digest, '') || coalesce(l.digest, ''))
               OR p.look_again_at <= reconciler.clock()
               OR p.rejoin_at IS NOT NULL AND p.verdict IN ('left_list', 'deleted_there', 'unchanged'))
        ORDER BY 1""",
        (connection,),
    )
    return [row[0] for row in found]


def to_decide(db: psycopg.Connection[Any], connection: int) -> list[str]:
    found = db.execute("SELECT contact_id FROM reconciler.noted(%s) ORDER BY 1", (connection,))
    return [row[0] for row in found]


def noted(db: psycopg.Connection[Any], connection: int) -> list[str]:
    found = db.execute(
        "SELECT DISTINCT contact_id FROM reconciler.candidates WHERE connection_id = %s ORDER BY 1", (connection,)
    )
    return [row[0] for row in found]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(course=st.lists(st.tuples(st.sampled_from(sorted(HAPPENS)), SMALL, SMALL), min_size=20, max_size=40))
def test_whatever_happens_the_notes_name_all_who_are_to_be_decided(
    course: list[tuple[str, int, int]], db: psycopg.Connection[Any], ledger: Ledger
) -> None:
    connection = a_connection(db, str(uuid.uuid4()))
    for who in (1, 2, 3, 4):
        happen(db, ledger, connection, "a contact comes", who, who)
    for who in (1, 2):
        happen(db, ledger, connection, "a member comes", who, who)
    happen(db, ledger, connection, "all are decided and struck off", 1, 1)
    assert to_decide(db, connection) == noted(db, connection) == []
    for what, who, at in course:
        happen(db, ledger, connection, what, who, at)
        assert to_decide(db, connection) == undecided(db, connection), what
    there = db.execute("SELECT contact_id FROM reconciler.contacts WHERE connection_id = %s", (connection,))
    assert {*noted(db, connection)} <= {row[0] for row in there}


def test_who_is_decided_is_struck_off_and_who_is_not_stays(db: psycopg.Connection[Any], ledger: Ledger) -> None:
    connection = a_connection(db, "acme")
    happen(db, ledger, connection, "a contact comes", 1, 1)
    happen(db, ledger, connection, "all are decided", 1, 1)
    happen(db, ledger, connection, "a contact comes", 2, 2)
    assert noted(db, connection) == ["c1", "c2"]
    assert struck_off(ledger, connection) == 1
    assert noted(db, connection) == ["c2"]


def test_who_was_deleted_and_made_anew_is_decided_once(db: psycopg.Connection[Any], ledger: Ledger) -> None:
    """The account has two of that address then: only the one that a decision looks at says whether it is made anew."""
    connection = a_connection(db, "acme")
    happen(db, ledger, connection, "a contact comes", 1, 1)
    happen(db, ledger, connection, "a member comes", 1, 1)
    happen(db, ledger, connection, "a member is deleted there", 1, 1)
    happen(db, ledger, connection, "a member comes", 2, 1)
    assert to_decide(db, connection) == ["c1"]
    happen(db, ledger, connection, "all are decided and struck off", 1, 1)
    assert to_decide(db, connection) == noted(db, connection) == []


@pytest.fixture
def decided(db: psycopg.Connection[Any], ledger: Ledger) -> int:
    """A connection with two contacts who are decided and still noted."""
    connection = a_connection(db, "acme")
    for who in (1, 2):
        happen(db, ledger, connection, "a contact comes", who, who)
    happen(db, ledger, connection, "all are decided", 1, 1)
    return connection


def struck_off(ledger: Ledger, connection: int) -> int:
    with ledger.transaction() as tx:
        return candidates.strike_off(tx, connection)


def test_nobody_is_struck_off_while_something_of_somebody_is_about_to_change(
    db: psycopg.Connection[Any], ledger: Ledger, ledger_url: str, decided: int
) -> None:
    """Who reopens a pair leaves the note that is there: struck off before that is to be seen, it would be lost."""
    with psycopg.connect(ledger_url) as other:
        happen(other, ledger, decided, "a pair is reopened", 1, 1)
        assert struck_off(ledger, decided) == 0
    assert struck_off(ledger, decided) == 1
    assert to_decide(db, decided) == noted(db, decided) == ["c1"]


def test_who_is_noted_while_the_decided_are_struck_off_stays_noted(
    db: psycopg.Connection[Any], ledger: Ledger, ledger_url: str, decided: int
) -> None:
    with psycopg.connect(ledger_url) as other:
        other.execute("SET lock_timeout = '200ms'")
        other.commit()
        with ledger.transaction() as tx:
            assert candidates.strike_off(tx, decided) == 2
            with pytest.raises(psycopg.errors.LockNotAvailable):
                happen(other, ledger, decided, "a contact changes", 1, 1)
            other.rollback()
        happen(other, ledger, decided, "a contact changes", 1, 1)
        other.commit()
    assert to_decide(db, decided) == noted(db, decided) == ["c1"]


def test_who_notes_the_same_contacts_in_another_order_waits_for_nobody(
    db: psycopg.Connection[Any], ledger: Ledger, ledger_url: str, decided: int
) -> None:
    """A run writes members while somebody has their contacts tried again."""
    db.execute("DELETE FROM reconciler.candidates")
    for who in (1, 2):
        happen(db, ledger, decided, "a member comes", who, who)
    db.execute("DELETE FROM reconciler.candidates")
    with psycopg.connect(ledger_url) as run, psycopg.connect(ledger_url) as person:
        for one in (run, person):
            one.execute("SET lock_timeout = '200ms'")
        happen(run, ledger, decided, "a member changes", 1, 1)
        happen(person, ledger, decided, "a pair is reopened", 2, 2)
        happen(run, ledger, decided, "a member changes", 2, 2)
        happen(person, ledger, decided, "a pair is reopened", 1, 1)
    assert to_decide(db, decided) == noted(db, decided) == ["c1", "c2"]


def test_who_is_forgotten_while_somebody_has_them_tried_again_leaves_no_note(
    db: psycopg.Connection[Any], ledger: Ledger, ledger_url: str, decided: int
) -> None:
    db.execute("DELETE FROM reconciler.candidates")
    with psycopg.connect(ledger_url) as person, psycopg.connect(ledger_url) as forgetting:
        happen(person, ledger, decided, "a pair is reopened", 1, 1)
        forgetting.execute("UPDATE reconciler.contacts SET contact_id = 'nobody' WHERE contact_id = 'c1'")
        person.commit()
        forgetting.execute("DELETE FROM reconciler.pairs WHERE contact_id = 'c1'")
    assert noted(db, decided) == ["nobody"]


def test_the_first_run_of_a_connection_from_before_notes_all_who_are_to_be_decided(
    db: psycopg.Connection[Any], ledger: Ledger, decided: int
) -> None:
    happen(db, ledger, decided, "a contact changes", 1, 1)
    db.execute("DELETE FROM reconciler.candidates")
    db.execute("UPDATE reconciler.connections SET has_notes = false")
    for _ in range(2):
        with ledger.transaction() as tx:
            assert candidates.find(tx, decided, sweep=False, clears=False) == 1
    assert db.execute("SELECT contact_id FROM reconciler.candidates").fetchall() == [("c1",)]
    assert db.execute("SELECT has_notes FROM reconciler.connections").fetchall() == [(True,)]


def test_an_erased_connection_leaves_no_notes(db: psycopg.Connection[Any], ledger: Ledger) -> None:
    connection = a_connection(db, "acme")
    happen(db, ledger, connection, "a contact comes", 1, 1)
    happen(db, ledger, connection, "a member comes", 1, 1)
    happen(db, ledger, connection, "all are decided", 1, 1)
    db.execute("DELETE FROM reconciler.connections WHERE connection_id = %s", (connection,))
    assert db.execute("SELECT count(*) FROM reconciler.candidates").fetchone() == (0,)
