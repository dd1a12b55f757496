"""What the console works with, and what one request brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from reconciler.bootstrap import Process
    from reconciler.console.access import Person
    from reconciler.console.background import Background
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger


@dataclass(frozen=True)
class Desk:
    """The parts of one console."""

    here: Process
    ledger: Ledger
    #: Its public address, without a path: where browsers find it.
    address: str
    background: Background
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in, with what it is about: looked up, and theirs to see."""

    desk: Desk
    #: The ledger as this request uses it: the audit says from where.
    ledger: Ledger
    person: Person
    #: The synchroniser token that each form of this session has.
    form_token: str
    session_hash: bytes
    now: dt.datetime
    query: Mapping[str, str]
    form: Mapping[str, str]
    #: The connection that the address names, or whose run it names.
    connection_or_none: Connection | None = None
    run_id: int | None = None
    #: The rest of what the address names.
    names: Mapping[str, str] | None = None

    @property
    def connection(self) -> Connection:
        """The connection that the address names; only for routes that name one."""
        if self.connection_or_none is None:
            raise LookupError("this address names no connection")
        return self.connection_or_none

    @property
    def actor(self) -> str:
        return self.person.actor
