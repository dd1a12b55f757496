"""How a connection stands in a word and a colour, the same on every page. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reconciler.health import Stands

_CONNECTED: Final = "Connected"
_RETRYING: Final = "Retrying by itself"
_NEEDS_YOU: Final = "Needs you"


@dataclass(frozen=True, slots=True)
class Face:
    """What the badge says; its kind is the class of its colour: `ok`, `needs`, `retry` or `off`."""

    kind: str
    words: str

    def to_json(self) -> dict[str, str]:
        return {"kind": self.kind, "words": self.words}


def of(stands: Stands) -> Face:
    """The face of a connection that stands so."""
    match stands:
        case Stands.CONNECTED:
            return Face("ok", _CONNECTED)
        case Stands.RETRYING | Stands.QUARANTINED:
            return Face("retry", _RETRYING)
        case Stands.DISCONNECTED | Stands.NEEDS_YOU | Stands.HELD:
            return Face("needs", _NEEDS_YOU)
        case Stands.PAUSED:
            return Face("off", "Paused")
        case Stands.OBSERVING:
            return Face("off", "Only observing")
        case Stands.NOT_STARTED:
            return Face("off", "Not started")
