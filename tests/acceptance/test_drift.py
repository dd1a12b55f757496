"""What was changed at Constant Contact while the CRM's stayed is kept and reported; by choice a sweep overwrites it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


def test_drift_is_kept_and_reported_until_somebody_chooses_that_the_crm_wins_at_the_sweep(
    installation: Installation,
) -> None:
    api = installation.api
    row = installation.add("ada@example.com", first_name="Ada", company="Acorn", job_title="Baker")
    assert installation.connect().code == 0
    installation.run()
    installation.later(20)

    def there() -> dict[str, str]:
        found: dict[str, str] = api.members()["ada@example.com"]
        return {name: found[name] for name in ("first_name", "company_name", "job_title")}

    def changed_there(**fields: str) -> None:
        api.door.contact(action="change", email="ada@example.com", fields=fields)
        installation.later(20)

    # The CRM changed: pushed. Changed there: kept, and reported by the same run. Both changed: the CRM wins.
    changed_there(first_name="Adele", job_title="Cook")
    installation.change(row, company="Oak", job_title="Head baker")
    report = installation.run()
    assert there() == {"first_name": "Adele", "company_name": "Oak", "job_title": "Head baker"}
    assert report["drift"] == {"members": 1}
    found = installation.sql(
        "SELECT field, before, after FROM reconciler.run_rows WHERE run_id = %s ORDER BY field", report["run_id"]
    )
    assert found == [("company_name", "Acorn", "Oak"), ("job_title", "Cook", "Head baker")]
    assert installation.run("acme", "--full")["drift"] == {"members": 1}
    assert installation.sql("SELECT email, field, there, crm FROM reconciler.v1_drift") == [
        ("a***@example.com", "first_name", "A***", "A***")
    ]

    # By choice the CRM wins, at the sweep and not before.
    assert installation.say("set", "acme", "overwrite=first_name").code == 0
    assert installation.run()["counts"]["updated"] == 1, "another choice is a reason for a full comparison"
    assert there()["first_name"] == "Ada"
    changed_there(first_name="Adele")
    installation.change(row, company="Elm")
    assert installation.run()["drift"] == {"members": 1}
    assert there() == {"first_name": "Adele", "company_name": "Elm", "job_title": "Head baker"}
    report = installation.run("acme", "--full")
    assert (there()["first_name"], report["counts"]["updated"], report["drift"]) == ("Ada", 1, {"members": 0})
    assert installation.run("acme", "--full")["state"] == "nothing_to_do"

    said = installation.say("set", "acme", "overwrite=nickname")
    assert (said.code, "overwrite names nickname, which the CRM statement does not map" in said.err) == (2, True)
