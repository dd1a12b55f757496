"""The witness bites: what two hosts must never do is found where they have done it, and nothing is found else."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import psycopg
import pytest

from reconciler.simulator.answers import Request
from tests.faults.witness import Witness, Write
from tests.stored import a_connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.crowd import Crowd

LEASE = """
    INSERT INTO reconciler.leases VALUES (%s, %s, 'a run', clock_timestamp() + make_interval(secs => %s))
    ON CONFLICT (connection_id) DO UPDATE SET fence = EXCLUDED.fence, until = EXCLUDED.until
"""
BATCH = """
    INSERT INTO reconciler.batches (connection_id, run_id, fence, state, contacts, bytes, body_sha256, intended_at)
    VALUES (%s, 1, %s, 'intended', 1, 1, %s, clock_timestamp())
"""
PATH = "/v3/activities/contacts_json_import"


@dataclass
class Hosts:
    """Two hosts by name, of which each may do anything to the one connection."""

    url: str
    witness: Witness = field(init=False)

    def __post_init__(self) -> None:
        with psycopg.connect(self.url) as db:
            self.number = a_connection(db, "acme")
        self.witness = Witness(cast("Crowd", self))  # as much of one as it needs

    def sql(self, statement: str, *told: object, host: str = "") -> None:
        with psycopg.connect(self.url, application_name=host) as db:
            db.execute(statement.encode(), told or None)

    def takes(self, host: str, fence: int, seconds: float = 60.0) -> None:
        self.sql(LEASE, self.number, fence, seconds, host=host)

    def intends(self, host: str, fence: int, name: str) -> None:
        self.sql(BATCH, self.number, fence, hashlib.sha256(body(name)).hexdigest(), host=host)

    def sends(self, host: str, name: str, later: float = 0.0) -> None:
        request = Request("POST", PATH, "", {}, body(name))
        self.witness.writes.append(Write(time.time() + later, host, "acme", request, 201))

    @property
    def wrong(self) -> list[str]:
        """The checks that find something."""
        checks: list[Callable[[], object]] = [
            self.witness.doubled,
            self.witness.fenced_off,
            self.witness.out_of_turn,
            self.witness.late,
        ]
        return [check.__name__ for check in checks if check()]


def body(name: str) -> bytes:
    return json.dumps({"import_data": [{"email": "ada@example.com", "first_name": name}]}).encode()


@pytest.fixture
def hosts(ledger_url: str) -> Hosts:
    """Host `a` had the lease and sent an import in its time; then host `b` did."""
    made = Hosts(ledger_url)
    for fence, host in enumerate("ab", 1):
        made.takes(host, fence)
        made.intends(host, fence, f"Of {host}")
        made.sends(host, f"Of {host}")
    return made


def test_nothing_is_wrong_where_one_host_follows_the_other(hosts: Hosts) -> None:
    assert hosts.wrong == []
    assert [(tenure.host, fence) for (_, fence), tenure in hosts.witness.tenures().items()] == [("a", 1), ("b", 2)]


def test_a_contact_that_was_sent_twice_with_the_same_values_is_found(hosts: Hosts) -> None:
    hosts.sends("b", "Of a")

    assert "doubled" in hosts.wrong
    assert "Of a" in str(hosts.witness.doubled())


def test_a_write_to_the_ledger_by_who_has_no_lease_any_more_is_found(hosts: Hosts) -> None:
    hosts.intends("a", 1, "Another")

    assert hosts.wrong == ["fenced_off"]


def test_an_import_that_no_batch_tells_of_is_found(hosts: Hosts) -> None:
    hosts.sends("b", "Of nobody")

    assert hosts.wrong == ["out_of_turn"]


def test_an_import_of_another_host_s_batch_is_found(hosts: Hosts) -> None:
    hosts.intends("b", 2, "Another")
    hosts.sends("a", "Another")

    assert hosts.wrong == ["out_of_turn"]


def test_an_import_that_was_intended_when_its_lease_was_over_is_found(hosts: Hosts) -> None:
    hosts.takes("b", 3, seconds=-1)
    hosts.intends("b", 3, "Another")
    hosts.sends("b", "Another")

    assert "out_of_turn" in hosts.wrong


def test_an_import_that_came_when_its_lease_was_over_is_found(hosts: Hosts) -> None:
    hosts.intends("b", 2, "Another")
    hosts.sends("b", "Another", later=61)

    assert hosts.wrong == ["late"]
