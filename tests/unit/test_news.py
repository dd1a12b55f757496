"""What people are told of: changes of state and recovery, and never a run."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from reconciler import news
from reconciler.health import Stands
from reconciler.ledger.ages import Ages
from reconciler.redaction import masked_addresses

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


def ages(**known: Any) -> Ages:
    usual: dict[str, Any] = dict.fromkeys(Ages.__slots__) | {
        "connection_id": 1,
        "name": "acme",
        "settings": {},
        "observe": False,
        "started_at": NOW,
        "failures": 0,
        "has_token": True,
        "has_refresh_token": True,
        "now": NOW,
    }
    return Ages(**(usual | known))


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, Stands.CONNECTED),
        ({"observe": True}, Stands.CONNECTED),
        ({"failures": 1}, None),
        ({"failures": 2}, Stands.RETRYING),
        ({"paused_at": NOW}, None),
        ({"paused_at": NOW, "paused_reason": "other_crm"}, Stands.NEEDS_YOU),
        ({"held_at": NOW, "held_reason": "list_gone"}, Stands.HELD),
        ({"quarantined_at": NOW, "failing_reason": "unavailable"}, Stands.QUARANTINED),
        ({"disconnected_at": NOW}, Stands.DISCONNECTED),
    ],
)
def test_what_is_told_is_told_once_and_in_one_sentence(known: dict[str, Any], state: Stands | None) -> None:
    one = ages(**known)

    assert news.worth_telling(one) is state
    if state in (None, Stands.CONNECTED):
        assert news.changed([one], {}) == {}  # who was never spoken of is well
    else:
        assert news.changed([one], {}) == {1: state}
        assert news.changed([one], {1: state.value}) == {}
        said = news.sentence(one, state, "connected")
        assert said.startswith("acme ")
        assert said.endswith(".")
        assert "\n" not in said
        assert masked_addresses(said) == said


def test_recovery_is_told_with_what_it_recovered_from() -> None:
    assert news.changed([ages()], {1: "needs_you"}) == {1: Stands.CONNECTED}
    assert news.sentence(ages(), Stands.CONNECTED, "needs_you") == "acme is well again: it needed you."


def test_the_same_news_of_thousands_is_one_message_that_can_be_read() -> None:
    said = news.letter([f"c{number} is held." for number in range(2000)]).splitlines()

    assert (len(said), said[-1]) == (21, "... and 1,980 more")
