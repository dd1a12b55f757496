"""A real worker: runs `acme` once in a process of its own, and sends itself a signal at one of the run's boundaries.

`python -m tests.faults.worker SIGKILL 17` dies at the seventeenth, `SIGSTOP "before putContact"` is stopped at that one
until somebody sends SIGCONT. Says at the end how the run ended, and at once where it is stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.report import Report
from reconciler.request import Request
from reconciler.settings import Settings

_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Signalling:
    """Counts the boundaries of the main thread; renewals come when they come."""

    number: signal.Signals
    where: str
    count: int = 0
    is_done: bool = False

    def __call__(self, name: str) -> None:
        if self.is_done or threading.current_thread() is not threading.main_thread():
            return
        self.count += 1
        if self.where in (name, str(self.count)):
            self.is_done = True
            _say({"at": name})
            os.kill(os.getpid(), self.number)


def started(folder: Path, number: signal.Signals, where: str) -> subprocess.Popen[str]:
    """Start a worker, with the settings of this process."""
    command = [sys.executable, "-m", "tests.faults.worker", number.name, where]
    env = {**os.environ, "PYTHONPATH": str(_ROOT)}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - its answers


def main() -> None:
    signalling = Signalling(signal.Signals[sys.argv[1]], sys.argv[2])
    here = Process(Settings.load(os.environ, Path("nothing")), reached=signalling)
    with contextlib.closing(here.ledger()) as ledger:
        ended = reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("cli"))
    _say({"ended": ended.to_json() if isinstance(ended, Report) else ended})


if __name__ == "__main__":
    main()
