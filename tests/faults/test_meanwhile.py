"""Fault 41: somebody at Constant Contact deletes or edits a contact while our import of it is under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.test_stopping import run_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.bootstrap import Process
    from tests.faults.conftest import Acme

pytestmark = pytest.mark.http
ADA = "ada@example.com"


def meanwhile(acme: Acme, do: Callable[[], object]) -> dict[str, Any]:
    """Ada's name changes in the CRM; between the import and its read-back somebody there does something."""

    def act(_: Process) -> None:
        do()

    acme.installation.sql("UPDATE contacts SET first_name = 'Augusta' WHERE email = %s", ADA)
    return run_at(acme.installation, "before getActivity", act)


def test_who_is_deleted_there_before_the_read_back_is_kept_off(acme: Acme) -> None:
    report = meanwhile(acme, lambda: acme.api.door.contact(action="delete", email=ADA))

    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert report["suppressed"] == {"deleted_there": 1}
    imported = acme.api.imported()
    acme.installation.sql("UPDATE contacts SET first_name = 'Beatrice' WHERE email = %s", ADA)
    for options in ((), ("--full",)):
        acme.installation.run("acme", *options)
    assert acme.api.imported() == imported
    assert set(acme.api.members()) == {"bob@example.com"}


def test_who_is_edited_there_before_the_read_back_is_left_as_they_are_and_does_not_flap(acme: Acme) -> None:
    def edit() -> None:
        acme.api.door.contact(action="change", email=ADA, fields={"first_name": "Adelheid"})

    report = meanwhile(acme, edit)

    assert (report["state"], report["counts"]["updated"]) == ("completed", 1)
    assert "shown_differently" in [row[4] for row in acme.installation.rows(report["run_id"])]
    imported = acme.api.imported()
    assert acme.installation.run()["api"]["calls"] == 0
    assert acme.installation.run("acme", "--full")["counts"]["updated"] == 0
    assert acme.api.imported() == imported
    assert acme.api.members()[ADA]["first_name"] == "Adelheid"
