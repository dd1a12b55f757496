"""Dying at a run's n-th durable boundary, within this process: from then on it does nothing durable any more."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from reconciler.errors import LedgerError


class Killed(BaseException):
    """The process is gone. Nobody on its way may catch it: it is no Exception."""


@dataclass
class Dying:
    """Listens to the boundaries of a run, and dies at the n-th; at 0 it only counts.

    Who is dead stays so: what would still be written while the stack unwinds, such as the release of the lease, is
    refused as well.
    """

    at: int = 0
    names: list[str] = field(default_factory=list)
    _lives_in: int = field(default_factory=threading.get_ident)

    def __call__(self, name: str) -> None:
        if threading.get_ident() != self._lives_in:
            # Renewals come when they come: a count that includes them is no count. Their thread has nobody to die for.
            if self.is_dead:
                raise LedgerError("the process is gone", advice="nobody reads this")
            return
        if not self.is_dead:
            self.names.append(name)
        if self.is_dead:
            raise Killed

    @property
    def is_dead(self) -> bool:
        return 0 < self.at <= len(self.names)

    @property
    def last(self) -> str:
        """Where it died."""
        return f"{len(self.names)}: {self.names[-1]}" if self.names else "before anything"
