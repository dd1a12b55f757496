"""What somebody is to do about a connection: one button, or none. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler import holding
from reconciler.console.access import Role
from reconciler.console.actions import address
from reconciler.health import Stands

if TYPE_CHECKING:
    from reconciler.ledger.connections import Connection


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that somebody is to do, the page where it is done, and the role that it takes."""

    words: str
    to: str
    least: Role

    def to_json(self) -> dict[str, str]:
        return {"words": self.words, "to": self.to, "role": self.least.word}


def of(connection: Connection, stands: Stands, *, is_usable: bool = True) -> Need | None:
    """What somebody is to do; None: nothing. `is_usable` says whether its credentials can be opened."""
    name = connection.name
    if stands is Stands.DISCONNECTED or not is_usable:
        return Need("Reconnect", address(name, "reconnect"), Role.ADMIN)
    match stands:
        case Stands.HELD:
            return _of_held(connection)
        case Stands.NEEDS_YOU:
            return Need("Resume", address(name, "resume"), Role.ADMIN)
        case Stands.PAUSED:
            return Need("Resume", address(name, "resume"), Role.OPERATOR)
        case Stands.NOT_STARTED | Stands.OBSERVING:
            return Need("Start first sync", address(name, "start"), Role.ADMIN)
        case Stands.CONNECTED | Stands.RETRYING | Stands.QUARANTINED:
            return None


def _of_held(connection: Connection) -> Need:
    run_id = connection.held_run_id
    if run_id is not None and holding.can_be_answered(connection):
        return Need("Approve", f"/runs/{run_id}/approve", Role.ADMIN)
    if connection.held_reason in holding.OF_THE_SOURCE or run_id is None:
        return Need("Repair the statement", f"{address(connection.name)}#statement", Role.VIEWER)
    return Need("Look at the run", f"/runs/{run_id}", Role.VIEWER)
