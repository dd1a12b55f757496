"""What was asked: every request in order, and how many of which kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class History:
    """The requests of the API's paths. Those of the side door aren't counted."""

    requests: list[dict[str, object]] = field(default_factory=list)
    by_operation: Counter[str] = field(default_factory=Counter)
    by_status: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Mapping[str, object]) -> None:
        """Note a request; a connection that was dropped has the status 0."""
        self.requests.append(dict(entry))
        self.by_operation[str(entry["operation"])] += 1
        self.by_status[str(entry["status"])] += 1

    def counts(self) -> dict[str, object]:
        """Count them."""
        return {
            "total": len(self.requests), "by_operation": dict(self.by_operation), "by_status": dict(self.by_status)
        }  # fmt: skip

    def last(self, count: int | None) -> Sequence[Mapping[str, object]]:
        """List them, or so many of the last."""
        if count is None:
            return self.requests
        return self.requests[-count:] if count else []
