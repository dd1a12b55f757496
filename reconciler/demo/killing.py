"""The nightmare in which a run is killed in the middle of an import: a real process, and a real `kill -9`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import reconciler
from reconciler import page
from reconciler.demo import scenes
from reconciler.demo.account import folded
from reconciler.demo.nightmares import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.demo.stage import Stage
    from reconciler.report import Report

_PROGRAM: Final = "from reconciler.cli import main; main()"
_LATER_SECONDS: Final = 10 * 60
_MOST_SECONDS: Final = 60.0
#: So long an import takes meanwhile, so that its middle is not missed on a busy machine.
_IMPORT_SECONDS: Final = 3.0
_MOBILE: Final = "555-0165"
_NEW: Final = ("pia.late@example.com", "quentin.late@example.org", "rosa.late@example.net")
_WHO_CHANGE: Final = slice(24, 29)


@dataclass(frozen=True, slots=True)
class Killed:
    """A run that died, what it was about to bring over, and how Constant Contact was before it."""

    mobiles: Sequence[str]
    added: Sequence[str]
    #: What the system says of its end: minus the signal's number.
    exit_code: int
    #: Whether Constant Contact was at work on its import when it was gone.
    is_in_the_middle: bool
    requests_before: int
    contacts_before: int


def kill_in_the_middle(stage: Stage) -> Killed:
    """Change the CRM, let `reconciler run` push it, and kill it while Constant Contact works on the import."""
    mobiles = scenes.on_both_sides(stage)[_WHO_CHANGE]
    scenes.give_mobile(stage, mobiles, _MOBILE)
    scenes.add_contacts(stage, _NEW)
    requests, contacts = stage.account.requests(), len(stage.account.look().contacts)
    usual = stage.door.state(contacts=False, history=0)["switches"]["activity_seconds"]
    stage.door.switch(activity_seconds=_IMPORT_SECONDS)
    exit_code = _run_and_kill(stage)
    is_at_work = _is_at_work(stage)
    stage.door.switch(activity_seconds=usual)
    return Killed(mobiles, _NEW, exit_code, is_at_work, requests, contacts)


def run_later(stage: Stage) -> Report:
    """Ten minutes later the next run finds what the dead one had left."""
    stage.pass_time(_LATER_SECONDS)
    return stage.run()


def tell_of_killed(stage: Stage, killed: Killed) -> Outcome:
    """What became of the changes, by Constant Contact's own side."""
    seen, history = stage.account.look(), stage.door.state(contacts=False)["history"][killed.requests_before :]
    members = seen.members()
    changed = sum(scenes.has_mobile(members.get(address, {}), _MOBILE) for address in killed.mobiles)
    added = sum(address in members for address in killed.added)
    written = Counter(folded(address) for entry in history for address in entry.get("emails") or ())
    twice = sum(count > 1 for count in written.values())
    more = len(seen.contacts) - killed.contacts_before
    told = (
        f"Arrived, by Constant Contact's own side: {changed:,} of {len(killed.mobiles):,} new mobiles, {added:,} of "
        f"{len(killed.added):,} new contacts. Its history since then: {_imports(history)}, "
        f"{twice:,} of them sent twice. It has {page.number(more, 'contact')} more than before."
    )
    is_whole = (changed, added, more) == (len(killed.mobiles), len(killed.added), len(killed.added))
    is_killed = killed.exit_code == -signal.SIGKILL and killed.is_in_the_middle
    return Outcome(told, is_whole and is_killed and not twice)


def how_it_died(killed: Killed) -> str:
    """How the run ended, in words that say so where it did not end as it was to."""
    how = f"signal {-killed.exit_code}" if killed.exit_code < 0 else f"ITSELF, with exit code {killed.exit_code}"
    when = "while" if killed.is_in_the_middle else "NOT while"
    return f"{how}, {when} Constant Contact was at work on its import"


def _run_and_kill(stage: Stage) -> int:
    """Let `reconciler run acme` begin in a process of its own, and kill that; gives its exit code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    environment |= {**stage.environment, "PYTHONPATH": str(Path(reconciler.__file__).parents[1])}
    command = [sys.executable, "-c", _PROGRAM, "run", "acme"]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(  # noqa: S603 - our own program
        command, env=environment, cwd=stage.folder, stdin=nothing, stdout=nothing, stderr=nothing
    ) as child:
        until = time.monotonic() + _MOST_SECONDS
        while child.poll() is None and not _is_at_work(stage) and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
        return child.wait()


def _is_at_work(stage: Stage) -> bool:
    """Whether Constant Contact is at work on an import."""
    activities = stage.door.state(contacts=False, history=0)["activities"]
    return any(each["state"] == "processing" for each in activities)


def _imports(history: Sequence[Mapping[str, Any]]) -> str:
    imports = [entry for entry in history if entry["operation"] == "bulkImportContactsJSON"]
    return f"{page.number(len(imports), 'import')} of {sum(len(entry['emails']) for entry in imports):,} contacts"
