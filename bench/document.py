"""What was measured, as a page of the documentation with its tables and plots."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.ground import ROOT
from bench.peers import running

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.peers.running import Peer
    from bench.ratios import Ratio
    from bench.stages import Stage
    from bench.whole import Whole

PAGE: Final = ROOT / "docs" / "explanation" / "performance.md"
_PEERS: Final = ("dlt", "singer-sdk", "drt-core", "reladiff")
_HEAD: Final = """\
# How fast it is

`make bench` measures all of this in one run and writes this page; nothing on it is by hand. What counts first is
the number of API calls, because Constant Contact allows 4 a second and 10,000 a day; what the program costs beside them
comes second.

## Method

PostgreSQL, the simulated Constant Contact and what is measured are processes of their own on one machine, and nothing
leaves it. Seconds are those of the clock on the wall, of a stage the median of its rounds; memory is the most that one
process had at once, in MB of a million bytes. The simulator answers at once and at any pace. Others' packages run in an
environment of their own, with the versions of `bench/peers/requirements.txt`, each by the script that is named; who is
not on the list after a peer's run makes the bench fail.
"""


@dataclass(slots=True)
class Found:
    """Everything that one run of the bench has measured."""

    wholes: list[Whole] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    #: Tables of the other parts, each with its heading.
    tables: list[str] = field(default_factory=list)


def write(found: Found) -> None:
    """Write the page, and the plots beside it."""
    parts = [_HEAD, _machine(), _verdicts(found.ratios), _wholes(found.wholes), _peers(found), _stages(found.stages)]
    PAGE.write_text("\n".join([*parts, *found.tables]).rstrip() + "\n")
    _plot(found)


def _machine() -> str:
    cores = os.cpu_count()
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("psycopg", "pandas", "httpx"))
    others = ", ".join(f"{name} {_version(name)}" for name in _PEERS) if running.is_there() else "not installed"
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ": unknown")
    return (
        f"Machine: {cores} cores ({model.partition(':')[2].strip()}), {platform.system()}; Python"
        f" {platform.python_version()}, {versions}.\nBeside it: {others}.\n"
    )


def _version(name: str) -> str:
    code = f"import importlib.metadata; print(importlib.metadata.version('{name}'))"
    return subprocess.run([running.PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], lefts: int = 1) -> str:
    """A table whose first columns are words and whose others are figures."""
    rule = ["---" if index < lefts else "---:" for index in range(len(heads))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [heads, rule, *rows]) + "\n"


def _verdicts(ratios: Sequence[Ratio]) -> str:
    rows = [
        (each.name, f"{'at most' if each.most else 'at least'} {each.bound:g}", f"{each.found:.3g}", each.verdict)
        for each in ratios
    ]
    return "## What must hold\n\nThe bench fails where a bound is missed by more than a fifth.\n\n" + table(
        ("what", "bound", "found", ""), rows
    )


def _wholes(wholes: Sequence[Whole]) -> str:
    rows = [
        (each.what, f"{each.contacts:,}", f"{each.ran.seconds:.1f}", f"{each.ran.peak_mb:.0f}", f"{each.ran.calls:,}")
        for each in wholes
    ]
    return "## Whole runs\n\n" + table(("run", "contacts", "seconds", "MB", "calls"), rows)


def _peers(found: Found) -> str:
    rows = [
        (each.name, f"{each.contacts:,}", f"{each.ran.seconds:.1f}", f"{each.ran.peak_mb:.0f}", f"{each.ran.calls:,}")
        for each in found.peers
    ]
    text = (
        "## Beside what else there is\n\nAll contacts of a CRM onto an empty list. None but the program compares, reads"
        " back or reports; the usual script pulls the list first.\n\n"
    )
    words = [f"- {_words(name)}" for name in (*running.SCRIPTS.values(), "with_reladiff.py")]
    return text + table(("package", "contacts", "seconds", "MB", "calls"), rows) + "\n" + "\n".join(words) + "\n"


def _words(script: str) -> str:
    """What a peer's script says of it: the paragraphs before its imports, as one item of a list."""
    text = (running.HERE / script).read_text().split('"""')[1].strip()
    return text.replace("\n\n", "\n").replace("\n", "\n  ") + f"\n  (`bench/peers/{script}`)"


def _stages(stages: Sequence[Stage]) -> str:
    rows = []
    for each in stages:
        rows.append((each.name, f"{each.contacts:,}", "the program", f"{each.ours:.2f}", ""))
        rows += [
            ("", "", name, f"{seconds:.2f}", f"{seconds / each.ours:.2f}") for name, seconds in each.others.items()
        ]
    heads = ("stage", "contacts", "by", "seconds", "in times of the program's")
    return "## Stages\n\nThe program's own functions, without a start of a process.\n\n" + table(heads, rows)


def _plot(found: Found) -> None:
    """Draw with what the environment of the peers has; without it, the page stands alone."""
    if not running.is_there():
        return
    figures = {
        "growth": [(each.what, each.contacts, each.ran.seconds) for each in found.wholes],
        "peers": [(each.name, each.contacts, each.ran.seconds) for each in found.peers],
    }
    folder = PAGE.with_suffix("")
    folder.mkdir(exist_ok=True)
    command = [str(running.PYTHON), str(Path(__file__).with_name("plots.py")), str(folder)]
    subprocess.run(command, input=json.dumps(figures), text=True, check=True)
