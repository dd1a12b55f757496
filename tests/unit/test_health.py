"""How fresh a connection is, by what the ledger has noted."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.health import Stands, at_most, judge, quiet, span
from reconciler.ledger.ages import Ages

if TYPE_CHECKING:
    from reconciler.health import Health

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


def ago(minutes: float) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


def ages(**known: Any) -> Ages:
    """A connection that was looked after a minute ago, with nothing waiting."""
    usual: dict[str, Any] = dict.fromkeys(Ages.__slots__) | {
        "connection_id": 1,
        "name": "acme",
        "settings": {},
        "observe": False,
        "connected_at": ago(600),
        "started_at": ago(600),
        "failures": 0,
        "last_tick_at": ago(1),
        "read_at": ago(1),
        "agreed_at": ago(1),
        "quiet_ticks": 0,
        "waiting": 0,
        "is_running": False,
        "has_token": True,
        "has_refresh_token": False,
        "now": NOW,
    }
    return Ages(**(usual | known))


def judged(**known: Any) -> Health:
    return judge(ages(**known))


def test_the_list_is_said_to_be_behind_as_long_as_its_oldest_change_waits() -> None:
    found = judged(waiting=2, waiting_since=ago(190), agreed_at=ago(195))

    assert found.headline == "the list is at most 3 h 10 min behind the CRM"
    assert found.details == "both sides last agreed 3 h 15 min ago; opt-outs not read yet"
    assert found.late == "it is 3 h 10 min behind, with a tick every 5 min: look at its last run"


def test_what_the_crm_changed_since_it_was_last_read_is_not_known() -> None:
    assert judged(read_at=ago(7.5)).headline == "the list is at most 8 min behind the CRM"
    assert judged(read_at=None, agreed_at=None).headline == "the CRM has not been read yet"


def test_the_opt_outs_are_as_old_as_their_last_reading() -> None:
    """The next reading begins ten minutes before the last one did."""
    assert judged(pull_since=ago(35)).details.endswith("opt-outs read 25 min ago")


def test_a_scheduler_that_stands_still_is_noticed_from_outside() -> None:
    still = {"last_tick_at": ago(12), "read_at": ago(12)}

    told = judged(**still).late

    assert told == "the last tick was 12 min ago, and one is promised every 5 min: is the scheduler running?"
    assert judged(**still, is_running=True).late is not None  # a run goes on, but the list is behind
    assert judged(last_tick_at=ago(12), is_running=True).late is None
    assert judged(**still, every_seconds=600).late is None
    assert judged(**still, settings={"interval_seconds": 600}).late is None
    assert judge(ages(**still), 3600).late is None


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({"disconnected_at": NOW, "paused_at": NOW}, Stands.DISCONNECTED),
        ({"has_token": False}, Stands.DISCONNECTED),
        ({"token_ends_at": ago(1)}, Stands.DISCONNECTED),
        ({"paused_at": NOW}, Stands.PAUSED),
        ({"paused_at": NOW, "paused_reason": "other_crm"}, Stands.NEEDS_YOU),
        ({"held_at": NOW, "failures": 2}, Stands.HELD),
        ({"quarantined_at": NOW, "failures": 5}, Stands.QUARANTINED),
    ],
)
def test_who_is_stopped_for_a_reason_is_said_to_be_and_promises_nothing(known: dict[str, Any], state: Stands) -> None:
    found = judged(**known, last_tick_at=ago(600), read_at=ago(600), waiting=3, waiting_since=ago(900))

    assert (found.state, found.late) == (state, None)


@pytest.mark.parametrize(
    ("known", "state"),
    [({"observe": True}, Stands.OBSERVING), ({"started_at": None}, Stands.NOT_STARTED)],
)
def test_of_who_pushes_nothing_only_a_tick_is_promised(known: dict[str, Any], state: Stands) -> None:
    assert judged(**known, waiting=3, waiting_since=ago(900)).late is None
    assert judged(**known).state is state
    assert judged(**known, last_tick_at=ago(20)).late is not None


def test_a_token_that_is_renewed_by_itself_does_not_end() -> None:
    assert judged(token_ends_at=ago(1), has_refresh_token=True).state is Stands.CONNECTED
    assert judged(failures=1).state is Stands.RETRYING


def test_quiet_ticks_are_one_line() -> None:
    assert quiet(41, ago(50), NOW) == "41 quiet ticks since 09:10 UTC"
    assert quiet(1, ago(24 * 60), NOW) == "1 quiet tick since 2026-11-22 10:00 UTC"
    assert quiet(0, None, NOW) == ""


@given(st.floats(0, 10_000_000))
def test_at_most_is_never_less_than_it_is(seconds: float) -> None:
    hours, _, minutes = at_most(seconds).removesuffix(" min").rpartition(" h ")
    told = int(hours or 0) * 3600 + int(minutes) * 60

    assert seconds <= told <= seconds + 60
    assert span(told) == at_most(seconds)
