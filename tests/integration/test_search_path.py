"""A database user who is called as our schema: the CRM's tables are still the CRM's."""

from __future__ import annotations

import time

import psycopg
import pytest

from reconciler import database_url as urls
from reconciler import statements
from reconciler.crm import Crm
from reconciler.demo import people
from reconciler.limits import Limits


@pytest.fixture
def as_reconciler(ledger_url: str) -> str:
    """The same database, for a user called `reconciler`; only where the server lets us make one."""
    if "//sage@" not in ledger_url:
        pytest.skip("NOT TESTED: the server that was named is not the embedded one")
    with psycopg.connect(ledger_url) as db:
        people.create_tables(db)
        db.execute("INSERT INTO contacts (workspace, email) VALUES ('acme', 'ada@example.com')")
        db.execute("DROP ROLE IF EXISTS reconciler")
        db.execute("CREATE ROLE reconciler SUPERUSER LOGIN")
    return ledger_url.replace("//sage@", "//reconciler@")


def test_the_crm_s_contacts_are_read_also_by_a_user_called_reconciler(as_reconciler: str) -> None:
    crm = Crm(urls.parse(as_reconciler), Limits(), time.monotonic)

    with crm.snapshot() as snapshot:
        rows = list(snapshot.of("acme").rows(statements.read("crm/contacts"), ["email"]))

    assert rows == [("ada@example.com",)]
