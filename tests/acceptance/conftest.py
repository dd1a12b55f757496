"""What holds in every acceptance test, whatever it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

_REMOVERS = ("sign_up_form", "resubscribe", "remove_list_memberships", "contact_delete")


@pytest.fixture(autouse=True)
def _promises(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every sum of every report meets, reasons included, and no request ever removed anybody."""
    if "installation" not in request.fixturenames:
        yield
        return
    installation: Installation = request.getfixturevalue("installation")
    yield
    reports = installation.sql("SELECT run_id, report -> 'balanced' FROM reconciler.runs WHERE report IS NOT NULL")
    assert not [(run_id, sums) for run_id, sums in reports if not all(sums.values())]
    told = installation.sql(
        "SELECT r.run_id, c.key, c.value, coalesce(sum(CAST(e.value ->> 'count' AS bigint)), 0)"
        " FROM reconciler.runs AS r CROSS JOIN jsonb_each_text(r.report -> 'counts') AS c"
        " LEFT JOIN jsonb_array_elements(r.report -> 'reasons') AS e ON e.value ->> 'bucket' = c.key"
        " WHERE r.report ? 'reasons' AND c.key NOT IN ('read', 'carried_in', 'unchanged', 'added', 'updated')"
        " GROUP BY r.run_id, c.key, c.value"
    )
    assert not [(run_id, bucket) for run_id, bucket, count, because in told if int(count) != because]
    history = installation.api.door.state(contacts=False)["history"]
    assert not [asked for asked in history if asked["method"] == "DELETE"]
    assert not [asked for asked in history if any(word in asked["path"] for word in _REMOVERS)]
