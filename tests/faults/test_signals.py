"""Faults 57 and 62: a process that is told to stop in the middle of a request, and buttons that are pressed twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.test_stopping import elsewhere, leases_held, run_at, wait_for_the_fence

if TYPE_CHECKING:
    import threading

    from reconciler.bootstrap import Process
    from tests.faults.conftest import Acme

pytestmark = pytest.mark.http
PROGRAM = "from reconciler.cli import main; main()"
PATIENCE_SECONDS = 60.0


def wait_for_the_intent(acme: Acme) -> None:
    """An import is about to leave, or is under way."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not acme.in_flight():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_process_that_is_told_twice_to_stop_ends_its_request_and_gives_back_its_lease(acme: Acme) -> None:
    acme.api.door.fault(fault="slow", operation="bulkImportContactsJSON", seconds=1.5)
    words = [sys.executable, "-c", PROGRAM, "run", "acme", "--json"]
    with subprocess.Popen(words, cwd=acme.installation.folder, env=dict(os.environ), stdout=subprocess.PIPE) as process:  # noqa: S603 - the program itself
        wait_for_the_intent(acme)
        time.sleep(0.3)
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE_SECONDS)

    report = json.loads(out)
    assert (process.returncode, report["state"], report["reason"]) == (1, "cancelled", "interrupted")
    assert report["counts"]["in_doubt"] == 1
    assert acme.installation.sql("SELECT state FROM reconciler.batches ORDER BY batch_id DESC LIMIT 1") == [
        ("submitted",)
    ]
    assert leases_held(acme.installation) == 0
    acme.arrives()


@pytest.mark.parametrize("words", [("run", "acme", "--full"), ("disconnect", "acme")], ids=lambda words: words[0])
def test_a_button_that_is_pressed_twice_in_the_middle_of_a_run_stops_it_once(
    acme: Acme, words: tuple[str, ...]
) -> None:
    presses: list[tuple[threading.Thread, list[int]]] = []

    def press(_: Process) -> None:
        presses.extend(elsewhere(acme.installation, *words) for _ in range(2))
        wait_for_the_fence(acme.installation)

    report = run_at(acme.installation, "before bulkImportContactsJSON", press)
    for thread, _ in presses:
        thread.join()

    assert (report["state"], report["reason"]) == ("cancelled", "lease_lost")
    codes = sorted(code for _, ended in presses for code in ended)
    # One full resync may stop the other; what the first run had sent may still be in doubt.
    assert codes in ([0, 0], [0, 1], [0, 3], [1, 3], [3, 3])
    assert leases_held(acme.installation) == 0
    imported = acme.api.imported()
    if words[0] == "disconnect":
        assert codes == [0, 0]
        assert acme.installation.say("run", "acme").code == 5
        assert acme.installation.connect().code == 0
    acme.installation.later(10)
    for _ in range(2):
        acme.run()
    assert imported.count("bob@example.com") <= 1
    acme.is_there()
