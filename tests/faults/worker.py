"""A real worker: runs `acme` once in a process of its own, and sends itself a signal at one of the run's boundaries.

It is forked from a process that has everything loaded, because thousands of them are started. Killed by SIGKILL at the
seventeenth boundary it dies there; stopped by SIGSTOP at "before putContact" it stands still until it gets SIGCONT.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.report import Report
from reconciler.request import Request
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "pandas"])


@dataclass
class _Signalling:
    """Counts the boundaries of the main thread; renewals come when they come."""

    number: signal.Signals
    where: str
    says: Connection
    count: int = 0
    is_done: bool = False

    def __call__(self, name: str) -> None:
        if self.is_done or threading.current_thread() is not threading.main_thread():
            return
        self.count += 1
        if self.where in (name, str(self.count)):
            self.is_done = True
            self.says.send({"at": name})
            os.kill(os.getpid(), self.number)


@dataclass
class Worker:
    """One that was started."""

    process: ForkServerProcess
    _said: Connection

    def hears(self, seconds: float) -> dict[str, Any]:
        """What it says next: where it gets a signal, or how the run ended. Nothing where it is dead, or silent."""
        if not self._said.poll(seconds):
            return {}
        with contextlib.suppress(EOFError):
            said: dict[str, Any] = self._said.recv()
            return said
        return {}

    def wakes(self) -> None:
        os.kill(self.process.pid or 0, signal.SIGCONT)

    def ends(self, seconds: float) -> int | None:
        """How it left: 0, or the signal that it died of, below 0; None where it lives."""
        self.process.join(seconds)
        return self.process.exitcode


@contextlib.contextmanager
def started(folder: Path, number: signal.Signals, where: str) -> Iterator[Worker]:
    """Start a worker, with the settings of this process. Nothing is left of it at the end."""
    said, says = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_work, args=(dict(os.environ), str(folder), number, where, says), daemon=True)
    process.start()
    says.close()
    try:
        yield Worker(process, said)
    finally:
        process.kill()
        process.join()
        process.close()
        said.close()


def _work(environment: dict[str, str], folder: str, number: signal.Signals, where: str, says: Connection) -> None:
    os.environ.update(environment)
    os.chdir(folder)
    here = Process(Settings.load(os.environ, Path("nothing")), reached=_Signalling(number, where, says))
    with contextlib.closing(here.ledger()) as ledger:
        ended = reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("cli"))
    says.send({"ended": ended.to_json() if isinstance(ended, Report) else ended})
