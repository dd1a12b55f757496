"""What the console works with, and what one request brings."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from reconciler.console.access import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from reconciler.bootstrap import Process
    from reconciler.console.access import Person
    from reconciler.console.background import Background
    from reconciler.console.identity import Proxy
    from reconciler.console.throttle import Throttle
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger

#: What fits into the ledger's column.
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Desk:
    """The parts of one console."""

    here: Process
    ledger: Ledger
    #: Its public address, without a path: where browsers find it.
    address: str
    background: Background
    #: The proxy that says who somebody is; None: people sign in by one-time addresses.
    proxy: Proxy | None
    #: Sign-ins that failed.
    failures: Throttle
    random_bytes: Callable[[int], bytes] = secrets.token_bytes


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
    run_id_or_none: int | None = None
    #: What the address names, as it stands there.
    names: Mapping[str, str] = field(default_factory=dict)
    #: Their role in the workspace of the connection; where the address names none, the highest they have in any.
    role: Role = Role.VIEWER

    @property
    def connection(self) -> Connection:
        """The connection that the address names; only for routes that name one."""
        if self.connection_or_none is None:
            raise LookupError("this address names no connection")
        return self.connection_or_none

    @property
    def run_id(self) -> int:
        """The run that the address names; only for routes that name one."""
        if self.run_id_or_none is None:
            raise LookupError("this address names no run")
        return self.run_id_or_none

    @property
    def actor(self) -> str:
        return self.person.actor

    @property
    def page(self) -> int:
        """The number of the page that is asked for; the first where it is none."""
        text = self.query.get("page", "")
        return max(1, int(text)) if _NUMBER.fullmatch(text) else 1

    def number(self, name: str) -> int | None:
        """A number that the form has; None where it is none."""
        text = self.form.get(name, "")
        return int(text) if _NUMBER.fullmatch(text) else None
