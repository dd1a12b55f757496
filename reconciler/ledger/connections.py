"""Connections: what was stored when somebody connected, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler import mapping, policies
from reconciler.ledger.accounts import Account
from reconciler.ledger.database import as_json, one, rows, run, value
from reconciler.limits import Limits

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from reconciler.domain import Policy
    from reconciler.ledger.database import Row, Transaction
    from reconciler.origin import Origin


@dataclass(frozen=True, slots=True)
class Connection:
    """One CRM statement and one list of an account."""

    connection_id: int
    name: str
    account: Account
    list_id: str
    list_name: str
    workspace: str
    statement: str
    columns: Mapping[str, str]
    custom_fields: Mapping[str, str]
    custom_field_types: Mapping[str, str]
    mapping_digest: str
    crm_url_sealed: str | None
    settings: Mapping[str, object]
    observe: bool
    connected_at: dt.datetime
    started_at: dt.datetime | None
    paused_at: dt.datetime | None
    disconnected_at: dt.datetime | None
    disconnected_reason: str | None
    held_at: dt.datetime | None
    held_reason: str | None
    held_message: str | None
    pull_since: dt.datetime | None
    pulled_whole_at: dt.datetime | None
    swept_at: dt.datetime | None
    #: It sweeps in one of so many of its periods, because of the other connections of its API key.
    sweep_stretch: int
    #: When the first sync was done.
    synced_at: dt.datetime | None
    quiet_ticks: int
    quiet_since: dt.datetime | None
    last_tick_at: dt.datetime | None
    missed_since: dt.datetime | None
    window_mode: str
    window_reason: str
    #: Where the ledger was when somebody last said that it is the real one.
    home: Mapping[str, Any] | None
    sweep_reason: str | None
    paused_reason: str | None
    paused_message: str | None
    held_run_id: int | None
    #: The numbers that an answer would be about; empty where there are none.
    held_counts: Mapping[str, int] | None
    #: Runs in a row that failed as a whole.
    failures: int
    failing_since: dt.datetime | None
    failing_reason: str | None
    failing_message: str | None
    quarantined_at: dt.datetime | None
    next_attempt_at: dt.datetime | None
    now: dt.datetime

    @property
    def limits(self) -> Limits:
        return Limits.of(self.settings)

    @property
    def policy(self) -> Policy:
        return policies.of(self.settings)

    @property
    def sweeps_every_seconds(self) -> float:
        """How often both sides are compared in full."""
        return self.limits.sweep_seconds * self.sweep_stretch

    @property
    def fields(self) -> tuple[str, ...]:
        """The contact fields that the statement maps, in the order of its columns."""
        return tuple(name for name in self.columns if name not in mapping.OWN)


def by_name(tx: Transaction, name: str) -> Connection | None:
    row = one(tx, "connection_by_name", name=name)
    return None if row is None else _connection(row)


def every(tx: Transaction) -> list[Connection]:
    """All connections, by name."""
    return [_connection(row) for row in rows(tx, "connections_all")]


def names(tx: Transaction) -> Sequence[str]:
    return [row.name for row in rows(tx, "connections_due", every_seconds=None)]


def save(tx: Transaction, name: str, stored: Mapping[str, object]) -> int:
    """Make a connection, or replace what connecting again replaces; says its number."""
    content = {key: as_json(item) if isinstance(item, dict) else item for key, item in stored.items()}
    return int(value(tx, "connection_save", name=name, **content))


def set_crm_url(tx: Transaction, connection_id: int, sealed: str | None) -> None:
    run(tx, "connection_set_crm_url", connection_id=connection_id, sealed=sealed)


def set_settings(tx: Transaction, connection_id: int, settings: Mapping[str, object]) -> None:
    run(tx, "connection_set_settings", connection_id=connection_id, settings=as_json(settings))


def set_window(tx: Transaction, connection_id: int, mode: str, reason: str) -> None:
    run(tx, "connection_set_window", connection_id=connection_id, mode=mode, reason=reason)


def remap(tx: Transaction, connection_id: int, columns: Mapping[str, str], mapping_digest: str) -> None:
    """Note other columns, or that something else is made of them: everything is decided and compared once more."""
    run(
        tx,
        "connection_remap",
        connection_id=connection_id,
        columns=as_json(dict(columns)),
        mapping_digest=mapping_digest,
    )


def ask_for_sweep(tx: Transaction, connection_id: int, reason: str) -> None:
    """The next comparison is a full one, until one is done."""
    run(tx, "connection_ask_for_sweep", connection_id=connection_id, reason=reason)


def lock(tx: Transaction, connection_id: int) -> None:
    """Whoever else changes what holds or pauses a connection waits until the transaction ends."""
    run(tx, "connection_lock", connection_id=connection_id)


def start(tx: Transaction, connection_id: int) -> None:
    """From now on runs push."""
    run(tx, "connection_start", connection_id=connection_id)


def say_again(tx: Transaction, connection_id: int) -> None:
    """What needs somebody was only looked at until now: it is said again by the next run."""
    run(tx, "connection_say_again", connection_id=connection_id)


def pause(tx: Transaction, connection_id: int, reason: str | None = None, message: str | None = None) -> None:
    """No pushing and no calls; with a reason where it was not a person who said so."""
    run(tx, "connection_pause", connection_id=connection_id, reason=reason, message=message)


def resume(tx: Transaction, connection_id: int, home: Origin) -> None:
    """Pushing and calls again. Where another CRM or ledger had paused it, these are the real ones from now on."""
    run(tx, "connection_resume", connection_id=connection_id, home=as_json(home.to_json()))


def set_home(tx: Transaction, connection_id: int, home: Origin) -> None:
    run(tx, "connection_set_home", connection_id=connection_id, home=as_json(home.to_json()))


def disconnect(tx: Transaction, connection_id: int, reason: str) -> None:
    run(tx, "connection_disconnect", connection_id=connection_id, reason=reason)


def lost_token(tx: Transaction, connection_id: int, run_id: int, reason: str) -> None:
    """Note that the token was refused in a run, unless a new one was stored since the run began."""
    run(tx, "connection_lost_token", connection_id=connection_id, run_id=run_id, reason=reason)


def failed(
    tx: Transaction, connection_id: int, reason: str, message: str, *, is_quarantined: bool, pause: float | None
) -> None:
    """Note that a run has failed as a whole, and for how long none is tried."""
    told = {"reason": reason, "message": message, "is_quarantined": is_quarantined, "pause": pause}
    run(tx, "connection_failed", connection_id=connection_id, **told)


def recovered(tx: Transaction, connection_id: int) -> None:
    """Note that a run went well."""
    run(tx, "connection_recovered", connection_id=connection_id)


def keys_failing(tx: Transaction, reason: str, besides: bytes = b"") -> tuple[int, int]:
    """How many API keys, besides one, had runs in the last hour, and of how many the last one failed for a reason."""
    row = run(tx, "keys_failing", besides=besides, reason=reason).one()
    return int(row.keys), int(row.failing)


def release(tx: Transaction, connection_id: int) -> None:
    """Nothing holds it any more."""
    run(tx, "connection_release", connection_id=connection_id)


def pulled(tx: Transaction, connection_id: int, since: dt.datetime, *, whole: bool) -> None:
    """Note from when on the next pull has to ask for changes; in the transaction that wrote the mirror."""
    run(tx, "connection_pulled", connection_id=connection_id, since=since, whole=whole)


def synced(tx: Transaction, connection_id: int) -> None:
    """The first sync is done: from now on the guards count."""
    run(tx, "connection_synced", connection_id=connection_id)


def swept(tx: Transaction, connection: Connection) -> None:
    """Both sides were compared in full, by the mapping that the connection had when it was read."""
    run(
        tx,
        "connection_swept",
        connection_id=connection.connection_id,
        mapping_digest=connection.mapping_digest,
    )


def tick(tx: Transaction, connection_id: int, *, quiet: bool) -> None:
    """Note a tick: counted while nothing happens, set back by a run."""
    run(tx, "connection_tick", connection_id=connection_id, quiet=quiet)


def erase(tx: Transaction, connection_id: int) -> dict[str, int]:
    """Delete a connection with all that belongs to it; says how many contacts, members, runs, and rows of runs."""
    held = run(tx, "connection_holds", connection_id=connection_id).one()
    run(tx, "connection_erase", connection_id=connection_id)
    return {name: int(count) for name, count in held._mapping.items()}  # noqa: SLF001 - public in SQLAlchemy


def caught_up(tx: Transaction, connection_id: int) -> None:
    """Note that a run caught up with what waited while there was no token, and said so."""
    run(tx, "connection_caught_up", connection_id=connection_id)


def _connection(row: Row) -> Connection:
    own = {name: row._mapping[name] for name in Connection.__slots__ if name != "account"}  # noqa: SLF001 - public in SQLAlchemy
    return Connection(account=Account.of(row), **own)
