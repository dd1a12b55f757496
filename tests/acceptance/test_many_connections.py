"""Many connections in one process: one that is slow or broken delays no other, and their reports come by name."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from reconciler import database_url as urls
from tests.acceptance.test_serve import column, running, serving, wait_for
from tests.faults.proxy import Proxy, Trouble, Way
from tests.many import connect_many
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http
TEN = [f"w{number}" for number in range(10)]
_OLDEST = """
    SELECT extract(epoch FROM max(reconciler.clock() - last_tick_at))::float
    FROM reconciler.connections WHERE name <> 'acme'"""


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
        wait_for(lambda: all(column(installation, "quiet_ticks", name) >= 2 for name in TEN), serve)
        assert line.is_met
        assert installation.sql(_OLDEST)[0][0] < 2
        assert running(installation) == 1

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
