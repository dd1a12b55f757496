from __future__ import annotations

from tests.faults.strategies import ByVersion, Mutant, Naive, watched
from tests.faults.writers import SHORT, Writers, committed, load

SEED = 20261124
SECONDS = 6.0


def test_writers_are_brutal_enough_that_a_wrong_way_to_find_changes_loses_some(database_url: str) -> None:
    load(database_url)
    naive, mutant, control = Naive(database_url), Mutant(database_url), ByVersion(database_url)

    with watched([naive, mutant, control], SEED):
        done = Writers(database_url, SEED, SECONDS, SHORT).run()

    truth = committed(database_url)
    assert min(done[kind] for kind in ("committed", "long", "prepared", "rolled back", "with savepoints")) > 0
    assert control.lost(truth) == set()
    assert naive.lost(truth) != set()
    assert mutant.lost(truth) != set()
