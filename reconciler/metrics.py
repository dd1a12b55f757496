"""Metrics for Prometheus: how each connection stands and how fresh it is, and what this process has done.

Never an address, and of a connection nothing but its name, its state and its times.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import prometheus_client as prometheus
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

from reconciler import __version__
from reconciler.domain import State
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prometheus_client import Metric

    from reconciler.health import Health
    from reconciler.report import Report

#: What `/metrics` is served as.
CONTENT_TYPE: Final = prometheus.CONTENT_TYPE_PLAIN_0_0_4
_EVERYBODY_MAY_READ: Final = 0o644
#: By name: what it says of a connection, and how old that is, in seconds. It is shown as a time: alerts subtract it.
_MOMENTS: Final[dict[str, tuple[str, Callable[[Health], float | None]]]] = {
    "fresh": ("Every change of the CRM up to this moment is on the list.", lambda one: one.behind_seconds),
    "agreed": ("The last reading of the CRM after which nothing waited.", lambda one: one.agreed_seconds),
    "optouts": ("When it was last read who opted out.", lambda one: one.optouts_seconds),
    "tick": ("The last tick or run.", lambda one: one.tick_seconds),
}
_NUMBERS: Final[dict[str, tuple[str, Callable[[Health], float]]]] = {
    "waiting_contacts": ("Contacts that wait to be seen at Constant Contact.", lambda one: one.waiting),
    "promised_seconds": ("How often a tick is promised.", lambda one: one.promised_seconds),
    "late": ("1 where it is not as fresh as its schedule promises.", lambda one: 1 if one.late else 0),
}


class Metrics:
    """What this process has done, counted, and how everything stands, looked up when it is asked for."""

    def __init__(self, look: Callable[[], Sequence[Health]]) -> None:
        """`look` says how every connection stands; where it raises, the ledger is said to be out of reach."""
        # When a counter began says nothing here: one that is kept in a file has begun long before.
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        counter = self._counter
        self._runs = counter("reconciler_runs", "Runs of this process that left a report.", ["state"])
        self._quiet = counter("reconciler_quiet_ticks", "Ticks of a connection with nothing to do.")
        self._calls = counter("reconciler_api_calls", "Calls of Constant Contact's API by runs of this process.")
        prometheus.Info("reconciler_build", "The program.", registry=self._registry).info({"version": __version__})
        self._registry.register(_Connections(look))
        for state in State:
            self._runs.labels(state.value)

    def ran(self, report: Report) -> None:
        """Count a run."""
        self._runs.labels(report.state.value).inc()
        self._calls.inc(sum(report.calls.values()))

    def was_quiet(self) -> None:
        self._quiet.inc()

    def text(self) -> str:
        return prometheus.generate_latest(self._registry).decode()

    def go_on_from(self, text: str) -> None:
        """Count on from what an earlier process wrote: else each would begin at none. What is no such text is none."""
        with contextlib.suppress(ValueError):
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    self._go_on(sample.name, sample.labels, sample.value)

    def _go_on(self, name: str, labels: dict[str, str], value: float) -> None:
        if name == "reconciler_runs_total":
            self._runs.labels(labels.get("state", "")).inc(value)
        elif name == "reconciler_quiet_ticks_total":
            self._quiet.inc(value)
        elif name == "reconciler_api_calls_total":
            self._calls.inc(value)

    def _counter(self, name: str, says: str, labels: Sequence[str] = ()) -> prometheus.Counter:
        return prometheus.Counter(name, says, labels, registry=self._registry)


def write(metrics: Metrics, file: Path) -> None:
    """Write a file for node_exporter's textfile collector, at once as a whole: it may be read at any moment."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", delete=False) as whole:
        try:
            whole.write(metrics.text())
            os.fchmod(whole.fileno(), _EVERYBODY_MAY_READ)
            Path(whole.name).replace(file)
        except BaseException:
            Path(whole.name).unlink(missing_ok=True)
            raise


class _Connections(Collector):
    """Every connection, as it stands when somebody asks."""

    def __init__(self, look: Callable[[], Sequence[Health]]) -> None:
        self._look = look

    def describe(self) -> Iterator[Metric]:
        """Nothing: a description would be a look."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        found: Sequence[Health] = ()
        is_up = True
        try:
            found = self._look()
        except ReconcilerError:
            is_up = False
        yield GaugeMetricFamily("reconciler_ledger_up", "1 where the ledger can be read.", value=1 if is_up else 0)
        state = GaugeMetricFamily(
            "reconciler_connection_state", "1 for the state it is in.", labels=["connection", "state"]
        )
        for one in found:
            state.add_metric([one.connection, one.state.value], 1)
        yield state
        for name, (says, age) in _MOMENTS.items():
            yield _of_each(f"{name}_timestamp_seconds", says, found, functools.partial(_moment, age))
        for name, (says, number) in _NUMBERS.items():
            yield _of_each(name, says, found, number)


def _of_each(name: str, says: str, found: Sequence[Health], value: Callable[[Health], float | None]) -> Metric:
    family = GaugeMetricFamily(f"reconciler_connection_{name}", says, labels=["connection"])
    for one in found:
        if (known := value(one)) is not None:
            family.add_metric([one.connection], known)
    return family


def _moment(age: Callable[[Health], float | None], one: Health) -> float | None:
    seconds = age(one)
    return None if seconds is None else one.now.timestamp() - seconds
