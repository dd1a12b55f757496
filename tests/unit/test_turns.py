"""Whose turn it is: everybody's within a bounded number of turns, whoever else is due and however long they take."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import random
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import turns
from reconciler.turns import Bounds, Due, History, Past, Queue

NOON = dt.datetime(2026, 5, 31, 12, tzinfo=dt.UTC)
BOUNDS = st.builds(Bounds, at_once=st.integers(1, 6), per_key=st.integers(1, 3))


def due(number: int, key: str = "key", *, minutes: int = 0, waiting: int = 0, **known: object) -> Due:
    last = NOON + dt.timedelta(minutes=minutes)
    made = Due(number, f"c{number}", key.encode(), waiting=waiting, last_tick_at=last, interval=60.0)
    return dataclasses.replace(made, **known)  # type: ignore[arg-type]  # the fields of a Due


def by(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - chance that can be had once more


def names(found: list[Due]) -> list[str]:
    return [one.name for one in found]


def order(crowd: list[Due], history: History) -> list[str]:
    """In which order they come where there is place for all of them."""
    return names(Queue(crowd, history).take([], Bounds(1000, 1000)))


def begin(crowd: list[Due], running: list[Due], bounds: Bounds) -> list[str]:
    return names(Queue(crowd).take(running, bounds))


@st.composite
def crowds(draw: st.DrawFn) -> list[Due]:
    """Up to four keys with up to six connections each: small, big, and never seen ones."""
    found: list[Due] = []
    for key in range(draw(st.integers(1, 4))):
        for _ in range(draw(st.integers(1, 6))):
            waiting = draw(st.sampled_from([0, 3, 100_000]))
            one = due(len(found) + 1, str(key), minutes=draw(st.integers(0, 50)), waiting=waiting)
            found.append(dataclasses.replace(one, last_tick_at=draw(st.sampled_from([one.last_tick_at, None]))))
    return found


@dataclass
class World:
    """Connections that are due again as soon as their turn is over; some never end theirs."""

    crowd: dict[int, Due]
    bounds: Bounds
    stuck: frozenset[int] = frozenset()
    running: dict[int, Due] = field(default_factory=dict)
    history: History = field(default_factory=History)
    #: Of each connection: which turn of its key was its first.
    had: dict[int, int] = field(default_factory=dict)
    #: Of each key: how many turns of others it has let pass though one of its own could have begun.
    passed: dict[bytes, int] = field(default_factory=dict)

    def turn(self, chance: random.Random) -> None:
        """One of those that run ends, if it can, and the free places are given out."""
        ending = sorted(set(self.running) - self.stuck)
        if ending:
            over = self.running.pop(chance.choice(ending))
            ticked = NOON + dt.timedelta(hours=1, seconds=self.history.turns)
            self.crowd[over.connection_id] = dataclasses.replace(over, last_tick_at=ticked)
        # Looked up anew each time: what was kept out before keeps its turn all the same.
        queue, could = Queue(self.crowd.values(), self.history), self._keys_with_place()
        begun = queue.take(self.running.values(), self.bounds)
        self.history = queue.history
        for one in begun:
            self.running[one.connection_id] = one
            self.had.setdefault(one.connection_id, self.history.had(one.key))
        served = {one.key for one in begun}
        self.passed = {key: self.passed.get(key, 0) + len(begun) for key in could - served}
        self._is_within_bounds()

    def _keys_with_place(self) -> set[bytes]:
        free = {one.key for one in self.crowd.values() if one.connection_id not in self.running}
        return {key for key in free if self._of(key) < self.bounds.per_key}

    def _of(self, key: bytes) -> int:
        return sum(one.key == key for one in self.running.values())

    def _is_within_bounds(self) -> None:
        assert len(self.running) <= self.bounds.at_once
        assert all(self._of(one.key) <= self.bounds.per_key for one in self.running.values())


def test_keys_take_turns_and_the_one_that_was_served_least_recently_comes_first() -> None:
    crowd = [due(1, "a", minutes=1), due(2, "a", minutes=2), due(3, "b", minutes=3), due(4, "c", minutes=4)]
    history = History().after(crowd[0]).after(crowd[3])

    assert order(crowd, History()) == ["c1", "c3", "c4", "c2"]
    assert order(crowd, history) == ["c3", "c1", "c4", "c2"]


def test_within_a_key_the_small_ones_go_first_and_then_who_has_waited_longest() -> None:
    crowd = [due(1, waiting=100_000), due(2, minutes=2), due(3, minutes=1), due(4, last_tick_at=None)]

    assert order(crowd, History()) == ["c3", "c2", "c4", "c1"]


def test_small_ones_that_are_always_due_do_not_keep_a_big_one_out() -> None:
    crowd = [due(1, waiting=100_000), *(due(number, minutes=number) for number in range(2, 12))]

    assert order(crowd, History())[3] == "c1"


def test_a_hundred_connections_of_one_key_leave_places_to_the_others() -> None:
    crowd = [due(number, "crowded", minutes=0) for number in range(100)]
    other = due(100, "other", minutes=59)

    assert begin([*crowd, other], [], Bounds(at_once=4, per_key=2)) == ["c0", "c100", "c1"]


def test_who_runs_does_not_begin_again_and_full_places_give_out_none() -> None:
    one, other = due(1, "a"), due(2, "b")

    assert begin([one, other], [one], Bounds()) == ["c2"]
    assert begin([other], [one], Bounds(at_once=1)) == []


def test_those_whose_last_run_failed_get_half_of_the_places() -> None:
    broken = [due(number, str(number), is_failing=True) for number in range(6)]
    well = [due(number, str(number)) for number in range(6, 12)]

    assert begin([*broken, *well], [], Bounds(at_once=4)) == ["c0", "c1", "c6", "c7"]
    assert begin([broken[2], well[0]], broken[:2], Bounds(at_once=4)) == ["c6"]
    assert begin(broken, [], Bounds(at_once=1)) == ["c0"]


def test_a_failing_one_that_has_to_wait_keeps_no_other_of_its_key_waiting() -> None:
    broken, behind = due(1, "a", is_failing=True), due(2, "a", minutes=1)
    running = [due(9, "z", is_failing=True)]

    queue = Queue([broken, behind, due(3, "b", minutes=2)])

    assert names(queue.take(running, Bounds(at_once=3))) == ["c2", "c3"]
    assert queue
    assert names(queue.take([], Bounds(at_once=3))) == ["c1"]
    assert not queue


@settings(max_examples=50, deadline=None)
@given(crowd=crowds(), bounds=BOUNDS, seed=st.integers(0, 10_000))
def test_everybody_who_is_due_gets_a_turn_within_a_bounded_number_of_turns(
    crowd: list[Due], bounds: Bounds, seed: int
) -> None:
    world, chance = World({one.connection_id: one for one in crowd}, bounds), by(seed)
    keys = collections.Counter(one.key for one in crowd)

    for _ in range(400):
        world.turn(chance)
        assert max(world.passed.values(), default=0) < len(keys)

    # Of a key's turns one in four is for who has waited longest.
    assert all(world.had[one.connection_id] <= 4 * keys[one.key] for one in crowd)


@settings(max_examples=40, deadline=None)
@given(crowd=crowds(), seed=st.integers(0, 10_000), which=st.integers(0, 1000))
def test_one_that_never_ends_keeps_nobody_else_out(crowd: list[Due], seed: int, which: int) -> None:
    stuck = crowd[which % len(crowd)].connection_id
    world, chance = (
        World({one.connection_id: one for one in crowd}, Bounds(2, 2), frozenset({stuck})),
        by(seed),
    )

    for _ in range(4 * 6 * 4 + 10):
        world.turn(chance)

    assert set(world.had) == set(world.crowd)


@settings(max_examples=30, deadline=None)
@given(crowd=crowds(), seed=st.integers(0, 10_000))
def test_a_key_whose_runs_never_end_blocks_no_other_key(crowd: list[Due], seed: int) -> None:
    stuck = frozenset(one.connection_id for one in crowd if one.key == crowd[0].key)
    world = World({one.connection_id: one for one in crowd}, Bounds(at_once=3, per_key=2), stuck)
    chance = by(seed)

    for _ in range(4 * 6 * 4 + 10):
        world.turn(chance)

    assert set(world.crowd) - stuck <= set(world.had)


def test_who_has_just_had_the_turn_that_it_is_due_for_has_no_second_one() -> None:
    one = due(1)

    assert turns.is_new(one, None, 100.0)
    assert not turns.is_new(one, Past(last_tick_at=None, ended_at=101.0), 100.0)
    assert turns.is_new(one, Past(last_tick_at=None, ended_at=99.0), 100.0)


def test_a_turn_that_left_no_tick_is_repeated_after_an_interval() -> None:
    one = due(1)
    past = Past(one.last_tick_at, ended_at=100.0)

    assert not turns.is_new(one, past, 159.0)
    assert turns.is_new(one, past, 160.0)
