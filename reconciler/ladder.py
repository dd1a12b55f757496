"""When to try again what did not go: soon at first, then ever more rarely, and not for ever. Pure."""

from __future__ import annotations

from typing import Final

_FIRST_SECONDS: Final = 300.0
_MOST_SECONDS: Final = 86_400.0
#: So many tries of one contact without its being changed, and then no more by itself.
MOST_TRIES: Final = 10


def pause(tries: int, chance: float = 1.0) -> float:
    """How many seconds to wait after so many tries that failed.

    `chance` is a random number from 0 to 1: those that failed together do not come back together.
    """
    return chance * min(_FIRST_SECONDS * 2.0 ** (min(tries, 30) - 1), _MOST_SECONDS)


def pause_of_contact(tries: int, chance: float) -> float | None:
    """The same for one contact; None where it is not tried again until it changes, or somebody says so."""
    return None if tries >= MOST_TRIES else pause(tries, chance)
