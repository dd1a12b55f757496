"""What follows a disaster in every test here: somebody edits on, time passes, and undisturbed runs put all right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.faults import checker, scenes
from tests.faults.checker import Wrong

if TYPE_CHECKING:
    from tests.faults.checker import Before
    from tests.faults.worlds import World

#: Past the lease and the grace time, in minutes; and past the rest of a single write that did not arrive.
GRACE = 5.0
REST = 35.0
_MOST_RUNS = 4


@dataclass(frozen=True)
class Recovery:
    """How a disaster was got over."""

    wrong: Wrong
    runs: int
    quiet_writes: tuple[str, ...]
    was_unsettled: bool
    #: How the clean runs ended.
    ended: tuple[str, ...] = ()

    @property
    def is_late(self) -> bool:
        """Whether it took more than one clean run, or two if an activity was unsettled."""
        return self.runs > (2 if self.was_unsettled else 1)

    @property
    def is_as_promised(self) -> bool:
        """All is right in time; and the next run writes nothing."""
        return self.wrong == Wrong() and not self.is_late and not self.quiet_writes


def begin(world: World) -> Before:
    """Put everything back, and note what is so."""
    world.go_back()
    return checker.before(world.installation.url, world.api.door, world.api.list_id)


def look(world: World, earlier: Before) -> Wrong:
    """What is wrong now."""
    api = world.api
    return checker.wrong(world.installation.url, api.door, api.list_id, earlier, world.off, world.strangers)


def recover(world: World, earlier: Before, seed: int, *, was_unsettled: bool = False) -> Recovery:
    """Edit once more, let the grace time pass, run until nothing is wrong, and once more."""
    scenes.touch(world, seed)
    was_unsettled = was_unsettled or world.unsettled() > 0
    runs, wrong, ended = 0, None, list[str]()
    while wrong != Wrong() and runs < _MOST_RUNS:
        world.later(REST if runs else GRACE)
        ended.append(_ending(world))
        runs += 1
        wrong = look(world, earlier)
    asked = checker.requests(world.api.door)
    world.later(REST)  # whatever was still under way has come
    ended.append(_ending(world))
    writes = tuple(checker.writes(world.api.door, asked))
    recovery = Recovery(look(world, earlier), runs, writes, was_unsettled, tuple(ended))
    world.recoveries.append(recovery)
    return recovery


def _ending(world: World) -> str:
    """Run once more; how it ended."""
    report = world.clean_run()
    return f"{report['state']} ({report['reason']}, {report['message']})"
