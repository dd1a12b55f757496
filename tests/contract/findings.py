"""What the suite found out about an account, as a table, and as a file beside the simulator's defaults."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from reconciler.simulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_ASKED: Final = "not asked"


@dataclass(frozen=True)
class Finding:
    """One answer: to which question, in words, and which switch of the simulator says the same."""

    point: str
    question: str
    found: str
    switch: str = ""
    setting: str | float | bool | None = None

    @property
    def default(self) -> object:
        """How the simulator has it by itself; None where no switch stands for this."""
        return getattr(Switches(), self.switch) if self.switch else None

    @property
    def advice(self) -> str:
        """Which switch to turn, or that none is to be."""
        if not self.switch or self.setting is None:
            return ""
        return "as simulated" if self.setting == self.default else f"turn {self.switch}={_told(self.setting)}"


def table(findings: Sequence[Finding]) -> str:
    """The findings for a terminal, a line each."""
    ordered = sorted(findings, key=_order)
    return "\n".join(f"{each.point:>3}  {each.question}: {each.found}{_aside(each.advice)}" for each in ordered)


def document(findings: Sequence[Finding], about: Mapping[str, object]) -> str:
    """The findings as JSON, with which switches to turn so that the simulator does as the account did."""
    ordered = sorted(findings, key=_order)
    turned = {each.switch: each.setting for each in ordered if each.switch and each.setting not in {None, each.default}}
    found = [asdict(each) | {"simulator_default": each.default} for each in ordered]
    return json.dumps({**about, "turn": turned, "findings": found}, indent=2, ensure_ascii=False) + "\n"


def _order(finding: Finding) -> tuple[int, str, str]:
    return (int(finding.point) if finding.point.isdigit() else 99, finding.point, finding.question)


def _told(setting: str | float | bool) -> str:
    return str(setting).lower() if isinstance(setting, bool) else str(setting)


def _aside(advice: str) -> str:
    return f" ({advice})" if advice else ""
