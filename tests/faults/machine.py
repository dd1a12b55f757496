"""Edits on both sides, faults and runs in any order: what must never be never is, and in the end all is right."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from reconciler.errors import ReconcilerError
from tests.faults import checker, mutants, recount, statements
from tests.faults.boundaries import Dying, Killed
from tests.faults.checker import Wrong
from tests.faults.edits import Edits
from tests.faults.expected import Expected, Now
from tests.faults.kinds import ALWAYS, BY_NAME, LASTING
from tests.faults.rounds import GRACE, REST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.mutants import Mutation
    from tests.faults.worlds import World

#: An import that takes its time takes so many seconds; and so much later is it over, in minutes.
SLOW = 600.0
OVER = 15.0
#: Past the lease and not past the grace time, in minutes.
LEASE = 3.2
#: So much later, in seconds, a list shows who has joined and left.
LAG = 30.0
#: Each costs seconds: these are looked at elsewhere.
_COSTLY = ("slow_drip", "huge_body", "gzip_bomb")
_MOST_RUNS = 4
_WHO = st.integers(0, 11)
#: The next run finds the lease taken, or what was sent within the grace time, or neither.
_AFTER = st.sampled_from((0.0, LEASE, GRACE))
_WELL = ("completed", "completed_with_problems", "nothing_to_do")
#: What a run that does not take place says.
_NONE = ("paused", "already_running", "quarantined")


class AnyOrder(RuleBasedStateMachine):
    """A day of two sides and a program. One world serves all examples: each begins where it was kept."""

    def __init__(self, world: World, found: list[str], mutation: Mutation = mutants.nothing) -> None:
        super().__init__()
        self.world = world
        self.world.go_back()
        self.is_lagging = False
        self.is_paused = False
        self.edits = Edits(world, Expected.at_first(world, Now.of(world)))
        #: What went wrong, in words: kept where a second time goes otherwise.
        self.found = found
        self.patch = pytest.MonkeyPatch()
        mutation(self.patch, world)

    # The CRM

    @rule(where=_WHO)
    def somebody_is_added(self, where: int) -> None:
        self.edits.add(where)

    @rule(who=_WHO, column=st.sampled_from(("first_name", "company")))
    def a_field_changes(self, who: int, column: str) -> None:
        self.edits.change(who, column)

    @rule(who=_WHO)
    def an_address_changes(self, who: int) -> None:
        self.edits.move(who)

    @rule(who=_WHO, other=_WHO)
    def two_swap_addresses(self, who: int, other: int) -> None:
        self.edits.swap(who, other)

    @rule(who=_WHO)
    def somebody_opts_out_or_back_in(self, who: int) -> None:
        self.edits.opt(who)

    @rule(who=_WHO)
    def somebody_is_soft_deleted_or_comes_back(self, who: int) -> None:
        self.edits.soft_delete(who)

    @rule(who=_WHO)
    def a_row_vanishes(self, who: int) -> None:
        self.edits.vanish(who)

    @rule()
    def the_latest_change_is_undone(self) -> None:
        self.edits.take_back()

    # Constant Contact

    @rule(who=_WHO, action=st.sampled_from(("unsubscribe", "leave_list", "delete")))
    def somebody_goes_off(self, who: int, action: str) -> None:
        self.edits.goes_off(who, action)
        if self.is_lagging:  # what is not shown yet can't be known
            self.world.later(LAG / 60)

    @rule(who=_WHO, column=st.sampled_from(("first_name", "company")))
    def somebody_is_edited_there(self, who: int, column: str) -> None:
        self.edits.drifts(who, column)

    @rule(where=_WHO)
    def a_stranger_joins(self, where: int) -> None:
        self.edits.joins(where)

    @rule(seconds=st.sampled_from((0.0, SLOW)), end=st.sampled_from(("completed", "completed", "failed")))
    def imports_are_otherwise(self, seconds: float, end: str) -> None:
        self.world.api.door.switch(activity_seconds=seconds, activity_end=end)

    @rule(is_lagging=st.booleans())
    def the_list_lags_or_not(self, *, is_lagging: bool) -> None:
        self.world.api.door.switch(index_lag_seconds=LAG if is_lagging else 0.0)
        self.is_lagging = is_lagging

    # Time, and what people do to the program

    @rule(minutes=st.sampled_from((1.0, 5.0, 60.0)))
    def time_passes(self, minutes: float) -> None:
        self.world.later(minutes)

    @rule()
    def it_is_paused_or_resumed(self) -> None:
        said = self.world.installation.say("resume" if self.is_paused else "pause", "acme")
        assert said.code == 0, said
        self.is_paused = not self.is_paused

    # Runs

    @rule()
    def it_runs(self) -> None:
        self._watch(self.world.run)

    @rule()
    def it_runs_in_full(self) -> None:
        if not self._is_leased():  # else it waits for that run, in real time
            self._watch(self._run_in_full)

    @rule()
    def it_is_planned_and_then_does_just_that(self) -> None:
        """Unless something is open: a run looks for that first, and a plan does not."""
        if self._is_leased() or self.is_paused or self.world.unsettled():
            return
        kept, asked = recount.kept_by_a_plan(self.world), checker.requests(self.world.api.door)
        planned = self.world.installation.say("plan", "acme", "--json").json
        if planned["state"] != "observed":
            return
        assert (recount.kept_by_a_plan(self.world), checker.writes(self.world.api.door, asked)) == (kept, [])
        ended = self._watch(self.world.run)
        if isinstance(ended, dict) and ended["state"] in _WELL:
            assert ended["plan"]["digest"] == planned["plan"]["digest"], (planned["counts"], ended["counts"])

    @rule(at=st.integers(7, 12), who=_WHO, minutes=_AFTER)
    def it_is_killed_early(self, at: int, who: int, minutes: float) -> None:
        """While the CRM is copied and compared, before anything is asked of Constant Contact."""
        self._kill(at, who, minutes)

    @rule(at=st.integers(1, 60), who=_WHO, minutes=_AFTER)
    def it_is_killed(self, at: int, who: int, minutes: float) -> None:
        self._kill(at, who, minutes)

    def _kill(self, at: int, who: int, minutes: float) -> None:
        """With something to do, and the lease to be had: else there is little to die of."""
        self.edits.change(who, "company")
        self.world.later(LEASE if self._is_leased() else 0.0)

        def run() -> object:
            with contextlib.suppress(Killed):
                return self.world.run(Dying(at))
            return "killed"

        self._watch(run)
        self.world.later(minutes)

    @rule(
        name=st.sampled_from([name for name in BY_NAME if name not in _COSTLY]),
        at=st.integers(1, 20),
        is_lasting=st.booleans(),
    )
    def a_request_meets_trouble(self, name: str, at: int, *, is_lasting: bool) -> None:
        kind = BY_NAME[name]
        lasts = is_lasting and kind in LASTING and not kind.tail

        def run() -> object:
            with pytest.MonkeyPatch.context() as patch:
                kind.happens(self.world, at, ALWAYS if lasts else 1, patch)
                ended = self.world.run()
            time.sleep(kind.tail)
            self.world.forget_faults()
            return ended if lasts else "troubled"

        self._watch(run)

    @rule(at=st.integers(1, 120), way=st.sampled_from(("fails", "is_ended", "is_done_unheard", "is_undone")))
    def a_statement_meets_trouble(self, at: int, way: str) -> None:
        def run() -> object:
            trouble = pytest.MonkeyPatch()
            with (
                statements.in_trouble(self.world.installation.url, at, way, trouble),
                contextlib.suppress(ReconcilerError),
            ):
                self.world.run()
            trouble.undo()
            return "troubled"

        self._watch(run)

    def teardown(self) -> None:
        """In the end all is right, unless something is wrong already."""
        try:
            if sys.exc_info()[0] is None:
                self.settle()
        finally:
            self.found += [repr(error)] if isinstance(error := sys.exc_info()[1], Exception) else []
            self.patch.undo()

    def settle(self) -> None:
        """The faults are over, imports are quick: a run puts all right, and the next one writes nothing."""
        was_unsettled = self.world.unsettled() > 0
        self._calm()
        most = 1 + was_unsettled + bool(self.edits.expected.mixed)
        wrong, ended = None, list[object]()
        while wrong != Wrong() and len(ended) < _MOST_RUNS:
            self.world.later(REST if ended else OVER)
            earlier = checker.before(self.world.installation.url, self.world.api.door, self.world.api.list_id)
            ended.append(self._watch(self._clean_run))
            wrong = self._wrong(earlier)
        assert (wrong, len(ended) <= most) == (Wrong(), True), (wrong, *map(_brief, ended))
        asked = checker.requests(self.world.api.door)
        self.world.later(REST)
        self._watch(self.world.run)
        assert checker.writes(self.world.api.door, asked) == []

    def _calm(self) -> None:
        self.world.api.door.switch(activity_seconds=0.0, activity_end="completed", index_lag_seconds=0.0)
        self.is_lagging = False
        if self.is_paused:
            self.it_is_paused_or_resumed()

    def _clean_run(self) -> object:
        """What vanished from the CRM is found by a full comparison only; nor does that wait in quarantine."""
        if self.edits.vanished:
            return self._run_in_full()
        ended = self.world.run()
        return self._run_in_full() if ended == "quarantined" else ended

    def _is_leased(self) -> bool:
        return bool(self.world.installation.sql("SELECT 1 FROM reconciler.leases WHERE until > reconciler.clock()"))

    def _run_in_full(self) -> object:
        report = self.world.installation.run("acme", "--full")
        if report["state"] in _WELL:
            self.edits.vanished = 0
        return report

    def _watch(self, run: Callable[[], object]) -> object:
        """Run, and see that nothing came of it that must never be."""
        expected, before = self.edits.expected, self.edits.now()
        expected.notice(before)
        off, sendable = expected.forbidden(before), expected.sendable(before)
        earlier = checker.before(self.world.installation.url, self.world.api.door, self.world.api.list_id)
        is_clear = not (self.is_lagging or before.under_way or self.world.unsettled())
        ended = run()
        found = self._wrong(earlier, off)
        assert (found.put_back, found.removed, found.over_budget) == ((), (), 0), (found, _brief(ended))
        after = self.edits.now()
        history = self.world.api.door.state(contacts=False)["history"][earlier.requests :]
        written = {address.lower() for asked in history for address in asked.get("emails", ())}
        new = after.listed.keys() - before.listed.keys() - before.under_way
        assert (written - sendable, new - sendable) == (set(), set()), (written, new, _brief(ended))
        assert ended not in _NONE or not history
        assert checker.held_twice(self.world.installation.url) == []
        assert recount.sums(self.world) == {}
        if is_clear and isinstance(ended, dict) and ended["state"] in _WELL and not self.world.unsettled():
            assert recount.differences(self.world, ended, earlier.requests, before, after) == {}, _brief(ended)
        self._learn(ended, after)
        return ended

    def _learn(self, ended: object, after: Now) -> None:
        went_well = isinstance(ended, dict) and ended["state"] in _WELL
        if went_well and not self.is_lagging and not self.world.unsettled():
            self.edits.expected.in_step(after)

    def _wrong(self, earlier: checker.Before, off: set[str] | None = None) -> Wrong:
        expected, now = self.edits.expected, self.edits.now()
        expected.notice(now)
        api, off = self.world.api, expected.forbidden(now) if off is None else off
        found = checker.wrong(self.world.installation.url, api.door, api.list_id, earlier, off, expected.others(now))
        return expected.excuse(found, now)


def _brief(ended: object) -> object:
    return (ended["state"], ended.get("reason")) if isinstance(ended, dict) else ended
