"""The last runs of a connection as a strip: a kind and a word for each. Pure."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any, Final, Protocol

from reconciler.page import STATES, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: As many runs as a strip has.
MOST: Final = 50
#: The colour of each ending; a run that goes on has none of them.
_KINDS: Final[Mapping[str, str]] = {
    "nothing_to_do": "ok",
    "completed": "ok",
    "completed_with_problems": "retry",
    "quota": "retry",
    "cancelled": "retry",
    "abandoned": "retry",
    "failed": "needs",
    "held": "needs",
    "disconnected": "needs",
    "observed": "off",
}
_GOES_ON: Final = "goes on"


class Run(Protocol):
    """A run, as far as a strip shows it; its state is None while it goes on."""

    @property
    def run_id(self) -> int: ...
    @property
    def state(self) -> str | None: ...


def of(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Each run of a strip, oldest first: its number, its state and the kind of its colour."""
    return [{"run_id": run.run_id, "state": run.state, "kind": kind_of(run.state)} for run in runs]


def kind_of(state: str | None) -> str:
    """The kind of a run's colour: `ok`, `retry`, `needs` or `off`."""
    return _KINDS.get(state or "", "off")


def words(runs: Sequence[Run]) -> str:
    """A strip in words, for whoever doesn't see it."""
    if not runs:
        return "no run yet"
    counts = collections.Counter(_word(run.state) for run in runs)
    told = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    return f"the last {number(len(runs), 'run')}: {told}"


def _word(state: str | None) -> str:
    """How a run ended, in as few words as will do."""
    return _GOES_ON if state is None else STATES[state].partition(":")[0].partition(",")[0]
