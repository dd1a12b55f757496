"""Commands that end in an unusual way: a mistake of ours, Ctrl-C, an output that nobody reads. And JSON, always."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler import bootstrap, decide, push
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from tests.installation import Installation

_PROGRAM = "from reconciler.cli import main; main()"


def test_a_mistake_of_ours_is_said_to_be_one(lonely: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(*_: object) -> None:
        raise ZeroDivisionError("somebody@example.com")

    monkeypatch.setattr(bootstrap.Process, "ledger", trip)

    said = lonely.say("status")

    assert said.code == 1
    assert "this is a mistake in the reconciler: ZeroDivisionError" in said.err
    assert "RECONCILER_LOG_LEVEL=debug" in said.err
    assert "Traceback" not in said.err
    assert "somebody" not in said.err
    monkeypatch.setenv("RECONCILER_LOG_LEVEL", "debug")
    assert "Traceback" in lonely.say("status").err


@pytest.mark.http
def test_a_run_that_a_mistake_ends_has_a_report(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    installation.add("ada@example.com")
    installation.connect()
    monkeypatch.setattr(decide, "decide", lambda *_, **__: 1 // 0)

    said = installation.say("run", "acme", "--json")

    assert said.code == 1
    assert (said.json["state"], said.json["reason"]) == ("failed", "unforeseen")
    assert "mistake in the reconciler: ZeroDivisionError" in said.json["message"]
    assert "Traceback" not in said.err
    monkeypatch.setenv("RECONCILER_LOG_LEVEL", "debug")
    traced = installation.say("run", "acme", "--json")
    assert "Traceback" in traced.err
    assert traced.json["state"] == "failed"


@pytest.mark.http
def test_a_run_stopped_by_hand_is_cancelled_and_the_next_one_does_its_work(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.add("ada@example.com")
    installation.connect()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(push, "push", interrupt)
        said = installation.say("run", "acme")

    assert (said.code, said.out) == (1, "")
    assert "Traceback" not in said.err
    assert installation.sql("SELECT state FROM reconciler.runs ORDER BY run_id DESC LIMIT 1") == [("cancelled",)]
    assert installation.run()["counts"]["added"] == 1


@pytest.mark.http
def test_json_is_alone_on_stdout_whatever_is_answered(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()

    assert installation.say("status", "--json").json[0]["connection"] == "acme"
    assert installation.say("plan", "acme", "--json").json["state"] == "observed"
    installation.sql("UPDATE reconciler.leases SET holder = 'another', until = reconciler.clock() + interval '1 hour'")
    assert installation.say("run", "acme", "--json").json == {"connection": "acme", "state": "already_running"}
    installation.say("pause", "acme")
    assert installation.say("run", "acme", "--json").json == {"connection": "acme", "state": "paused"}
    assert [run["state"] for run in installation.say("runs", "--json").json] == ["observed", "observed"]
    assert_refused(installation.say("status", "nobody", "--json"), 2, "no connection 'nobody'", "there are: acme")


def test_a_reader_who_has_seen_enough_is_no_trouble(lonely: Installation) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _PROGRAM, "runs"], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
    )

    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 1


def test_an_output_that_is_full_is_said(lonely: Installation) -> None:
    with pathlib.Path("/dev/full").open("w") as full:
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _PROGRAM, "runs"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=60
        )

    assert done.returncode != 0
    assert b"No space left" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_closed_standard_input_is_nobody_to_ask(lonely: Installation) -> None:
    program = f"exec {sys.executable} -c '{_PROGRAM}' connect acme <&-"

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own words

    assert done.returncode == 2
    assert "no credentials were given" in done.stderr
