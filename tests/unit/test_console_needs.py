"""What somebody is to do about a connection: one button that says what, or none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from reconciler.console import needs
from reconciler.console.access import Role
from reconciler.health import Stands

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection


def held(reason: str | None = None, *, run_id: int | None = 7, counts: dict[str, int] | None = None) -> Connection:
    found = SimpleNamespace(name="acme", held_reason=reason, held_run_id=run_id, held_counts=counts)
    return cast("Connection", found)


@pytest.mark.parametrize("stands", [Stands.CONNECTED, Stands.RETRYING, Stands.QUARANTINED])
def test_what_works_or_retries_by_itself_needs_nobody(stands: Stands) -> None:
    assert needs.of(held(), stands) is None


@pytest.mark.parametrize("stands", list(Stands))
def test_credentials_that_can_not_be_opened_are_given_again_whatever_else_is(stands: Stands) -> None:
    need = needs.of(held(), stands, is_usable=False)
    assert need == needs.Need("Reconnect", "/connections/acme/reconnect", Role.ADMIN)


@pytest.mark.parametrize(
    ("stands", "words", "to", "least"),
    [
        (Stands.DISCONNECTED, "Reconnect", "/connections/acme/reconnect", Role.ADMIN),
        (Stands.NEEDS_YOU, "Resume", "/connections/acme/resume", Role.ADMIN),
        (Stands.PAUSED, "Resume", "/connections/acme/resume", Role.OPERATOR),
        (Stands.NOT_STARTED, "Start first sync", "/connections/acme/start", Role.ADMIN),
    ],
)
def test_each_way_to_stand_has_its_button(stands: Stands, words: str, to: str, least: Role) -> None:
    assert needs.of(held(), stands) == needs.Need(words, to, least)


@pytest.mark.parametrize(
    ("connection", "words", "to"),
    [
        (held("guard", counts={"added": 1}), "Approve", "/runs/7/approve"),
        (held("source_shrunk", counts={"read": 1}), "Approve", "/runs/7/approve"),
        (held("source_shrunk"), "Repair the statement", "/connections/acme#statement"),
        (held("statement"), "Repair the statement", "/connections/acme#statement"),
        (held("list_gone"), "Look at the run", "/runs/7"),
    ],
)
def test_what_is_held_is_approved_or_repaired(connection: Connection, words: str, to: str) -> None:
    need = needs.of(connection, Stands.HELD)
    assert need is not None
    assert (need.words, need.to) == (words, to)
