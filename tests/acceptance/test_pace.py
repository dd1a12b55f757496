"""Other figures for an API key: `set` stores them for all that share it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.refusals import assert_refused

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.add("ada@example.com")
    assert installation.connect().code == 0
    return installation


def left(installation: Installation, name: str) -> int:
    return int(installation.say("status", name, "--json").json[0]["left_today"])


def test_a_partner_s_figures_hold_for_all_connections_of_the_key(acme: Installation) -> None:
    assert acme.connect("other", "--workspace", "acme").code == 0
    said = acme.say("set", "acme", "pace_per_second=7", "pace_per_day=249500", "interval_seconds=600")

    assert (said.code, said.err.strip()) == (
        0,
        "acme: interval_seconds=600.0, pace_per_second=7.0, pace_per_day=249500",
    )
    assert left(acme, "acme") > 240_000
    assert left(acme, "other") == left(acme, "acme")
    shown = acme.say("set", "other", "--json").json
    assert (shown["pace_per_second"], shown["pace_per_day"], shown["interval_seconds"]) == (7, 249_500, 0)
    audited = acme.sql("SELECT details -> 'before', details -> 'after' FROM reconciler.audit WHERE action = 'set'")[-1]
    assert (audited[0]["pace_per_day"], audited[1]["pace_per_day"]) == (None, 249_500)


def test_a_key_with_figures_of_its_own_is_connected_again_by_them(acme: Installation) -> None:
    """The checks of `connect` are calls of the key too."""
    acme.say("set", "acme", "pace_per_day=20000")
    acme.sql("UPDATE reconciler.api_budgets SET calls = 15000")

    assert acme.connect().code == 0


def test_default_gives_back_the_figures_of_the_settings(acme: Installation) -> None:
    acme.say("set", "acme", "pace_per_second=7", "pace_per_day=249500")

    said = acme.say("set", "acme", "pace_per_day=default")

    assert said.err.strip() == "acme: pace_per_day=default"
    assert "pace_per_second=7.0\npace_per_day=9500\n" in acme.say("set", "acme").out


@pytest.mark.parametrize("pair", ["pace_per_second=0", "pace_per_second=fast", "pace_per_day=0", "pace_per_day=1.5"])
def test_a_pace_that_is_none_is_refused_and_changes_nothing(acme: Installation, pair: str) -> None:
    key, before = pair.partition("=")[0], acme.say("set", "acme").out

    assert_refused(acme.say("set", "acme", "overlap_seconds=1", pair), 2, key, "needs a number")
    assert acme.say("set", "acme").out == before


def test_a_key_s_reserve_is_for_people_and_not_for_runs(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.api_budgets SET calls = 9500")

    assert acme.say("run", "acme", "--json").json["state"] == "quota"
    other = acme.connect("other", "--workspace", "acme", "--no-start")
    assert "Connected: account" in other.err
    acme.sql("UPDATE reconciler.api_budgets SET calls = 10000")
    assert "are spent" in acme.connect("third", "--workspace", "acme").err


@pytest.mark.parametrize("pair", ["pace_per_day=1_0", "pace_per_day=\u0661\u0660", "pace_per_second=1_0"])
def test_a_figure_is_a_number_as_people_write_it(acme: Installation, pair: str) -> None:
    assert_refused(acme.say("set", "acme", pair), 2, "needs a number")


def test_connecting_on_a_spent_day_says_when_to_connect_again(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.api_budgets SET calls = 1000000, day = (now() AT TIME ZONE 'UTC')::date")

    said = acme.say("connect", "other", *acme.credentials(), "--list-id", acme.api.list_id)

    assert_refused(said, 1, "nothing was connected: connect again after 00:00 UTC")
    assert "what is left is pushed" not in said.err
