"""A connection that is given another list, and a token that is renewed while a run goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

OTHER = "6d2c1a71-9b1e-11f0-8f3a-5b0f2d1c7e02"


def switch(installation: Installation, list_id: str) -> Said:
    return installation.say("connect", "acme", *installation.credentials(), "--list-id", list_id, "--switch-list")


def test_who_left_a_list_is_not_put_back_when_the_connection_comes_back_to_it(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.add("bob@example.com")
    installation.connect()
    installation.run()
    installation.api.door.contact(action="leave_list", email="ada@example.com", list_id=installation.api.list_id)
    assert switch(installation, OTHER).code == 0
    assert installation.run()["counts"]["added"] == 2

    assert switch(installation, installation.api.list_id).code == 0
    report = installation.run("acme", "--full")

    assert set(installation.api.members()) == {"bob@example.com"}
    assert report["suppressed"] == {"left_list": 1}


def test_another_list_has_to_wait_for_what_was_sent_to_the_old_one(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.api.door.fault(fault="drop_after", operation="bulkImportContactsJSON")
    installation.run()

    said = switch(installation, OTHER)

    assert said.code == 2
    assert "an import is unsettled" in said.err
    installation.later(10)
    assert installation.run()["counts"]["added"] == 1
    assert switch(installation, OTHER).code == 0


def test_a_run_with_the_old_token_does_not_undo_a_new_one(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.api.door.token("expire")

    def renew(words: str) -> None:
        if words == "comparing both sides":
            installation.sql("UPDATE reconciler.accounts SET token_stored_at = reconciler.clock()")

    report = installation.run_telling(renew)

    assert report["state"] == "disconnected"
    assert installation.sql("SELECT disconnected_at FROM reconciler.connections") == [(None,)]
