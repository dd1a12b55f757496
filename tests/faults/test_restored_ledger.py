"""Fault 49: the ledger is put back to a dump of yesterday, on the same server: what it forgot is found by looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from reconciler.demo import people

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.installation import Installation

pytestmark = pytest.mark.http


class Crm:
    """A CRM in a database of its own: it is not put back with the ledger."""

    def __init__(self, url: str) -> None:
        self.url = url
        with psycopg.connect(url) as db:
            people.create_tables(db)

    def sql(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self.url) as db:
            db.execute(statement.encode(), parameters)

    def add(self, *names: str) -> None:
        for name in names:
            self.sql(
                "INSERT INTO contacts (workspace, email, first_name) VALUES ('acme', %s, 'Old')", f"{name}@example.com"
            )

    def rename(self, name: str, first_name: str) -> None:
        self.sql("UPDATE contacts SET first_name = %s WHERE email = %s", first_name, f"{name}@example.com")


@pytest.fixture
def crm(database_url: str) -> Crm:
    return Crm(database_url)


@pytest.fixture
def acme(installation: Installation, crm: Crm) -> Installation:
    """Five people on the list, and a ledger that knows of them."""
    crm.add("ada", "bob", "cyd", "dan", "eve")
    (installation.folder / "crm").write_text(crm.url)
    assert installation.connect("acme", "--crm-url-file", "crm").code == 0
    assert installation.run()["counts"]["added"] == 5
    return installation


def put_back(acme: Installation, server_url: Callable[[str], str], *, dump: bool) -> None:
    """Keep the ledger as it is, or make it again what was kept."""
    name = conninfo_to_dict(acme.url)["dbname"]
    source, target = (name, f"{name}_kept") if dump else (f"{name}_kept", name)
    with psycopg.connect(server_url("postgres"), autocommit=True) as db:
        db.execute(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)".encode())
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (source,))
        db.execute(f"CREATE DATABASE {target} TEMPLATE {source}".encode())


def taken(acme: Installation) -> list[str]:
    """Every address of an import that Constant Contact took since the last look, oldest first."""
    history = acme.api.door.state(contacts=False, history=100_000)["history"]
    return [email for entry in history if entry["status"] == 201 for email in entry.get("emails", ())]


def names(acme: Installation) -> dict[str, Any]:
    members = acme.api.members()
    mailable = {
        address for address, one in members.items() if one["email_address"]["permission_to_send"] != "unsubscribed"
    }
    return {address.split("@")[0]: members[address].get("first_name") for address in mailable}


def test_nobody_is_created_twice_put_back_or_given_an_older_value(
    acme: Installation, crm: Crm, server_url: Callable[[str], str]
) -> None:
    put_back(acme, server_url, dump=True)
    crm.rename("ada", "New")
    crm.add("fay")
    acme.api.door.contact(action="leave_list", email="bob@example.com", list_id=acme.api.list_id)
    acme.api.door.contact(action="unsubscribe", email="cyd@example.com")
    assert acme.run()["counts"]["updated"] == 1
    contacts = len(acme.api.door.state()["contacts"])
    before = taken(acme)

    put_back(acme, server_url, dump=False)
    crm.rename("bob", "Newer")
    crm.rename("cyd", "Newer")
    crm.rename("ada", "Newest")
    for _ in range(3):
        acme.run()
        acme.later(20)
    acme.run("acme", "--full")

    assert names(acme) == {"ada": "Newest", "dan": "Old", "eve": "Old", "fay": "Old"}
    assert len(acme.api.door.state()["contacts"]) == contacts
    assert sorted(taken(acme)[len(before) :]) == ["ada@example.com"]
    assert acme.run()["api"]["calls"] == 0


def test_a_batch_that_was_under_way_at_the_dump_is_settled_by_looking(
    acme: Installation, crm: Crm, server_url: Callable[[str], str]
) -> None:
    acme.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON", times=1)
    crm.rename("ada", "New")
    acme.run()
    put_back(acme, server_url, dump=True)
    acme.later(10)
    acme.run()
    crm.rename("ada", "Newest")
    acme.run()
    assert names(acme)["ada"] == "Newest"

    put_back(acme, server_url, dump=False)
    acme.later(10)
    acme.run()
    acme.run()

    assert names(acme)["ada"] == "Newest"
    assert acme.run()["api"]["calls"] == 0
