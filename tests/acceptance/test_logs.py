"""Log lines: a sentence and its fields, with the run they are of, and with nobody's address or secret."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg import OperationalError

from reconciler import logs
from tests.acceptance.test_tokens_secret import SECRET, Canary, assert_unseen, hand_over, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.installation import Installation

pytestmark = pytest.mark.http
PEOPLE = ("canary.ada@example.com", "canary+bob@example.com")
NOBODY = "canary.nobody.example.com"
LOADED = """
import sys
from reconciler import cli
sys.argv = ["reconciler", "run", "--all"]
try:
    cli.main()
except SystemExit as left:
    assert not left.code, left.code
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"structlog", "prometheus_client", "apprise"}))
"""


@pytest.fixture
def canary(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Canary:
    """Everything that is printed at debug level, and every secret and person that must not be in it."""
    monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)
    monkeypatch.setattr("reconciler.api_access._TOKENS_PER_SECOND", 1000.0)
    monkeypatch.setenv("RECONCILER_LOG_LEVEL", "debug")
    for email in (*PEOPLE, NOBODY):
        installation.add(email, first_name="Canary")
    return Canary(installation)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def run(canary: Canary, *options: str) -> list[dict[str, Any]]:
    """Run once; gives the log lines of the run."""
    canary.say("run", "acme", "--metrics-file", "ours.prom", *options)
    return [line for line in lines(canary.printed[-1]) if line["logger"] != "reconciler.pings"]


def events(found: Sequence[dict[str, Any]]) -> list[str]:
    return [line["event"] for line in found]


@pytest.mark.broken_answer
def test_at_debug_level_no_line_and_no_metric_has_a_secret_or_an_address(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = canary.installation.api
    api.door.switch(client_secret=SECRET)
    tokens = {"access_token": api.access_token, "refresh_token": api.refresh_token, "client_secret": SECRET}
    monkeypatch.setenv("RECONCILER_HEALTHCHECK_URL", "http://127.0.0.1:1/canary-monitor")
    canary.secrets.add("canary-monitor")
    assert hand_over(canary, **tokens) == 0
    api.door.token("expire")
    well = run(canary)
    opened(canary)
    api.door.fault(
        fault="status", operation="getList", times=9, status=400, body={"error": f"{PEOPLE} Bearer {api.access_token}"}
    )
    canary.installation.add("canary.eve@example.com")
    run(canary, "--full")
    canary.installation.sql("ALTER TABLE contacts RENAME COLUMN email TO mail")
    run(canary)
    monkeypatch.setattr("reconciler.reconcile.gather.contacts", broken)
    failed = run(canary)

    assert events(well)[0] == "the run begins"
    assert "the access token was renewed" in events(well)
    assert {(line["connection"], line["run_id"]) for line in well} == {("acme", 2)}
    assert well[-1]["state"] == "completed_with_problems"  # nobody's address is none
    assert "message" not in well[-1]
    assert {"level", "timestamp", "logger", "api_calls", "seconds", "mode", "trigger"} <= well[-1].keys()
    assert next(line["exception"] for line in failed if "exception" in line).startswith("Traceback")
    told = "\n".join(canary.printed) + (canary.installation.folder / "ours.prom").read_text()
    assert [email for email in (*PEOPLE, "canary.eve@example.com") if email in told] == []
    assert_unseen_in_lines(canary)
    assert_unseen(canary)


def broken(*_: object) -> None:
    """A mistake whose own words have everything in them."""
    raise ValueError(f"{PEOPLE[0]} and Bearer {SECRET} at postgresql://sage:{SECRET}@db/x")


def assert_unseen_in_lines(canary: Canary) -> None:
    printed = "\n".join(canary.printed)
    assert "canary-monitor" not in printed
    assert SECRET not in printed


@pytest.mark.parametrize("kind", ["json", "console"])
def test_a_line_of_a_library_is_veiled_and_has_what_is_bound(kind: str, capfd: pytest.CaptureFixture[str]) -> None:
    end = logs.start("info", kind, is_service=False)
    try:
        with logs.bound(connection="acme", run_id=7):
            logging.getLogger("foreign").warning(
                "to %s", "ada@example.com", extra={"who": ["bob@example.com", {"n": 1}]}
            )
            logging.getLogger("httpx").info("GET https://api.example/ada")
            logging.getLogger("reconciler.x").debug("too much")
    finally:
        end()
    logging.getLogger("foreign").warning("after the end")
    said = capfd.readouterr().err

    assert len(said.splitlines()) == 1
    assert "a***@example.com" in said
    assert "b***@example.com" in said
    assert "acme" in said
    if kind == "json":
        assert lines(said)[0]["who"] == ["b***@example.com", {"n": 1}]
        assert lines(said)[0]["run_id"] == 7


def test_the_queue_s_trouble_with_its_database_is_told_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    end = logs.start("info", "json", is_service=True)
    try:
        lost = ConnectorException("\n    Database error.\n    ")
        lost.__cause__ = OperationalError("terminating connection due to administrator command\nand more")
        logging.getLogger("procrastinate.utils").error("listener error: %r", lost, exc_info=lost)
    finally:
        end()

    [said] = lines(capfd.readouterr().err)
    assert said["event"].endswith("Database error.\\n '): terminating connection due to administrator command")
    assert "exception" not in said


def test_at_a_terminal_a_command_leaves_out_what_it_prints_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    levels = []
    for level, is_service in (("info", False), ("info", True), ("debug", False), ("error", False)):
        end = logs.start(level, "auto", is_service=is_service)
        levels.append(logging.getLevelName(logging.getLogger("reconciler").level))
        end()

    assert levels == ["WARNING", "INFO", "DEBUG", "ERROR"]


def test_a_command_with_nothing_to_tell_loads_nothing_to_tell_it_with(lonely: Installation) -> None:
    assert lonely.say("health").code == 0

    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - the program that is tested

    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")
