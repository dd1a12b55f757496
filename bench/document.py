"""What was measured, as a page of the documentation with its tables and plots."""

from __future__ import annotations

import json
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.ground import ROOT
from bench.parts import FOLDER, table
from bench.peers import running

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.parts import Part
    from bench.ratios import Ratio

PAGE: Final = ROOT / "docs" / "explanation" / "performance.md"
_PEERS: Final = ("dlt", "singer-sdk", "drt-core", "reladiff")
#: The parts that have a plot, with what it shows.
_PLOTS: Final = {"whole": ("growth", "Seconds by contacts"), "peers": ("peers", "Seconds of each package")}
_WIDTH: Final = 120
_HEAD: Final = """\
# How fast it is

`make bench` measures this and writes this page; nothing on it is by hand. What counts first is the number of API calls,
because Constant Contact allows 4 a second and 10,000 a day; what the program costs beside them comes second.

## Method

Everything is on one machine, and nothing leaves it. PostgreSQL is a process of its own; so are the simulated Constant
Contact and what is measured wherever seconds count. Seconds are those of the clock on the wall, memory is the most that
one process had at once, in MB of a million bytes. The simulator answers at once and at any pace, where nothing else is
said. Others' packages run in an environment of their own, with the versions of `bench/peers/requirements.txt`, each by
the script that is named; who is not on the list after a peer's run makes the bench fail. What the parts have found is
kept in `performance/measured.json`.
"""
_VERDICTS: Final = """\
## What must hold

The bench fails where a bound is missed by more than a fifth, and where a count is missed at all. Why some are missed,
and what it would take, is said in [0028](../adr/0028-what-the-ledger-costs.md).
"""


def write(parts: Mapping[str, Part]) -> None:
    """Write the page, and the plots beside it."""
    _plot(parts)
    ratios = [ratio for part in parts.values() for ratio in part.ratios]
    texts = [f"{part.text.rstrip()}\n{_drawn(name)}" for name, part in parts.items()]
    page = "\n".join([_HEAD, _machine(parts), _VERDICTS, _verdicts(ratios), *texts])
    PAGE.write_text("\n".join(map(_narrow, page.rstrip().split("\n"))) + "\n")


def _narrow(line: str) -> str:
    """The line, or what is no table as several."""
    if len(line) <= _WIDTH or line.startswith("|"):
        return line
    indent = "  " if line.startswith(("- ", "  ")) else ""
    first = "  " if line.startswith("  ") else ""
    return textwrap.fill(
        line.strip(),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _machine(parts: Mapping[str, Part]) -> str:
    others = ", ".join(f"{name} {_version(name)}" for name in _PEERS) if running.is_there() else "not installed"
    measured = sorted({(part.measured_on, part.machine) for part in parts.values()})
    lines = [f"- Measured on {day}: {machine}." for day, machine in measured]
    return "\n".join([*lines, f"- Beside it: {others}.", ""])


def _version(name: str) -> str:
    code = f"import importlib.metadata; print(importlib.metadata.version('{name}'))"
    return subprocess.run([running.PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _verdicts(ratios: Iterable[Ratio]) -> str:
    rows = [
        (each.name, f"{'at most' if each.most else 'at least'} {each.bound:,g}", f"{each.found:,.4g}", each.verdict)
        for each in ratios
    ]
    return table(("what", "bound", "found", ""), rows)


def _drawn(name: str) -> str:
    file, shows = _PLOTS.get(name, ("", ""))
    return f"\n![{shows}]({FOLDER.name}/{file}.svg)\n" if file and (FOLDER / f"{file}.svg").exists() else ""


def _plot(parts: Mapping[str, Part]) -> None:
    """Draw with what the environment of the peers has; without it, the plots stay as they were."""
    if not running.is_there():
        return
    figures = {file: parts[name].points if name in parts else () for name, (file, _) in _PLOTS.items()}
    command = [str(running.PYTHON), str(Path(__file__).with_name("plots.py")), str(FOLDER)]
    subprocess.run(command, input=json.dumps(figures), text=True, check=True)
