"""The console's words for how things stand: faces, strips and stages."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from reconciler.console import faces, stages, strips
from reconciler.console.stages import Counts
from reconciler.domain import State
from reconciler.health import Stands


@dataclass(frozen=True)
class Run:
    run_id: int
    state: str | None


def states(counts: Counts) -> list[str]:
    return [stage["state"] for stage in stages.of(counts)]


@pytest.mark.parametrize("stands", list(Stands))
def test_each_way_to_stand_has_a_face(stands: Stands) -> None:
    assert faces.of(stands).kind in ("ok", "needs", "retry", "off")


def test_what_only_somebody_can_end_needs_somebody() -> None:
    needing = {stands for stands in Stands if faces.of(stands).kind == "needs"}
    assert needing == {Stands.DISCONNECTED, Stands.HELD, Stands.NEEDS_YOU}


def test_a_run_that_ended_badly_is_not_green_in_a_strip() -> None:
    green = {state for state in State if strips.kind_of(state.value) == "ok"}
    assert green == {State.COMPLETED, State.NOTHING_TO_DO}


def test_a_strip_says_in_words_how_its_runs_ended() -> None:
    runs = [Run(1, "completed"), Run(2, "failed"), Run(3, "completed"), Run(4, None)]
    assert strips.words(runs) == "the last 4 runs: 2 completed, 1 failed, 1 goes on"
    assert strips.words([]) == "no run yet"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (Counts(has_plan=False), ["now", "later", "later", "later"]),
        (Counts(True, 3, 1), ["done", "done", "now", "later"]),
        (Counts(True, 3, 1, sent=2), ["done", "done", "now", "now"]),
        (Counts(True, 3, 1, sent=4, settled=2), ["done", "done", "done", "now"]),
        (Counts(True, 3, 1, sent=4, settled=4), ["done", "done", "done", "done"]),
    ],
)
def test_a_run_goes_through_its_stages_in_their_order(counts: Counts, expected: list[str]) -> None:
    assert states(counts) == expected


def test_no_time_is_promised_before_there_is_a_plan() -> None:
    assert "not known" in stages.estimate(Counts(has_plan=False), None)


def test_of_the_plans_minutes_those_are_left_for_which_nothing_has_come_back() -> None:
    assert stages.estimate(Counts(True, 100, 0, sent=50, settled=0), 10) == "About 10 minutes for what is left."
    assert stages.estimate(Counts(True, 100, 0, sent=100, settled=75), 10) == "About 3 minutes for what is left."
    assert stages.estimate(Counts(True, 100, 0, sent=100, settled=99), 10) == "About 1 minute for what is left."
    assert stages.estimate(Counts(True, 100, 0, sent=100, settled=100), 10) == "It ends in a moment."
