"""One of several processes that want a token at the same moment: `python -m tests.renewing`.

Each line that it reads is a round: "due" or "refused". It says "ready", waits for another line, tries many times at
once, and says in JSON how often it got what.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.errors import ReconcilerError
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.secret import Secret
    from reconciler.tokens import Tokens

THREADS = 5
TRIES = 5


def tried(access: Callable[[], Tokens], refused: Secret | None) -> str:
    """One attempt as a run of its own makes it: after a refusal, or because the token is due."""
    try:
        tokens = access()
        found = tokens.token() if refused is None else tokens.after_refusal(refused)
    except ReconcilerError as error:
        return f"{type(error).__name__}: {error}"
    return found.reveal()


def main() -> None:
    here = Process(Settings.load(os.environ, Path("nothing")))
    vault = here.vault()
    with contextlib.closing(here.ledger()) as ledger, ThreadPoolExecutor(THREADS) as threads:
        connection = reconcile.find(ledger, "acme")

        def access() -> Tokens:
            return here.access(ledger, vault, connection)

        for line in sys.stdin:
            refused = access().token() if line.strip() == "refused" else None
            print("ready", flush=True)  # noqa: T201 - its answers
            sys.stdin.readline()
            found = [threads.submit(tried, access, refused) for _ in range(THREADS * TRIES)]
            counted = collections.Counter(each.result() for each in found)
            print(json.dumps(counted), flush=True)  # noqa: T201 - its answers


if __name__ == "__main__":
    main()
