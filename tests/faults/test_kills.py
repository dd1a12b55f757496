"""Fault 56: the process dies at every durable boundary of a run, one after the other, until a run passes untouched."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from typing import TYPE_CHECKING

import pytest

from tests.faults import rounds, scenes
from tests.faults.boundaries import Dying, Killed
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.worlds import World

    Scene = Callable[[World, int], None]

#: Their simulator is one of their own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract]
#: So that several processes share a loop: each takes every so many-th boundary.
PARTS = 2
SCENES = (scenes.at_first, scenes.in_between)
#: A seed for each scene, other ones each day; a test's name has the one that it was about.
TODAY = [2 * dt.datetime.now(dt.UTC).date().toordinal() + each for each in range(2)]
LONG = [pytest.param(scene, seed, marks=pytest.mark.soak) for scene in SCENES for seed in range(1, 51)]
SLOWLY = [pytest.param(seed, part, marks=pytest.mark.soak) for seed in range(1, 21) for part in range(PARTS)]
#: An import takes so long, unless it is done at once: then what was sent first may arrive last.
SLOW = 600.0


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    yield from a_world(request)


def killed_at(world: World, at: int, seed: int, slow: float) -> tuple[Dying, str]:
    """One round; says where it died, and what went wrong with that, if anything did."""
    earlier = rounds.begin(world)
    world.api.door.switch(activity_seconds=slow)
    dying = Dying(at)
    with contextlib.suppress(Killed):
        world.run(dying)
    if world.is_leased():  # not yet, or no more, at the two ends
        assert world.run() == "already_running"
    world.api.door.switch(activity_seconds=0.0)
    recovery = rounds.recover(world, earlier, seed + at)
    return dying, "" if recovery.is_as_promised else f"{dying.last}: {recovery}"


def every_boundary(world: World, seed: int, part: int, slow: float = 0.0) -> None:
    wrong = []
    for at in itertools.count(1 + part, PARTS):
        dying, told = killed_at(world, at, seed, slow)
        wrong += [told] if told else []
        if not dying.is_dead:
            break
    assert wrong == []


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("scene", "seed"), [*zip(SCENES, TODAY, strict=True), *LONG])
def test_who_dies_at_any_boundary_loses_nothing_and_repeats_nothing(
    world: World, scene: Scene, seed: int, part: int
) -> None:
    scene(world, seed)
    world.keep()

    every_boundary(world, seed, part)


@pytest.mark.parametrize(("seed", "part"), [(TODAY[0], TODAY[0] // 2 % PARTS), *SLOWLY])
def test_who_dies_while_the_import_is_still_running_overwrites_nothing_with_what_is_older(
    world: World, seed: int, part: int
) -> None:
    scenes.in_between(world, seed)
    world.keep()

    every_boundary(world, seed, part, SLOW)
