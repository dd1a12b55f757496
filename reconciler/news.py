"""What is news: a connection that came into trouble, changed it, or came out of it. Pure; a run alone is never news."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from reconciler.health import Stands, stands
from reconciler.problems import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.ages import Ages

#: One failed run that the next one mends is no news.
_FAILURES: Final = 2
_MOST_LINES: Final = 20
_BEFORE: Final = {
    Stands.HELD.value: "was held",
    Stands.QUARANTINED.value: "was in quarantine",
    Stands.DISCONNECTED.value: "was disconnected",
    Stands.NEEDS_YOU.value: "needed you",
    Stands.RETRYING.value: "was failing",
}


def worth_telling(ages: Ages) -> Stands | None:
    """The state that people are told of; None where the last one they know still counts.

    Who pauses a connection knows it, and a run that failed once is tried again at the next tick.
    """
    state = stands(ages)
    match state:
        case Stands.CONNECTED | Stands.OBSERVING | Stands.NOT_STARTED:
            return Stands.CONNECTED
        case Stands.RETRYING:
            return state if ages.failures >= _FAILURES else None
        case Stands.PAUSED:
            return None
        case Stands.HELD | Stands.QUARANTINED | Stands.DISCONNECTED | Stands.NEEDS_YOU:
            return state
        case unforeseen:
            assert_never(unforeseen)


def changed(them: Sequence[Ages], told: Mapping[int, str]) -> dict[int, Stands]:
    """The connections that there is news of, with their states. Who was never spoken of counts as connected."""
    return {
        ages.connection_id: state
        for ages in them
        if (state := worth_telling(ages)) is not None
        and state.value != told.get(ages.connection_id, Stands.CONNECTED.value)
    }


def sentence(ages: Ages, state: Stands, before: str) -> str:
    """One sentence: how it stands now, why, and where to look. It has codes and our own words only, never a person."""
    look = f"look at `reconciler status {ages.name}`"
    match state:
        case Stands.CONNECTED:
            return f"{ages.name} is well again: it {_BEFORE.get(before, 'was in trouble')}."
        case Stands.HELD:
            return f"{ages.name} is held{_why(ages.held_reason)}: {look}."
        case Stands.QUARANTINED:
            return f"{ages.name} is in quarantine, tried ever more rarely{_why(ages.failing_reason)}: {look}."
        case Stands.DISCONNECTED:
            return f"{ages.name} is disconnected, its token no longer works: connect it again."
        case Stands.NEEDS_YOU:
            return f"{ages.name} has paused itself{_why(ages.paused_reason)}: {look}."
        case Stands.RETRYING:
            return f"{ages.name} failed {ages.failures} times in a row and is tried again{_why(ages.failing_reason)}."
        case Stands.PAUSED | Stands.OBSERVING | Stands.NOT_STARTED:
            raise AssertionError(f"{state} is never told")
        case unforeseen:
            assert_never(unforeseen)


def letter(sentences: Sequence[str]) -> str:
    """All news in one message: where Constant Contact is down, thousands of connections have the same."""
    more = len(sentences) - _MOST_LINES
    return "\n".join([*sentences[:_MOST_LINES], *([f"... and {more:,} more"] if more > 0 else [])])


def _why(reason: str | None) -> str:
    if reason is None:
        return ""
    known = CATALOGUE.get(reason)
    return f" ({reason}{f', {known.meaning}' if known else ''})"
