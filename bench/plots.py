"""Draw the plots of the performance page: JSON on the standard input, SVG files into the folder that is named.

Runs in the environment of the peers, which has matplotlib.
"""

from __future__ import annotations

import json
import sys
from math import log2
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
# The same figures make the same file.
mpl.rcParams["svg.hashsalt"] = "performance"
mpl.rcParams["svg.fonttype"] = "none"

import matplotlib.pyplot as plt  # noqa: E402 - the backend is chosen before


def growth(points: list[tuple[str, int, float]], file: Path) -> None:
    """Seconds by contacts, each run a line, beside what N log N would make of the first run's smallest."""
    figure, axes = plt.subplots(figsize=(6, 4))
    for what in dict.fromkeys(what for what, _, _ in points):
        line = [(contacts, seconds) for name, contacts, seconds in points if name == what]
        axes.plot(*zip(*line, strict=True), marker="o", label=what)
    sizes = sorted({contacts for _, contacts, _ in points})
    least = max(seconds for _, contacts, seconds in points if contacts == sizes[0])
    fit = [least * size * log2(size) / (sizes[0] * log2(sizes[0])) for size in sizes]
    axes.plot(sizes, fit, linestyle=":", color="grey", label="N log N")
    axes.set(xscale="log", yscale="log", xlabel="contacts", ylabel="seconds")
    axes.legend(fontsize="small")
    save(figure, file)


def bars(points: list[tuple[str, int, float]], file: Path) -> None:
    """Seconds of each package at the size that most were measured at."""
    most = max(contacts for _, contacts, _ in points)
    shown = [(name, seconds) for name, contacts, seconds in points if contacts == most]
    figure, axes = plt.subplots(figsize=(6, 2.5))
    axes.barh(*zip(*reversed(shown), strict=True))
    axes.set(xlabel=f"seconds, {most:,} contacts")
    save(figure, file)


def save(figure: plt.Figure, file: Path) -> None:
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})


def main(folder: Path) -> None:
    figures = json.load(sys.stdin)
    if figures["growth"]:
        growth(figures["growth"], folder / "growth.svg")
    if figures["peers"]:
        bars(figures["peers"], folder / "peers.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
