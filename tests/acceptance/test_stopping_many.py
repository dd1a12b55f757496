"""`serve` is told to stop while several runs are under way: each ends in good order, and nobody else begins."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.test_serve import locked_contacts, running, serving, wait_for
from tests.many import connect_many

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
FIVE = [f"w{number}" for number in range(5)]


@pytest.fixture
def five(installation: Installation) -> Installation:
    """Five workspaces with somebody to add in each, besides one with nobody."""
    installation.connect()
    connect_many(installation, *FIVE)
    for name in FIVE:
        installation.add(f"{name}@example.com", workspace=name)
    return installation


def states(five: Installation) -> list[tuple[str, int]]:
    return five.sql("SELECT state, count(*) FROM reconciler.runs WHERE trigger = 'schedule' GROUP BY 1 ORDER BY 1")


def leases_held(five: Installation) -> int:
    return int(five.sql("SELECT count(*) FROM reconciler.leases WHERE until > reconciler.clock()")[0][0])


def test_runs_under_way_end_by_themselves_and_those_that_wait_do_not_begin(five: Installation) -> None:
    with serving(five, "serve", "--at-once", "3", "--per-key", "3") as serve:
        with locked_contacts(five):
            wait_for(lambda: running(five) == 3, serve)
            serve.process.terminate()
            with pytest.raises(subprocess.TimeoutExpired):
                serve.process.wait(0.5)
        assert serve.process.wait(60) == 0

    assert sum(count for _, count in states(five)) == 3
    assert {state for state, _ in states(five)} <= {"completed", "nothing_to_do"}
    assert (running(five), leases_held(five)) == (0, 0)
    assert "Traceback" not in serve.said()


def test_runs_that_take_longer_stop_where_they_can_after_some_seconds(five: Installation) -> None:
    five.api.door.fault(fault="slow", operation="bulkImportContactsJSON", seconds=6.5, times=3)
    with serving(five, "serve", "--at-once", "3", "--per-key", "3") as serve:
        wait_for(lambda: len(imports(five)) >= 2, serve)
        asked_at = time.monotonic()
        assert serve.stop() == 0
        assert time.monotonic() - asked_at < 12

    assert ("cancelled", 2) in states(five) or ("cancelled", 3) in states(five)
    assert (running(five), leases_held(five)) == (0, 0)
    # The request under way was finished, and its outcome written down.
    assert {state for (state,) in imports(five)} == {"submitted"}
    assert "Traceback" not in serve.said()


def imports(five: Installation) -> list[tuple[str, ...]]:
    return five.sql("SELECT state FROM reconciler.batches ORDER BY batch_id")
