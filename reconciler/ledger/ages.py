"""How fresh each connection is, as its runs and ticks have noted it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.ledger import runs
from reconciler.ledger.database import rows, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.ledger.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Ages:
    """What is known of one connection without looking at any of its contacts. Times are None where it never was."""

    connection_id: int
    name: str
    settings: Mapping[str, object]
    observe: bool
    connected_at: dt.datetime
    started_at: dt.datetime | None
    paused_at: dt.datetime | None
    #: None where it was a person who paused it.
    paused_reason: str | None
    disconnected_at: dt.datetime | None
    held_at: dt.datetime | None
    held_reason: str | None
    failures: int
    failing_since: dt.datetime | None
    failing_reason: str | None
    quarantined_at: dt.datetime | None
    last_tick_at: dt.datetime | None
    quiet_ticks: int
    quiet_since: dt.datetime | None
    #: How often the `serve` that last looked after it gives it a tick.
    every_seconds: float | None
    waiting: int
    waiting_since: dt.datetime | None
    agreed_at: dt.datetime | None
    #: Up to when what changed at Constant Contact has certainly been read; their clock.
    pull_since: dt.datetime | None
    swept_at: dt.datetime | None
    #: When the CRM was last read.
    read_at: dt.datetime | None
    #: Whether a run goes on.
    is_running: bool
    has_token: bool
    has_refresh_token: bool
    token_ends_at: dt.datetime | None
    now: dt.datetime


def of_all(tx: Transaction, workspaces: Sequence[str] | None = None) -> list[Ages]:
    """Of every connection, by name; or of those in some workspaces."""
    among = None if workspaces is None else list(workspaces)
    return [_ages(row) for row in rows(tx, "connections_ages", connection_id=None, workspaces=among)]


def of_one(tx: Transaction, connection_id: int) -> Ages:
    """Of one connection, with the contacts that wait counted at this moment."""
    ages = _ages(run(tx, "connections_ages", connection_id=connection_id, workspaces=None).one())
    waiting, oldest = runs.behind(tx, connection_id)
    return replace(ages, waiting=waiting, waiting_since=ages.now - dt.timedelta(seconds=oldest) if waiting else None)


def promise(tx: Transaction, every_seconds: float) -> None:
    """Note how often each connection is looked after: so often where it has no interval of its own."""
    run(tx, "connections_promise", every_seconds=every_seconds)


def _ages(row: Row) -> Ages:
    return Ages(**row._mapping)  # noqa: SLF001 - public in SQLAlchemy
