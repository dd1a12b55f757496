"""How one connection stands, as the ledger knows it: what `status` and the console show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler import connection_page, connections, health, mapping, token_end
from reconciler.errors import VaultError
from reconciler.ledger import ages, runs, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.health import Health
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Row, Transaction
    from reconciler.token_end import TokenEnd
    from reconciler.vault import Vault


@dataclass(frozen=True, slots=True)
class Status:
    """One connection at one moment."""

    connection: Connection
    health: Health
    last: Row | None
    left_today: int
    #: Why its credentials can't be opened with the key ring that is here; None: they can, or there is no key ring.
    unusable: str | None

    @property
    def behind(self) -> tuple[int, float]:
        return self.health.waiting, self.health.oldest_seconds

    @property
    def badge(self) -> str:
        """Connected, or what stands in the way, in a sentence."""
        return connection_page.badge(self.connection, self.behind, self.unusable)

    @property
    def sentence(self) -> str:
        """The same where buttons stand beside it: without the commands that help."""
        return connection_page.badge(self.connection, self.behind, self.unusable, with_commands=False)

    @property
    def token(self) -> TokenEnd:
        return token_end.of_account(self.connection.account, self.connection.now)

    def to_json(self) -> dict[str, Any]:
        connection, waiting = self.connection, self.health.waiting
        return {
            "connection": connection.name,
            "badge": self.badge,
            "unusable": self.unusable,
            "account": connection.account.organization,
            "list": {"list_id": connection.list_id, "name": connection.list_name},
            "behind": {"contacts": waiting, "oldest_seconds": round(self.health.oldest_seconds)},
            "freshness": self.health.to_json(),
            "token": self.token.to_json(),
            "left_today": self.left_today,
            "last_run": self.last and self.last.report,
            "quiet_ticks": connection.quiet_ticks,
            "window": {"mode": connection.window_mode, "reason": connection.window_reason},
            "sweep": {
                "every_seconds": connection.sweeps_every_seconds,
                "stretch": connection.sweep_stretch,
                "last_at": connection.swept_at and connection.swept_at.isoformat(),
            },
            "statement": {
                "digest": mapping.statement_digest(connection.statement),
                "columns": dict(connection.columns),
            },
            "held": _word(connection.held_reason, connection.held_message, connection.held_run_id),
            "quarantine": _quarantine(connection),
            "paused": _word(connection.paused_reason, connection.paused_message, None),
        }


def look(tx: Transaction, vault: Callable[[], Vault] | None, connection: Connection, per_day: int) -> Status:
    """How a connection stands; `per_day` is how many calls its API key may make. Counts the contacts that wait.

    `vault` opens the vault; None: there is no key ring, and whether the credentials can be opened is not known.
    """
    return Status(
        connection=connection,
        health=health.judge(ages.of_one(tx, connection.connection_id)),
        last=runs.latest(tx, connection.connection_id),
        left_today=usage.left_today(tx, connection.account.key_fingerprint, per_day),
        unusable=None if vault is None else unusable(vault, connection),
    )


def unusable(open_vault: Callable[[], Vault], connection: Connection) -> str | None:
    """Why the credentials of a connection can't be opened, with what to do; None: they can."""
    try:
        vault = open_vault()
        connections.token(vault, connection)
        connections.crm_url(vault, connection)
    except VaultError as error:
        return f"{error} {error.advice}"
    return None


def tails(open_vault: Callable[[], Vault], connection: Connection) -> dict[str, str]:
    """The last four characters of the API key and the access token; empty where they would be too much of it."""
    sealed = {"api_key": connection.account.api_key_sealed, "access_token": connection.account.access_token_sealed}
    row = connection.account.encoded_account_id
    try:
        vault = open_vault()
        opened = {
            name: text and vault.open(text, table="accounts", row=row, field=name) for name, text in sealed.items()
        }
    except VaultError:
        return dict.fromkeys(sealed, "")
    return {name: secret.tail() if secret else "" for name, secret in opened.items()}


def _quarantine(connection: Connection) -> dict[str, object] | None:
    if connection.quarantined_at is None:
        return None
    again = connection.next_attempt_at
    return {
        "reason": connection.failing_reason,
        "message": connection.failing_message,
        "since": connection.quarantined_at.isoformat(),
        "failures": connection.failures,
        "next_attempt_at": again and again.isoformat(),
    }


def _word(reason: str | None, message: str | None, run_id: int | None) -> dict[str, object] | None:
    return None if reason is None else {"reason": reason, "message": message, "run_id": run_id}
