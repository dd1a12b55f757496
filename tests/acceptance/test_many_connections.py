"""Many connections in one process: one that is slow or broken delays no other, and their reports come by name."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from reconciler import database_url as urls
from tests.acceptance.test_serve import column, runs, serving, wait_for
from tests.faults.proxy import Proxy, Trouble, Way
from tests.many import connect_many
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http
TEN = [f"w{number}" for number in range(10)]
#: Who has had a first sync and some ticks since, the last of them within two intervals.
_FRESH = """
    SELECT count(*) FROM reconciler.connections
    WHERE name <> 'acme' AND quiet_ticks >= 2 AND last_tick_at > reconciler.clock() - interval '2 seconds'"""
#: Whose run goes on for longer.
_HANGING = """
    SELECT c.name FROM reconciler.runs AS r JOIN reconciler.connections AS c ON c.connection_id = r.connection_id
    WHERE r.finished_at IS NULL AND r.started_at < reconciler.clock() - interval '2 seconds'"""


@pytest.fixture
def line(installation: Installation) -> Iterator[Proxy]:
    """The way to a CRM of its own, which is a server that may stop answering."""
    at = urls.parse(installation.url)
    upstream = f"{at.host}/.s.PGSQL.{at.port}" if at.host.startswith("/") else (at.host, at.port)
    with Proxy(upstream, late_seconds=120).listening() as line:
        url = f"postgresql://{at.user}@127.0.0.1:{line.port}/{at.database}"
        (installation.folder / "crm.url").write_text(url, encoding="utf-8")
        yield line


def test_a_crm_that_never_answers_delays_nobody_else_though_they_share_its_api_key(
    installation: Installation, line: Proxy
) -> None:
    installation.connect("acme", "--crm-url-file", "crm.url")
    connect_many(installation, *TEN)
    for name in TEN:
        installation.add(f"{name}@example.com", workspace=name)
    line.expect(Trouble.LATE, Way.THERE, 4)

    with serving(installation, "serve", "--at-once", "2") as serve:
        wait_for(lambda: installation.sql(_FRESH) == [(10,)], serve)
        assert line.is_met
        assert installation.sql(_HANGING) == [("acme",)]

    assert "Traceback" not in serve.said()
    assert installation.sql("SELECT count(*) FROM reconciler.runs WHERE state = 'completed'") == [(10,)]


def test_all_run_a_few_at_once_and_their_reports_come_by_name(installation: Installation) -> None:
    installation.connect()
    connect_many(installation, *TEN)
    for name in TEN:
        installation.add(f"{name}@example.com", workspace=name)
    installation.sql("UPDATE reconciler.connections SET statement = 'SELECT 1 AS nonsense' WHERE name = 'w3'")
    installation.say("pause", "w5")

    said = installation.say("run", "--all", "--json", "--at-once", "3", "--per-key", "3")

    told = [json.loads(row) for row in said.out.splitlines()]
    assert said.code == 0
    assert [row["connection"] for row in told] == ["acme", *TEN]
    assert {row["connection"]: row["state"] for row in told} == {
        **dict.fromkeys(["acme", *TEN], "completed"),
        "acme": "nothing_to_do",
        "w3": "held",
        "w5": "paused",
    }
    assert installation.say("run", "--all", "--json", "--exit-code", "detailed").code == 0


def test_shards_are_run_apart_and_together_are_all(installation: Installation) -> None:
    installation.connect()
    connect_many(installation, *TEN)
    installation.say("pause", "--all")

    ran = [
        installation.say("run", "--all", "--shard", f"{number}/3", "--json").out.splitlines() for number in (1, 2, 3)
    ]

    names = [[json.loads(row)["connection"] for row in rows] for rows in ran]
    assert sorted(itertools.chain(*names)) == sorted(["acme", *TEN])
    assert all(names)
    assert names == [sorted(each) for each in names]


@pytest.mark.parametrize("words", [("--all", "--shard", "4/3"), ("acme", "--shard", "1/3")])
def test_a_shard_that_is_none_or_of_one_connection_is_refused(lonely: Installation, words: tuple[str, ...]) -> None:
    assert_refused(lonely.say("run", *words), 2, "shard")


def sweeps(installation: Installation, name: str) -> tuple[int, bool]:
    """In one of how many days a connection sweeps, and whether `status` says so."""
    told = installation.say("status", name, "--json").json[0]["sweep"]
    assert told["every_seconds"] == 86_400 * told["stretch"]
    return told["stretch"], "  sweep     every " in installation.say("status", name).out


def test_sweeps_that_would_take_more_than_half_of_a_key_s_day_come_more_rarely_for_all_of_them(
    installation: Installation,
) -> None:
    installation.connect()
    connect_many(installation, "w0", "w1", "w2")
    assert installation.say("run", "--all").code == 0
    calls = installation.run("w1", "--full")["api"]["calls"]
    assert column(installation, "sweep_calls", "w1") == calls > 0
    assert sweeps(installation, "acme") == (1, False)
    installation.sql("UPDATE reconciler.connections SET sweep_calls = %s", calls)

    installation.say("set", "acme", f"pace_per_day={calls * 2}")
    installation.sql("UPDATE reconciler.api_budgets SET calls = 0")
    installation.run("w1", "--full")

    assert sweeps(installation, "w0") == sweeps(installation, "acme") == (4, True)
    installation.say("pause", "acme")
    installation.say("pause", "w0")
    installation.sql("UPDATE reconciler.api_budgets SET calls = 0")
    installation.run("w1", "--full")
    assert sweeps(installation, "w2") == (2, True)
    installation.say("set", "acme", "pace_per_day=9500")
    installation.run("w2")
    assert sweeps(installation, "w2") == (2, True)  # a run that compares nothing in full notes nothing
    installation.run("w2", "--full")
    assert sweeps(installation, "w2") == (1, False)


def test_a_big_run_leaves_some_of_the_day_to_the_other_connections_of_its_key(installation: Installation) -> None:
    installation.connect()
    connect_many(installation, "small")
    installation.say("set", "acme", "batch_contacts=1", "pace_per_day=50")
    for number in range(40):
        installation.add(f"p{number}@example.com")
    installation.add("ada@example.com", workspace="small")
    installation.sql("UPDATE reconciler.api_budgets SET calls = 0")

    big = installation.run("acme")
    left = big["api"]["left_today"]
    small = installation.run("small")

    assert (big["state"], big["api"]["calls"], left) == ("quota", 30, 20)
    assert (small["state"], small["counts"]["added"]) == ("completed", 1)
    assert 0 < small["api"]["calls"] <= 20
    before = runs(installation)
    assert installation.say("run", "--all").code == 0  # what is left is not for the big one: it says nothing once more
    assert runs(installation) == before
