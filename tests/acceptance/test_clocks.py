"""Only the databases' clocks decide: what the machine believes the time to be is of no consequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from freezegun import freeze_time

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.mark.parametrize("host", ["2020-02-29 23:59:59", "2099-12-31 12:00:00"])
def test_a_machine_with_a_wrong_clock_reads_the_same_window_and_makes_no_full_comparison(
    installation: Installation, host: str
) -> None:
    contact_id = installation.add("ada@example.com", first_name="Ada")
    assert installation.connect().code == 0
    installation.run()
    installation.change(contact_id, first_name="Augusta")

    with freeze_time(host):
        report = installation.run()

    assert (report["mode"], report["reason"], report["counts"]["updated"]) == ("incremental", None, 1)
    assert report["started_at"][:4] != host[:4]
    assert installation.run()["state"] == "nothing_to_do"
