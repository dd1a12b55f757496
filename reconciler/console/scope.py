"""What a request is about, looked up for one person: what is not theirs to see is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reconciler.ledger import connections, console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.console.access import Grants, Role
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Transaction

#: What fits into the ledger's column.
_RUN_ID: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Scope:
    """The connection and the run that an address names, and the role in its workspace."""

    connection: Connection | None
    run_id: int | None
    role: Role | None


def look_up(tx: Transaction, grants: Grants, names: Mapping[str, str]) -> Scope | None:
    """What an address names; None where there is no such thing for these grants."""
    if not ("name" in names or "run_id" in names):
        return Scope(None, None, grants.highest)
    run_id = _number(names["run_id"]) if "run_id" in names else None
    name = names.get("name") if run_id is None else console.connection_of_run(tx, run_id)
    connection = None if name is None else connections.by_name(tx, name)
    role = None if connection is None else grants.role_in(connection.workspace)
    return None if role is None else Scope(connection, run_id, role)


def _number(text: str) -> int:
    """A run's number; 0, which no run has, where it is none."""
    return int(text) if _RUN_ID.fullmatch(text) else 0
