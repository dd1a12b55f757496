"""What must hold, as values: a bound, what was found, and whether it is missed by more than a fifth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: A machine that others use too wavers by as much.
_SLACK: Final = 1.2


@dataclass(frozen=True, slots=True)
class Ratio:
    """A measured figure with its bound: at least so much, or with `most` at most."""

    name: str
    bound: float
    found: float
    most: bool = False
    #: A count, and no time: nothing may be missed.
    exact: bool = False

    @property
    def holds(self) -> bool:
        """Whether the bound itself is kept."""
        return self.found <= self.bound if self.most else self.found >= self.bound

    @property
    def is_missed(self) -> bool:
        """Whether the bound is missed by more than a fifth, which the bench fails for."""
        slack = 1 if self.exact else _SLACK
        return self.found > self.bound * slack if self.most else self.found * slack < self.bound

    @property
    def verdict(self) -> str:
        if self.holds:
            return "holds"
        return "missed" if self.is_missed else "within a fifth"

    def __str__(self) -> str:
        return f"{self.name}: {self.found:.3g}, {'at most' if self.most else 'at least'} {self.bound:g}: {self.verdict}"
