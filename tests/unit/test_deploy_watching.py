"""Alert rules and the dashboard: each metric in them is one that the program has."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler import metrics
from reconciler.domain import State
from tests import manifests
from tests.unit.test_metrics import a_health

if TYPE_CHECKING:
    from collections.abc import Iterator

_RULES: Final = manifests.DEPLOY / "prometheus" / "alerts.yaml"
_BOARD: Final = manifests.DEPLOY / "grafana" / "reconciler.json"
_NAME: Final = re.compile(r"\breconciler_\w+")


def served() -> set[str]:
    """The names of the samples that `/metrics` has."""
    text = metrics.Metrics(lambda: [a_health(optouts_seconds=60.0)]).text()
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def rules() -> list[dict[str, Any]]:
    [group] = manifests.documents(_RULES)[0]["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def board() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_BOARD.read_text(encoding="utf-8"))
    return found


def queries() -> Iterator[str]:
    for panel in board()["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (each["query"]["query"] for each in board()["templating"]["list"] if each["type"] == "query")


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + list(queries())


def test_every_metric_in_an_alert_or_on_the_dashboard_is_one_that_is_served() -> None:
    named = {name for text in expressions() for name in _NAME.findall(text)}

    assert named - served() == set()
    assert {name for name in served() if name.endswith("_timestamp_seconds")} <= named


def test_every_state_in_an_alert_or_on_the_dashboard_is_one_that_there_is() -> None:
    connection = {each.value for each in type(a_health().state)}
    run = {each.value for each in State}
    of_connections = [text for text in expressions() if "connection_state" in text]

    for text in of_connections:
        said = {word for match in re.findall(r'state=~?"([^"]+)"', text) for word in match.split("|")}
        assert said <= connection, text
    assert {match for text in expressions() for match in re.findall(r'runs_total\{state="(\w+)"', text)} <= run


def test_every_alert_says_how_bad_it_is_and_what_it_means() -> None:
    assert [rule["alert"] for rule in rules() if not rule["alert"].startswith("Reconciler")] == []
    assert {rule["labels"]["severity"] for rule in rules()} == {"warning", "critical"}
    assert [rule["alert"] for rule in rules() if not rule["annotations"]["summary"].endswith(".")] == []


def test_promtool_takes_the_rules_and_they_fire_when_they_should() -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip(
            "NOT TESTED: whether the alerts fire (deploy/prometheus/alerts.test.yaml): there is no promtool here"
        )

    words = [program, "test", "rules", "alerts.test.yaml"]
    found = subprocess.run(words, cwd=_RULES.parent, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - words of ours

    assert found.returncode == 0, found.stdout + found.stderr


def test_the_dashboard_asks_the_chosen_source_and_has_its_panels_side_by_side() -> None:
    panels = board()["panels"]
    fields = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert {panel["datasource"]["uid"] for panel in panels} == {"${source}"}
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(fields) == len(set(fields))
    assert max(x for x, _ in fields) < 24
