"""What one extraction reads, from where on, and what it found. Pure: the CRM is read elsewhere.

The watermark keeps both a time and a row version of the snapshot that set it, whatever the mode, so that another mode
can go on from there.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.origin import has_other_timeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.origin import Origin

#: Row versions are compared by their low 32 bits: half of these lie ahead. A million less: others go on writing.
_FARTHEST: Final = 2**31 - 10**6
_LOW_32_BITS: Final = 2**32 - 1
#: Reasons of a sweep in which nothing was missed before: it is the first one, or everything means something else now.
_AFRESH: Final[frozenset[str | None]] = frozenset({"first_run", "mapping_changed", "source_changed"})


class Mode(enum.StrEnum):
    """How changes are found; "sweep" is none of these: that is the full comparison of both sides."""

    #: Row versions that are newer than the oldest transaction that ran at the last snapshot.
    XMIN = "xmin"
    #: Everything, every run.
    WHOLE = "whole"
    #: By `changed_at`, from a while before the last snapshot.
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Versions:
    """Rows written by this transaction or a later one. `xid` is the whole 64-bit number (xid8)."""

    xid: int

    @property
    def low(self) -> str:
        """The number as PostgreSQL's `xid` type has it."""
        return str(self.xid & _LOW_32_BITS)


@dataclass(frozen=True, slots=True)
class Times:
    """Rows changed at this moment or later, by their own `changed_at`."""

    moment: dt.datetime


Since = Versions | Times


@dataclass(frozen=True, slots=True)
class Position:
    """One snapshot of the CRM. `now` is its clock before the snapshot was taken; the numbers are xid8."""

    origin: Origin
    now: dt.datetime
    xmin: int
    xmax: int
    #: A digest of what the tables are like, apart from their rows, "" of none; None: it was not asked for.
    structure: str | None = None
    #: Names of types that PostgreSQL did not bring along, by their numbers.
    types: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far into the CRM's changes everything has been copied."""

    until: dt.datetime
    position: int
    origin: Origin
    #: By the ledger's clock.
    read_at: dt.datetime
    structure: str = ""
    types: Mapping[int, str] = field(default_factory=dict)
    #: When the structure was last asked for; by the ledger's clock.
    structure_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What one extraction reads. `since` is None where everything is read."""

    mode: Mode
    since: Since | None
    #: What the window would have begun with: what is found before it was missed, and is recovered late.
    on_time: Since | None
    overlap_seconds: float = 0.0
    #: Why everything is read and compared with everything, or None.
    reason: str | None = None
    #: Why the watermark could not be gone on from: then a sweep is due until one is done.
    broken: str | None = None

    @property
    def is_large(self) -> bool:
        """Whether it may be more than one statement can read in its time: everything, though not every run reads it."""
        return self.since is None and (self.reason is not None or self.mode is not Mode.WHOLE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one extraction read: rows seen, contacts new or changed, contacts no longer there."""

    window: Window
    until: Position
    read: int
    changed: int
    gone: int
    #: Of the changed and gone: those that only the overlap or the sweep has found.
    recovered_late: int = 0


def window(
    mode: Mode,
    mark: Watermark | None,
    *,
    overlap_seconds: float,
    reason: str | None,
    broken: str | None,
    asked: str | None = None,
) -> Window:
    """What is to be read. `reason`: why a sweep is due; `broken`: why the watermark can't be gone on from.

    `asked` is the reason of a sweep that is due besides, where another one has the word.
    """
    if reason in (None, "daily_sweep"):
        reason = broken or reason
    is_comparable = mark is not None and not broken and not {reason, asked} & _AFRESH
    on_time = _on_time(mode, mark) if mark is not None and is_comparable else None
    match on_time:
        case Times(moment) if reason is None:
            return Window(mode, Times(moment - dt.timedelta(seconds=overlap_seconds)), on_time, overlap_seconds)
        case Versions() if reason is None:
            return Window(mode, on_time, on_time)
        case _:
            return Window(mode, None, on_time, reason=reason, broken=broken)


def broken(mark: Watermark | None, here: Position, now: dt.datetime, gap_seconds: float) -> str | None:
    """Why a watermark can't be gone on from, or None: `source_changed` or `gap`. `now` is the ledger's clock."""
    if mark is None:
        return None
    if has_other_timeline(mark.origin, here.origin) or mark.until > here.now:
        return "source_changed"
    if mark.position > here.xmax:
        return "source_changed"
    if here.xmax - mark.position >= _FARTHEST:
        return "gap"
    return "gap" if (now - mark.read_at).total_seconds() > gap_seconds else None


def is_restructured(mode: Mode, mark: Watermark | None, here: Position) -> bool:
    """Whether the tables are others than at the watermark: what is in them may be older than it, and yet be new."""
    if mark is None or mode is Mode.WHOLE:
        return False
    return bool(mark.structure and here.structure) and mark.structure != here.structure


def _on_time(mode: Mode, mark: Watermark) -> Since | None:
    match mode:
        case Mode.XMIN:
            return Versions(mark.position)
        case Mode.OVERLAP:
            return Times(mark.until)
        case Mode.WHOLE:
            return None
