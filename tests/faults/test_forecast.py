"""What a run says beforehand that it will cost, beside what it then does cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler import forecast
from reconciler.forecast import Forecast, Situation
from reconciler.limits import Limits

if TYPE_CHECKING:
    from tests.installation import Installation

#: A run never makes more calls than were foretold and these few, nor so few that the forecast is of no use.
A_FEW = 3
FACTOR = 3


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """A connection whose list has somebody on it."""
    installation.add("ada@example.com", first_name="Ada")
    assert installation.connect().code == 0
    assert installation.say("set", "acme", "guard_least=10000").code == 0  # so many at once are meant
    assert installation.run()["state"] == "completed"
    return installation


def add_many(installation: Installation, count: int) -> None:
    installation.sql(
        "INSERT INTO contacts (workspace, email, first_name)"
        " SELECT 'acme', 'p' || n || '@example.com', 'P' FROM generate_series(1, %s) AS n",
        count,
    )


def foretold(installation: Installation, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = installation.say("plan", "acme", "--json", *options).json["forecast"]
    return found


@pytest.mark.http
@pytest.mark.parametrize("count", [0, 1, 40, 2000])
def test_a_run_costs_what_its_plan_foretold(acme: Installation, count: int) -> None:
    add_many(acme, count)
    expected = foretold(acme)
    before = acme.api.calls()
    report = acme.run()
    made = acme.api.calls() - before

    assert report["counts"]["added"] == count
    assert made <= expected["calls"] + A_FEW
    assert expected["calls"] <= FACTOR * made
    assert expected["days"] == (1 if count else 0)


@pytest.mark.http
@pytest.mark.parametrize("count", [1, 2000])
def test_a_full_comparison_costs_what_its_plan_foretold(acme: Installation, count: int) -> None:
    add_many(acme, count)
    expected = foretold(acme, "--full")
    before = acme.api.calls()
    acme.run("acme", "--full")
    made = acme.api.calls() - before

    assert made <= expected["calls"] + A_FEW
    assert expected["calls"] <= FACTOR * made


@pytest.mark.http
@pytest.mark.parametrize("count", [1, 2000])
def test_a_first_sync_costs_what_connect_foretold(installation: Installation, count: int) -> None:
    add_many(installation, count)
    told = installation.connect()
    expected = foretold(installation)
    before = installation.api.calls()
    installation.run()
    made = installation.api.calls() - before

    assert f"about {expected['calls']} API calls" in told.out
    assert "calls are left today" in told.out
    assert made <= expected["calls"] + A_FEW
    assert expected["calls"] <= FACTOR * made


@pytest.mark.http
def test_a_plan_says_in_words_what_a_run_would_cost(acme: Installation) -> None:
    assert "A run would make no call; " in acme.say("plan", "acme").out
    add_many(acme, 1)

    assert "A run would make about " in acme.say("plan", "acme").out


@pytest.mark.http
def test_a_cost_beyond_what_is_left_today_is_said_beforehand(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_many(acme, 40)
    monkeypatch.setenv("RECONCILER_PACE_PER_DAY", str(acme.api.calls() + 12))
    said = acme.say("plan", "acme").out
    heard: list[str] = []
    report = acme.run_telling(heard.append)

    assert "it would stop there, and go on after 00:00 UTC, on 2 days in all" in said
    assert [words for words in heard if "left today: the rest goes after 00:00 UTC" in words]
    assert report["state"] == "quota"
    acme.later(24 * 60)
    monkeypatch.delenv("RECONCILER_PACE_PER_DAY")
    acme.run()
    assert len(acme.api.members()) == 41


def test_singles_cost_three_calls_each() -> None:
    one, two = (forecast.writing_calls(Situation(singles=count), Limits()) for count in (1, 2))

    assert two - one == 3
    assert forecast.writing_calls(Situation(), Limits()) == 0


@pytest.mark.parametrize(("listed", "most"), [(500, 7), (3_000, 12), (1_000_000, 20)])
def test_a_long_list_is_not_read_page_by_page(listed: int, most: int) -> None:
    found = Situation(adds=10, concerned=4, listed=listed)

    assert forecast.reading_calls(found, Limits()) <= most


def test_the_days_are_those_on_which_calls_are_made() -> None:
    assert "on 3 days in all" in Forecast(20_000, 120, 1_000, 3).sentence
    assert "days" not in Forecast(20, 1, 1_000, 1).sentence
