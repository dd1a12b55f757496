"""Metrics as Prometheus reads them."""

from __future__ import annotations

import datetime as dt
import urllib.error
import urllib.request
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler import metrics, metrics_server
from reconciler.domain import State
from reconciler.errors import LedgerError, UsageError
from reconciler.health import Health, Stands
from reconciler.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)


def a_health(**known: Any) -> Health:
    usual: dict[str, Any] = {
        "connection": "acme",
        "state": Stands.CONNECTED,
        "waiting": 2,
        "oldest_seconds": 60.0,
        "behind_seconds": 60.0,
        "agreed_seconds": 90.0,
        "optouts_seconds": None,
        "tick_seconds": 30.0,
        "promised_seconds": 300.0,
        "quiet_ticks": 0,
        "quiet_since": None,
        "late": None,
        "now": NOW,
    }
    return Health(**(usual | known))


def a_run(state: State, calls: int) -> Any:
    return cast("Any", SimpleNamespace(state=state, calls={"a": calls}))


def out_of_reach() -> Sequence[Health]:
    raise LedgerError


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(sorted(f" {value}" for value in sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_of_a_connection_there_are_its_state_and_its_times_and_no_more() -> None:
    found = samples(Metrics(lambda: [a_health(late="why")]).text())

    assert {name: value for name, value in found.items() if "connection" in name} == {
        "reconciler_connection_state acme connected": 1,
        "reconciler_connection_fresh_timestamp_seconds acme": NOW.timestamp() - 60,
        "reconciler_connection_agreed_timestamp_seconds acme": NOW.timestamp() - 90,
        "reconciler_connection_tick_timestamp_seconds acme": NOW.timestamp() - 30,
        "reconciler_connection_waiting_contacts acme": 2,
        "reconciler_connection_promised_seconds acme": 300,
        "reconciler_connection_late acme": 1,
    }
    assert found["reconciler_ledger_up"] == 1


def test_runs_are_counted_by_state_and_calls_in_all() -> None:
    counted = Metrics(list)
    for calls in (3, 4):
        counted.ran(a_run(State.COMPLETED, calls))
    counted.was_quiet()

    found = samples(counted.text())

    assert found["reconciler_runs_total completed"] == 2
    assert found["reconciler_runs_total failed"] == 0
    assert found["reconciler_api_calls_total"] == 7
    assert found["reconciler_quiet_ticks_total"] == 1


def test_a_file_counts_on_over_processes_and_what_is_no_such_file_is_none(tmp_path: Path) -> None:
    file = tmp_path / "reconciler.prom"
    for _ in range(3):
        counted = Metrics(lambda: [a_health()])
        counted.go_on_from(file.read_text() if file.exists() else "{nonsense} 1 2 3\n")
        counted.ran(a_run(State.FAILED, 1))
        metrics.write(counted, file)

    assert samples(file.read_text())["reconciler_runs_total failed"] == 3
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_ledger_out_of_reach_is_said_and_what_is_known_is_too() -> None:
    counted = Metrics(out_of_reach)
    counted.was_quiet()

    found = samples(counted.text())

    assert (found["reconciler_ledger_up"], found["reconciler_quiet_ticks_total"]) == (0, 1)


@pytest.mark.parametrize(
    ("text", "place"),
    [("9464", ("127.0.0.1", 9464)), ("0.0.0.0:80", ("0.0.0.0", 80)), ("[::1]:9464", ("::1", 9464))],
)
def test_a_port_alone_is_on_the_loopback_range(text: str, place: tuple[str, int]) -> None:
    assert metrics_server.place(text) == place


@pytest.mark.parametrize("text", ["", "localhost", ":9464", "host:", "host:70000", "host:-1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no place to listen at"):
        metrics_server.place(text)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_health_is_served_beside_them() -> None:
    them = [a_health()]
    turning = [True]
    pages = metrics_server.Pages(lambda: "text", metrics.CONTENT_TYPE, lambda: them, lambda: turning[0])

    with metrics_server.serving(pages, ("127.0.0.1", 0)) as port:
        assert get(port, "/metrics") == (200, "text")
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/healthz?strict") == (200, "ok\n")
        them[0] = a_health(late="why")
        assert get(port, "/healthz") == (200, "ok\n")
        assert get(port, "/healthz?strict")[0] == 503
        assert get(port, "/livez") == (200, "ok\n")
        turning[0] = False
        assert get(port, "/livez")[0] == 503
        with pytest.raises(UsageError, match="can't be served at"), metrics_server.serving(pages, ("127.0.0.1", port)):
            pass
    cut_off = metrics_server.Pages(lambda: "", "", out_of_reach, lambda: True)
    assert (cut_off.answer("/healthz")[0], cut_off.answer("/livez")[0]) == (503, 200)
    assert pages.answer("/other")[0] == 404
