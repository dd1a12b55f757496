"""When each connection is due, for workers on any number of machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from reconciler.ledger.database import rows, run
from reconciler.turns import SMALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Transaction


@dataclass(frozen=True, slots=True)
class Due:
    """A connection that was claimed: its next time is set."""

    connection_id: int
    name: str

    @property
    def lock(self) -> str:
        """What its tasks are told apart by in the queue; `schedules_claim.sql` says it too."""
        return f"connection {self.connection_id}"


@dataclass(frozen=True, slots=True)
class Room:
    """How many may be claimed: at once, of one API key, and as long as no more tasks than so many wait already."""

    most: int
    most_of_a_key: int
    waiting_tasks: int
    #: So many of each worker, of those whose last run failed.
    most_failing: int = 1
    #: A connection with so many contacts that wait, or fewer, goes before others.
    small: int = SMALL


@dataclass(frozen=True, slots=True)
class Standing:
    """How the schedules stand: how many connections, how many of them due, and the one that is due longest."""

    connections: int
    due: int
    oldest: str | None
    oldest_seconds: float | None


def claim(tx: Transaction, every_seconds: float, room: Room) -> Sequence[Due]:
    """Claim connections that are due, in the transaction that queues them: each by one worker only."""
    found = rows(tx, "schedules_claim", every_seconds=every_seconds, **asdict(room))
    return [Due(int(row.connection_id), row.name) for row in found if not row.is_passed_over]


def after(tx: Transaction, name: str) -> None:
    """Another run has the connection just now: look again when its lease would lapse."""
    run(tx, "schedules_after", name=name)


def standing(tx: Transaction) -> Standing:
    row = run(tx, "schedules_standing").one()
    return Standing(int(row.connections), int(row.due), row.oldest, row.oldest_seconds)
