"""How the fleet stands, as text and as JSON: its workers, its queue, and who is due longest."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from reconciler.ledger import queue, schedules
from reconciler.page import number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.ledger.database import Transaction


@dataclass(frozen=True, slots=True)
class FleetStanding:
    """How the fleet stands at one moment."""

    workers: Sequence[queue.Worker]
    tasks: queue.Tasks
    schedules: schedules.Standing

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    def __str__(self) -> str:
        due = self.schedules
        waits = f"; {due.oldest} has been due for {due.oldest_seconds:.0f} s" if due.oldest else ""
        lines = [
            f"Connections  {due.connections:,}, {due.due:,} due{waits}",
            f"Queue        {number(self.tasks.waiting, 'task')} waiting, {self.tasks.under_way:,} under way",
            f"Workers      {len(self.workers):,}",
        ]
        lines += [
            f"  {each.worker_id:<10} {number(each.under_way, 'task')} under way, seen {each.silent_seconds:.0f} s ago"
            for each in self.workers
        ]
        return "\n".join(lines)


def look(tx: Transaction) -> FleetStanding:
    """How it stands now; the queue has to be there."""
    return FleetStanding(queue.workers(tx), queue.tasks(tx), schedules.standing(tx))
