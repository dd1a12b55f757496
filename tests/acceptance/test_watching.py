"""What a process tells the outside of its runs: metrics, pings to a monitor, and people where there is news."""

from __future__ import annotations

import json
import re
import sys
import urllib.request
from typing import TYPE_CHECKING

import psycopg

from tests.acceptance.test_serve import serving, wait_for
from tests.listening import listening
from tests.supervising import heard, supervising

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.installation import Installation


def told(bodies: list[str]) -> list[str]:
    """What Apprise sent as JSON."""
    return [json.loads(body)["message"] for body in bodies]


def test_a_change_of_state_is_told_once_over_processes_and_a_run_is_counted(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.add("ada@example.com")
    installation.connect()
    with listening() as monitor, listening() as people:
        monkeypatch.setenv("RECONCILER_HEALTHCHECK_URL", f"http://{monitor.address}/ours")
        monkeypatch.setenv("RECONCILER_NOTIFY_URL", f"json://{people.address}/ours, json://127.0.0.1:1/gone")
        assert installation.say("run", "--all", "--metrics-file", "ours.prom").code == 0
        assert (monitor.paths, people.heard) == (["/ours/start", "/ours"], [])
        assert 'reconciler_runs_total{state="completed"} 1.0' in (installation.folder / "ours.prom").read_text()

        installation.sql("ALTER TABLE contacts RENAME COLUMN email TO mail")
        people.status = 500
        first = installation.say("run", "--all")
        assert "did not take the news" in first.err
        people.status = 200
        people.heard.clear()
        assert_told_by_one_only(installation, people.bodies)
        for _ in range(2):
            installation.say("run", "--all")
        assert told(people.bodies) == [
            "acme is held (statement, the CRM statement can't be used): look at `reconciler status acme`."
        ]
        installation.sql("ALTER TABLE contacts RENAME COLUMN mail TO email")
        assert installation.say("run", "acme", "--metrics-file", "ours.prom").code == 0
        assert told(people.bodies)[1:] == ["acme is well again: it was held."]
        assert "ada@" not in "".join(people.bodies + monitor.paths)
        monitor.heard.clear()
        monkeypatch.setenv("RECONCILER_API_URL", "http://127.0.0.1:1/v3")
        assert installation.say("run", "acme", "--full").code == 1
        assert monitor.paths == ["/ours/start", "/ours/fail"]


def assert_told_by_one_only(installation: Installation, bodies: list[str]) -> None:
    """While one process is telling, another leaves it to that one."""
    with psycopg.connect(installation.url) as other:
        other.execute("SELECT * FROM reconciler.told FOR UPDATE")
        installation.say("run", "--all")
    assert bodies == []


def test_a_process_that_goes_on_serves_metrics_and_pings_at_each_tick(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.add("ada@example.com")
    installation.connect()
    with listening() as monitor:
        monkeypatch.setenv("RECONCILER_HEALTHCHECK_URL", f"http://{monitor.address}/ours")
        with serving(installation, "serve", "--metrics", "0") as serve:
            wait_for(lambda: monitor.paths[:2] == ["/ours/start", "/ours"], serve)
            address = re.findall(r"Metrics: (http[^\s\"]*)", serve.said())[0]
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - it is our own
                text = answer.read().decode()
            assert serve.stop() == 0

    assert 'reconciler_connection_state{connection="acme",state="connected"} 1.0' in text
    assert 'reconciler_runs_total{state="completed"} 1.0' in text
    assert "ada@" not in text
    assert installation.sql("SELECT every_seconds FROM reconciler.connections") == [(1.0,)]


def test_systemd_hears_that_it_is_up_that_it_goes_on_and_that_it_stops(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(installation.folder / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")

    with supervising(path) as ear, serving(installation) as serve:
        said: list[str] = []

        def goes_on() -> bool:
            said.extend(heard(ear))
            return said.count("WATCHDOG=1") > 1

        wait_for(goes_on, serve)
        assert serve.stop() == 0
        said += heard(ear)

    assert said[0] == "READY=1"
    assert said.count("STOPPING=1") == 1
    assert set(said) == {"READY=1", "WATCHDOG=1", "STOPPING=1"}


def test_an_address_of_nobody_and_a_missing_extra_are_said_at_the_start(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RECONCILER_NOTIFY_URL", "nonsense://hidden-word")
    wrong = lonely.say("run", "--all")
    monkeypatch.setitem(sys.modules, "apprise", None)
    missing = lonely.say("run", "--all")
    nowhere = lonely.say("run", "--all", "--metrics-file", str(tmp_path / "missing" / "file"))

    assert (wrong.code, missing.code) == (2, 2)
    assert "address 1 of RECONCILER_NOTIFY_URL is none that Apprise knows" in wrong.err
    assert "hidden" not in wrong.err
    assert "sage-reconciler[notify]" in missing.err
    assert nowhere.code == 2
