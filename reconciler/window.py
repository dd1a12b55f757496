"""What one extraction reads, and what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt


@dataclass(frozen=True, slots=True)
class Window:
    """What one extraction reads. `since` is None where everything is read."""

    mode: str
    since: dt.datetime | None
    until: dt.datetime
    overlap_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one extraction read: rows seen, contacts new or changed, contacts no longer there."""

    window: Window
    read: int
    changed: int
    gone: int
