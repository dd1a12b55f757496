"""What one run works with: its ledger, its API, its connection, and the right to write."""

from __future__ import annotations

import contextlib
import functools
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.constant_contact.client import ConstantContact
    from reconciler.constant_contact.wire import Mapped
    from reconciler.crm import Crm
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.ledger.leases import Lease
    from reconciler.ledger.members import Keys


@dataclass(frozen=True)
class Work:
    """One run's tools. Every write goes through `write`, which stops a run that has lost its lease."""

    ledger: Ledger
    crm: Crm
    open_api: Callable[[], ConstantContact]
    connection: Connection
    mapped: Mapped
    lease: Lease
    run_id: int
    keys: Keys
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    tell: Callable[[str], None]
    #: From 0 to 1.
    random: Callable[[], float] = random.random
    #: Raises Stopped where somebody has asked for it.
    check: Callable[[], None] = lambda: None
    #: How long each stage took so far.
    seconds: dict[str, float] = field(default_factory=dict)
    #: How long the last activity of a kind took, as far as one was waited for.
    waited: dict[str, float] = field(default_factory=dict)

    @functools.cached_property
    def api(self) -> ConstantContact:
        """Constant Contact; its credentials are opened when first needed. Raises AccessRefused without any."""
        return self.open_api()

    def close(self) -> None:
        """Give back what the run has opened."""
        if "api" in vars(self):
            self.api.close()

    @property
    def calls(self) -> dict[str, int]:
        """The API calls made so far, by operation."""
        return self.api.calls if "api" in vars(self) else {}

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a write transaction under the lease. Raises LeaseLost; nothing is written then."""
        if self.lease.lost.is_set():
            raise LeaseLost
        with self.ledger.transaction(self.lease.held) as tx:
            yield tx

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what a stage of the run takes. None begins where somebody has asked to stop."""
        self.check()
        began = self.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + self.monotonic() - began
