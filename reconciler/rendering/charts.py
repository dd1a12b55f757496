"""The last runs of a connection as bars: where each stands and how high, worked out without a plotting library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.page import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: In units of the drawing, which is stretched to the width there is.
HEIGHT: Final = 100.0
SLOT: Final = 10.0
_BAR: Final = 7.0
#: So few runs do not fill the width: their bars would be walls.
_FEWEST_SLOTS: Final = 16
_STAGES: Final = ("extract", "diff", "pull", "push", "verify")
_MINUTE: Final = 60
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Part:
    """One coloured piece of a bar."""

    series: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One run."""

    x: float
    parts: Sequence[Part]
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One number over the last runs, oldest first."""

    name: str
    title: str
    description: str
    series: Sequence[str]
    bars: Sequence[Bar]
    #: The labels of the axis, from the top down.
    axis: Sequence[str]
    caption: str
    width: float
    bar_width: float = _BAR
    height: float = HEIGHT


def charts(history: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """The four charts of these reports, oldest first; none where there is no run to show."""
    if not history:
        return []
    unit, seconds = _unit([found["behind"]["oldest_seconds"] for found in history])
    behind = [(found["behind"]["oldest_seconds"] / seconds,) for found in history]
    return [
        _chart("changes", "Added and updated", ("added", "updated"), history, [_pushed(found) for found in history]),
        _chart("freshness", f"How far behind the list was, in {unit}", (unit,), history, behind),
        _chart("calls", "API calls", ("calls",), history, [(found["api"]["calls"],) for found in history]),
        _chart("stages", "Seconds by stage", _STAGES, history, [_stages(found) for found in history]),
    ]


def _pushed(found: Mapping[str, Any]) -> tuple[float, ...]:
    """What a run did: who only looked on did nothing."""
    counts = found["counts"]
    return (0, 0) if found["state"] == "observed" else (counts["added"], counts["updated"])


def _stages(found: Mapping[str, Any]) -> tuple[float, ...]:
    return tuple(found["seconds"].get(stage, 0.0) for stage in _STAGES)


def _unit(seconds: Sequence[float]) -> tuple[str, int]:
    """The unit in which these are read best."""
    most = max(seconds)
    if most < 2 * _MINUTE:
        return "seconds", 1
    return ("minutes", _MINUTE) if most < 2 * _HOUR else ("hours", _HOUR)


def _chart(
    name: str,
    title: str,
    series: Sequence[str],
    history: Sequence[Mapping[str, Any]],
    values: Sequence[tuple[float, ...]],
) -> Chart:
    top = _top(max(sum(each) for each in values))
    labels = [_label(found, each, series) for found, each in zip(history, values, strict=True)]
    return Chart(
        name=name,
        title=title,
        description=_description(history, values, series),
        series=series,
        bars=[_bar(place, each, top, label) for place, (each, label) in enumerate(zip(values, labels, strict=True))],
        axis=[_plain(top), _plain(top / 2), "0"],
        caption=_caption(history),
        width=SLOT * max(len(history), _FEWEST_SLOTS),
    )


def _bar(place: int, values: Sequence[float], top: float, label: str) -> Bar:
    parts, y = [], HEIGHT
    for series, value in enumerate(values):
        height = round(HEIGHT * value / top, 2)
        y = round(y - height, 2)
        if height:
            parts.append(Part(series, y, height))
    return Bar(place * SLOT + (SLOT - _BAR) / 2, parts, label)


def _top(most: float) -> float:
    """A round number that is not below the largest, and halves well."""
    if most <= 0:
        return 2.0
    step = 10.0 ** math.floor(math.log10(most))
    return next(step * factor for factor in (1, 2, 4, 6, 10) if most <= step * factor * (1 + 1e-9))


def _label(found: Mapping[str, Any], values: Sequence[float], series: Sequence[str]) -> str:
    told = ", ".join(f"{_plain(value)} {name}" for name, value in zip(series, values, strict=True))
    return f"Run {found['run_id']}, {moment(found['started_at'])}: {told}"


def _description(
    history: Sequence[Mapping[str, Any]], values: Sequence[tuple[float, ...]], series: Sequence[str]
) -> str:
    """What the bars show, for those who don't see them."""
    sums = [sum(each) for each in values]
    most = max(range(len(sums)), key=sums.__getitem__)
    largest = f"Largest: {_label(history[most], values[most], series)}."
    return f"{_caption(history)} {largest} Last: {_label(history[-1], values[-1], series)}."


def _caption(history: Sequence[Mapping[str, Any]]) -> str:
    first, last = history[0], history[-1]
    if first is last:
        return f"Run {first['run_id']} ({moment(first['started_at'])})."
    told = [f"run {found['run_id']} ({moment(found['started_at'])})" for found in (first, last)]
    return f"{len(history)} runs, left to right from {told[0]} to {told[1]}."


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
