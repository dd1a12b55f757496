"""A tick with nothing to do imports little: neither what compares, nor what calls, nor what shows pages."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
_NEVER: Final = {
    *("apprise", "dns", "faker", "httpcore", "httpx", "jinja2", "jwt", "numpy", "pandas", "prometheus_client"),
    *("starlette", "uvicorn"),
}
#: What says how a run went, where there was one; and what only some commands are made of.
_TOLD: Final = {"rich", "structlog"}
_SERVED: Final = {"apscheduler", "procrastinate"}
#: The command is told to stop as soon as it has ticked once.
_COMMAND: Final = """
import os, signal, sys
from reconciler import cli
from reconciler.cli.rounds import Rounds
tick = Rounds.tick
def once(*given):
    try:
        return tick(*given)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
Rounds.tick = once
sys.argv[1:] = {words!r}
try:
    cli.main()
except SystemExit as left:
    assert not left.code, left.code
names = [name for name, module in sys.modules.items() if module is not None]
print(*{{name.partition(".")[0] for name in names}}, *(name for name in names if name.startswith("reconciler.")))
"""


def _imported(*words: str) -> set[str]:
    """The packages, and our own modules, that are there after a command."""
    code = _COMMAND.format(words=list(words))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - the program that is tested
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rstrip("\n").rpartition("\n")[2].split())


def _quiet_ticks(idle: Installation) -> int:
    return int(idle.sql("SELECT quiet_ticks FROM reconciler.connections")[0][0])


def test_a_command_that_finds_nothing_to_do_has_imported_little(installation: Installation) -> None:
    installation.add("ada@example.com", first_name="Ada")
    installation.connect()
    installation.run()
    installation.later(20)
    assert installation.say("run", "--all").code == 0
    assert installation.say("schema", "apply").code == 0
    before = _quiet_ticks(installation)

    once, served = _imported("run", "--all"), _imported("serve")
    installation.sql("UPDATE reconciler.schedules SET due_at = reconciler.clock()")
    worked = _imported("worker")
    assert _quiet_ticks(installation) == before + 3
    by_hand = _imported("run", "acme")

    assert once & (_NEVER | _TOLD | _SERVED) == set()
    assert served & _NEVER == set()
    assert worked & _NEVER == set()
    assert by_hand & (_NEVER | _SERVED) == set()
    assert "reconciler.glance" in once & served & worked
    assert not [name for name in once | served | worked | by_hand if name.startswith("reconciler.console")]
