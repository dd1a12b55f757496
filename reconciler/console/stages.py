"""How far a run is, stage by stage, and how long the rest will take. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from reconciler.page import number

_DONE: Final = "done"
_NOW: Final = "now"
_LATER: Final = "later"


@dataclass(frozen=True, slots=True)
class Counts:
    """What the ledger has of a run that goes on; numbers of contacts."""

    has_plan: bool
    added: int = 0
    updated: int = 0
    sent: int = 0
    settled: int = 0

    @property
    def planned(self) -> int:
        return self.added + self.updated


def of(counts: Counts) -> list[dict[str, Any]]:
    """The stages in their order: name, state (`done`, `now` or `later`), and what is known in words."""
    is_sent = counts.has_plan and counts.sent >= counts.planned
    is_checked = is_sent and counts.settled >= counts.planned
    sending = f"{counts.sent:,} of {number(counts.planned, 'contact')} sent" if counts.has_plan else ""
    checking = f"{counts.settled:,} of {counts.sent:,} found on the list or answered" if counts.sent else ""
    plan = f"{counts.added:,} to be added, {counts.updated:,} to be updated" if counts.has_plan else ""
    return [
        _stage("Reading and comparing both sides", _DONE if counts.has_plan else _NOW, ""),
        _stage("Planning", _DONE if counts.has_plan else _LATER, plan),
        _stage("Sending", _DONE if is_sent else _NOW if counts.has_plan else _LATER, sending),
        _stage("Checking what arrived", _DONE if is_checked else _NOW if counts.sent else _LATER, checking),
    ]


def estimate(counts: Counts, minutes: int | None) -> str:
    """How long the rest will take, of the minutes that the whole plan would; None: no plan is known."""
    if not counts.has_plan or minutes is None:
        return "How long it takes is not known before both sides are compared."
    if counts.settled >= counts.planned:
        return "It ends in a moment."
    left = max(1, math.ceil(minutes * (counts.planned - counts.settled) / counts.planned))
    return f"About {number(left, 'minute')} for what is left."


def _stage(name: str, state: str, told: str) -> dict[str, Any]:
    return {"stage": name, "state": state, "told": told}
