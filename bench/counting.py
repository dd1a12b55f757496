"""The program in a process that counts what it asks of the ledger. The last line that it prints is JSON.

python -m bench.counting ticks 300      so many ticks of the connection acme, as a resident scheduler does them
python -m bench.counting say run --all  a command
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from reconciler import cli, reconcile
from reconciler.bootstrap import Process
from reconciler.request import Request
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


class Asked:
    """How many statements the ledger was asked; what begins and ends transactions is none."""

    def __init__(self) -> None:
        self.count = 0
        sa.event.listen(sa.engine.Engine, "before_cursor_execute", self._note)

    def _note(self, *_: Any) -> None:
        self.count += 1


def ticks(count: int) -> dict[str, Any]:
    """By tick: seconds, seconds of a processor, statements; the first, which opens everything, is left out."""
    asked, took = Asked(), []
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger:
        parts, request = here.parts(ledger, lambda _: None), Request("schedule", is_tick=True)
        for _ in range(count + 1):
            before, busy, began = asked.count, time.process_time(), time.perf_counter()
            outcome = reconcile.run(parts, "acme", request)
            took.append((time.perf_counter() - began, time.process_time() - busy, asked.count - before))
            if outcome is not None:
                sys.exit("a tick found something to do")
    return {"ticks": took[1:]}


def say(words: Sequence[str]) -> dict[str, Any]:
    """Say a command; gives how many statements it took."""
    asked = Asked()
    sys.argv = ["reconciler", *words]
    with contextlib.suppress(SystemExit):
        cli.main()
    return {"statements": asked.count}


def main() -> None:
    way, *rest = sys.argv[1:]
    print(json.dumps(ticks(int(rest[0])) if way == "ticks" else say(rest)))


if __name__ == "__main__":
    main()
