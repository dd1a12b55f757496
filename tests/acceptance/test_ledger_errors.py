"""What goes wrong in the ledger while the CRM is read is not the CRM's fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def test_a_ledger_that_refuses_a_copy_does_not_hold_the_connection_for_its_statement(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.add("ada@example.com")
    assert installation.connect().code == 0
    monkeypatch.setattr("reconciler.ledger.contacts._COLUMNS", ("contact_id", "no_such_column"))

    said = installation.say("run", "acme", "--json")

    assert (said.code, said.json["state"]) == (1, "failed")
    assert "the ledger" in said.json["message"]
    assert installation.sql("SELECT held_at FROM reconciler.connections") == [(None,)]
