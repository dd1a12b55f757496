"""A run that is told to stop, by a signal or by somebody who acts on its connection, leaves in good order."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.ledger import plans
from reconciler.report import Report
from reconciler.request import Request
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.installation import Installation

pytestmark = pytest.mark.http


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected, with three people that are not on the list yet."""
    installation.connect()
    installation.run()
    for name in ("ada", "bob", "eve"):
        installation.add(f"{name}@example.com")
    return installation


def run_at(acme: Installation, point: str, do: Callable[[Process], None]) -> dict[str, Any]:
    """Run once, and do something when a point is reached for the first time."""
    done = threading.Event()

    def reached(name: str) -> None:
        if name == point and not done.is_set():
            done.set()
            do(here)

    here = Process(Settings.load(os.environ, acme.folder / ".env"), reached=reached)
    with contextlib.closing(here.ledger()) as ledger:
        report = reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("cli"))
    assert done.is_set()
    assert isinstance(report, Report)
    return report.to_json()


def elsewhere(acme: Installation, *words: str) -> tuple[threading.Thread, list[int]]:
    """Say a command in another process, which waits for the run to stop."""
    codes: list[int] = []
    program = "from reconciler.cli import main; main()"
    command = [sys.executable, "-c", program, *words]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}

    def wait() -> None:
        done = subprocess.run(command, cwd=acme.folder, env=env, capture_output=True, check=False)  # noqa: S603 - ours
        codes.append(done.returncode)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, codes


def leases_held(acme: Installation) -> int:
    return int(acme.sql("SELECT count(*) FROM reconciler.leases WHERE until > reconciler.clock()")[0][0])


def activities(acme: Installation) -> list[tuple[Any, ...]]:
    return acme.sql("SELECT state, activity_id IS NOT NULL FROM reconciler.batches ORDER BY batch_id")


def test_a_wish_to_stop_during_a_request_writes_down_its_receipt_and_frees_the_lease(acme: Installation) -> None:
    report = run_at(acme, "before bulkImportContactsJSON", lambda here: here.stop.ask())

    assert (report["state"], report["reason"]) == ("cancelled", "interrupted")
    assert report["counts"]["in_doubt"] == 3
    assert activities(acme) == [("submitted", True)]
    assert leases_held(acme) == 0
    following = acme.run()
    assert (following["counts"]["added"], following["counts"]["in_doubt"]) == (3, 0)
    assert sorted(acme.api.imported()) == ["ada@example.com", "bob@example.com", "eve@example.com"]


def test_a_wish_to_stop_while_the_crm_is_read_copies_nothing(acme: Installation) -> None:
    report = run_at(acme, "after run_begin", lambda here: here.stop.ask())

    assert report["state"] == "cancelled"
    assert report["counts"]["read"] == 0
    assert acme.run()["counts"]["added"] == 3


def test_a_wish_to_stop_while_it_is_decided_keeps_no_decision(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, running, portions = plans.write_additions, list[Process](), list[int]()

    def stopped(*told: Any, **named: Any) -> Iterator[int]:
        for count in write(*told, **named):
            portions.append(count)
            running[0].stop.ask()
            yield count

    acme.say("set", "acme", "slice_contacts=1")
    with monkeypatch.context() as patched:
        patched.setattr(plans, "write_additions", stopped)
        report = run_at(acme, "after run_begin", running.append)

    assert (report["state"], portions) == ("cancelled", [1])
    assert acme.sql("SELECT count(*) FROM reconciler.pairs WHERE verdict = 'add'") == [(0,)]
    assert acme.run()["counts"]["added"] == 3


def test_sigterm_is_such_a_wish_and_exits_1(acme: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = signal.getsignal(signal.SIGTERM)
    begin = Process.parts

    def parts(here: Process, *told: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        return begin(here, *told)

    monkeypatch.setattr(Process, "parts", parts)

    said = acme.say("run", "acme", "--json")

    assert (said.code, said.json["state"]) == (1, "cancelled")
    assert leases_held(acme) == 0
    assert signal.getsignal(signal.SIGTERM) is heard


@pytest.mark.parametrize("words", [("pause", "acme"), ("disconnect", "acme")])
def test_a_run_is_fenced_off_by_who_pauses_or_disconnects(acme: Installation, words: tuple[str, ...]) -> None:
    others: list[tuple[threading.Thread, list[int]]] = []

    def act(_: Process) -> None:
        others.append(elsewhere(acme, *words))
        wait_for_the_fence(acme)

    report = run_at(acme, "before bulkImportContactsJSON", act)

    assert (report["state"], report["reason"]) == ("cancelled", "lease_lost")
    assert re.match(rf"{words[0]}(e?)d by cli:\S+ at [-\d]+ [:\d]+ UTC; this run wrote", report["message"])
    (thread, codes) = others[0]
    thread.join()
    assert codes == [0]
    assert leases_held(acme) == 0
    assert acme.sql("SELECT activity_id FROM reconciler.batches") == [(None,)]


def test_a_forced_resync_fences_off_the_run_that_goes_on_and_then_does_it(acme: Installation) -> None:
    others: list[tuple[threading.Thread, list[int]]] = []

    def act(_: Process) -> None:
        others.append(elsewhere(acme, "run", "acme", "--full"))
        wait_for_the_fence(acme)

    report = run_at(acme, "after plan_conclude", act)

    assert report["state"] == "cancelled"
    (thread, codes) = others[0]
    thread.join()
    assert codes == [0]
    assert sorted(acme.api.members()) == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert len(acme.api.imported()) == 3


def test_a_run_can_wait_for_another_one_and_says_so_when_it_has_waited_in_vain(acme: Installation) -> None:
    acme.sql("UPDATE reconciler.leases SET until = reconciler.clock() + interval '1 second'")
    assert acme.say("run", "acme").out.strip() == "already_running"
    assert acme.say("run", "acme", "--wait", "0.2").out.strip() == "already_running"

    assert acme.run("acme", "--wait", "60")["counts"]["added"] == 3


def test_who_erases_a_connection_while_it_runs_waits_for_it_and_leaves_nothing_of_it(acme: Installation) -> None:
    others: list[tuple[threading.Thread, list[int]]] = []

    def act(_: Process) -> None:
        others.append(elsewhere(acme, "disconnect", "acme", "--erase"))
        wait_for_the_fence(acme)
        assert acme.sql("SELECT count(*) FROM reconciler.connections") == [(1,)]

    assert run_at(acme, "before getList", act)["state"] == "cancelled"

    thread, codes = others[0]
    thread.join()
    assert codes == [0]
    assert acme.sql("SELECT count(*) FROM reconciler.connections") == [(0,)]
    said = acme.sql("SELECT action FROM reconciler.audit ORDER BY audit_id DESC LIMIT 2")
    assert said == [("erase",), ("disconnect",)]


@pytest.mark.parametrize("options", [("--wait", "60"), ("--full",)])
def test_a_run_that_waits_for_another_one_does_not_begin_once_somebody_has_paused(
    acme: Installation, options: tuple[str, ...]
) -> None:
    waiting: list[tuple[threading.Thread, list[int]]] = []

    def act(_: Process) -> None:
        waiting.append(elsewhere(acme, "run", "acme", *options))
        if "--full" in options:
            wait_for_the_fence(acme)
        threading.Event().wait(1)
        assert acme.say("pause", "acme").code == 0

    assert run_at(acme, "before getList", act)["state"] == "cancelled"

    thread, codes = waiting[0]
    thread.join()
    assert codes == [0]
    assert set(acme.api.members()) == set()


def wait_for_the_fence(acme: Installation) -> None:
    for _ in range(200):
        if acme.sql("SELECT holder FROM reconciler.leases") == [("fenced off",)]:
            return
        threading.Event().wait(0.05)
    pytest.fail("nobody fenced the run off")
