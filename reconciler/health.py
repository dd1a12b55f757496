"""How fresh everything is, and whether that is as its schedule promises. Pure.

What is judged is what the ledger has noted: so a scheduler that stands still is noticed by whoever looks.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reconciler.limits import Limits

if TYPE_CHECKING:
    from reconciler.ledger.ages import Ages

#: How often a scheduler ticks that has said nothing of it: as `serve` does by default.
USUAL_SECONDS: Final = 300.0
#: What a promise may be out by: one tick that was just missed, and a run's own time.
_INTERVALS: Final = 2
_GRACE_SECONDS: Final = 60.0


class Stands(StrEnum):
    """How a connection stands, in a word."""

    CONNECTED = "connected"
    RETRYING = "retrying"
    OBSERVING = "observing"
    NOT_STARTED = "not_started"
    PAUSED = "paused"
    NEEDS_YOU = "needs_you"
    HELD = "held"
    QUARANTINED = "quarantined"
    DISCONNECTED = "disconnected"

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


#: Who is to be pushed and is tried at each tick: of these the schedule promises that the list is fresh.
_PUSHING: Final = frozenset({Stands.CONNECTED, Stands.RETRYING})
#: Of these it promises no more than that it looks after them.
_TICKING: Final = _PUSHING | {Stands.OBSERVING, Stands.NOT_STARTED}


@dataclass(frozen=True, slots=True)
class Health:
    """How one connection stands and how fresh it is. Seconds are None where it never was."""

    connection: str
    state: Stands
    waiting: int
    oldest_seconds: float
    #: A change that is older is on the list: no change after the last reading of the CRM is known.
    behind_seconds: float | None
    agreed_seconds: float | None
    optouts_seconds: float | None
    tick_seconds: float
    promised_seconds: float
    quiet_ticks: int
    quiet_since: dt.datetime | None
    #: Why it is not as fresh as its schedule promises; None: it is, or it is promised nothing.
    late: str | None
    now: dt.datetime

    @property
    def headline(self) -> str:
        """How far the list is behind, in words that are the same wherever it is said."""
        if self.behind_seconds is None:
            return "the CRM has not been read yet"
        return f"the list is at most {at_most(self.behind_seconds)} behind the CRM"

    @property
    def details(self) -> str:
        """Since when both sides agreed, and how old what is known of the opt-outs is."""
        agreed = "never agreed yet" if self.agreed_seconds is None else f"last agreed {span(self.agreed_seconds)} ago"
        optouts = "not read yet" if self.optouts_seconds is None else f"read {span(self.optouts_seconds)} ago"
        return f"both sides {agreed}; opt-outs {optouts}"

    @property
    def quiet(self) -> str:
        """The ticks with nothing to do since the last run; empty where there are none."""
        return quiet(self.quiet_ticks, self.quiet_since, self.now)

    def to_json(self) -> dict[str, object]:
        return {
            "connection": self.connection,
            "state": self.state.value,
            "headline": self.headline,
            "behind_seconds": _whole(self.behind_seconds),
            "waiting": {"contacts": self.waiting, "oldest_seconds": round(self.oldest_seconds)},
            "agreed_seconds": _whole(self.agreed_seconds),
            "optouts_seconds": _whole(self.optouts_seconds),
            "tick_seconds": round(self.tick_seconds),
            "promised_seconds": round(self.promised_seconds),
            "quiet_ticks": self.quiet_ticks,
            "quiet_since": self.quiet_since and self.quiet_since.isoformat(),
            "late": self.late,
        }


def judge(ages: Ages, every_seconds: float | None = None) -> Health:
    """Say how fresh a connection is; `every_seconds` is how often it is promised a tick, where somebody says so."""
    state = stands(ages)
    promised = max(Limits.of(ages.settings).interval_seconds, every_seconds or ages.every_seconds or USUAL_SECONDS)
    oldest = _age(ages, ages.waiting_since) or 0.0
    read = _age(ages, ages.read_at)
    behind = None if read is None else max(read, oldest)
    tick = _age(ages, ages.last_tick_at or ages.connected_at) or 0.0
    return Health(
        connection=ages.name,
        state=state,
        waiting=ages.waiting,
        oldest_seconds=oldest,
        behind_seconds=behind,
        agreed_seconds=_age(ages, ages.agreed_at),
        optouts_seconds=_optouts(ages),
        tick_seconds=tick,
        promised_seconds=promised,
        quiet_ticks=ages.quiet_ticks,
        quiet_since=ages.quiet_since,
        late=_late(state, tick, behind, promised, is_running=ages.is_running),
        now=ages.now,
    )


def stands(ages: Ages) -> Stands:
    """How a connection stands: what stands in the way of all else comes first."""
    has_ended = not ages.has_refresh_token and ages.token_ends_at is not None and ages.token_ends_at <= ages.now
    found = {
        Stands.DISCONNECTED: ages.disconnected_at or not ages.has_token or has_ended,
        Stands.NEEDS_YOU: ages.paused_at and ages.paused_reason,
        Stands.PAUSED: ages.paused_at,
        Stands.HELD: ages.held_at,
        Stands.QUARANTINED: ages.quarantined_at,
        Stands.RETRYING: ages.failures,
        Stands.OBSERVING: ages.observe,
        Stands.NOT_STARTED: ages.started_at is None,
    }
    return next((state for state, is_so in found.items() if is_so), Stands.CONNECTED)


def quiet(ticks: int, since: dt.datetime | None, now: dt.datetime) -> str:
    """Ticks with nothing to do, all in one line; empty where there are none."""
    if not ticks or since is None:
        return ""
    first, today = since.astimezone(dt.UTC), now.astimezone(dt.UTC).date()
    day = "" if first.date() == today else f"{first:%Y-%m-%d} "
    return f"{ticks:,} quiet tick{'' if ticks == 1 else 's'} since {day}{first:%H:%M} UTC"


def span(seconds: float) -> str:
    """A time in words, to the minute that is full."""
    hours, minutes = divmod(int(seconds // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def at_most(seconds: float) -> str:
    """A time in words that is certainly not shorter."""
    return span(60 * max(1, math.ceil(seconds / 60)))


def _late(state: Stands, tick: float, behind: float | None, promised: float, *, is_running: bool) -> str | None:
    allowed = _INTERVALS * promised + _GRACE_SECONDS
    told = f"one is promised every {at_most(promised)}"
    if state in _TICKING and tick > allowed and not is_running:
        return f"the last tick was {span(tick)} ago, and {told}: is the scheduler running?"
    if state in _PUSHING and behind is not None and behind > allowed:
        return f"it is {span(behind)} behind, with a tick every {at_most(promised)}: look at its last run"
    return None


def _optouts(ages: Ages) -> float | None:
    """The age of the last reading of who opted out: the next one begins earlier by the overlap. By their clock."""
    since = _age(ages, ages.pull_since)
    return None if since is None else max(0.0, since - Limits.of(ages.settings).pull_overlap_seconds)


def _age(ages: Ages, moment: dt.datetime | None) -> float | None:
    return None if moment is None else max(0.0, (ages.now - moment).total_seconds())


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
