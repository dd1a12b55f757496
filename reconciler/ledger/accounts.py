"""Accounts: their sealed credentials, how long the token lasts, and the right to renew it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg.errors
import sqlalchemy.exc

from reconciler.errors import LedgerError
from reconciler.ledger.database import one, run, value

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from reconciler.ledger.database import Ledger, Row, Transaction

#: How long the lock of an account's row is waited for, and after how long a process that has stopped loses it: longer
#: than one that works can have it.
_WAIT_SECONDS: Final = 20
_HOLD_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its credentials as they lie in the ledger: sealed."""

    account_id: int
    encoded_account_id: str
    organization: str
    api_key_sealed: str | None
    access_token_sealed: str | None
    key_fingerprint: bytes
    pace_per_second: float | None
    pace_per_day: int | None
    token_ends_at: dt.datetime | None
    refresh_token_used_at: dt.datetime | None
    has_refresh_token: bool
    #: Whether the refresh token has worked since credentials were given last.
    was_renewed: bool

    @classmethod
    def of(cls, row: Row) -> Account:
        """The account of a row that has its columns."""
        found: dict[str, Any] = {name: row._mapping[name] for name in cls.__slots__}  # noqa: SLF001 - public in SQLAlchemy
        pace = found["pace_per_second"]
        found |= {
            "key_fingerprint": bytes(found["key_fingerprint"]),
            "pace_per_second": None if pace is None else float(pace),
        }
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Stored:
    """An account's sealed credentials as they are now, and how long the access token still lasts."""

    encoded_account_id: str
    api_key_sealed: str | None
    access_token_sealed: str | None
    refresh_token_sealed: str | None
    client_secret_sealed: str | None
    token_stored_at: dt.datetime | None
    token_ends_at: dt.datetime | None
    refresh_unanswered_at: dt.datetime | None
    #: Until the access token ends, and from when it was got until then; None: not known.
    seconds_left: float | None
    life_seconds: float | None

    @classmethod
    def of(cls, row: Row) -> Stored:
        found: dict[str, Any] = {name: row._mapping[name] for name in cls.__slots__}  # noqa: SLF001 - public in SQLAlchemy
        for name in ("seconds_left", "life_seconds"):
            found[name] = None if found[name] is None else float(found[name])
        return cls(**found)


class AccountBusy(LedgerError):
    """Another process has been renewing the account's token for a long time."""


def account_id(tx: Transaction, encoded_account_id: str, organization: str, key_fingerprint: bytes) -> int:
    """The account's number; it is made where it is new."""
    return int(
        value(
            tx,
            "account_upsert",
            encoded_account_id=encoded_account_id,
            organization=organization,
            key_fingerprint=key_fingerprint,
        )
    )


def set_credentials(
    tx: Transaction,
    account: int,
    sealed: Mapping[str, str | None],
    *,
    ends_at: dt.datetime | None,
    life_seconds: float | None,
) -> None:
    """Replace an account's sealed credentials: api_key, access_token, refresh_token, client_secret.

    Where no refresh token is given, the stored one stays with its client secret. `ends_at`: what the token says of
    itself; `life_seconds`: what its issuer said.
    """
    run(tx, "account_set_credentials", account_id=account, ends_at=ends_at, life_seconds=life_seconds, **sealed)


def forget_unused_credentials(tx: Transaction, account: int) -> bool:
    """Forget an account's credentials unless another connection needs them; says whether it did."""
    return bool(run(tx, "account_forget_credentials", account_id=account).rowcount)


def credentials(ledger: Ledger, account: int) -> Stored | None:
    """An account's sealed credentials; None where the account is gone."""
    with ledger.transaction() as tx:
        row = one(tx, "account_credentials", account_id=account)
    return None if row is None else Stored.of(row)


@contextlib.contextmanager
def locked(ledger: Ledger, account: int) -> Iterator[tuple[Transaction, Stored | None]]:
    """The same in a transaction that has the account's row for itself: one process renews a token at a time.

    Raises AccountBusy where another has had it for 20 seconds.
    """
    with ledger.transaction() as tx:
        run(tx, "account_lock_times", wait_seconds=_WAIT_SECONDS, hold_seconds=_HOLD_SECONDS)
        try:
            row = one(tx, "account_credentials_locked", account_id=account)
        except sqlalchemy.exc.OperationalError as error:
            if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise AccountBusy from None
            raise
        yield tx, None if row is None else Stored.of(row)


def renewed(
    tx: Transaction,
    account: int,
    before: Stored,
    *,
    access_token: str,
    refresh_token: str | None,
    life_seconds: float,
) -> bool:
    """Store a renewed pair, sealed, in the place of the one that was used; what was stored since stays.

    Says whether it was stored.
    """
    done = run(
        tx,
        "account_renewed",
        account_id=account,
        access_token=access_token,
        refresh_token=refresh_token,
        used=before.refresh_token_sealed,
        stored_at=before.token_stored_at,
        life_seconds=life_seconds,
    )
    return bool(done.rowcount)


def unanswered(ledger: Ledger, account: int, used: str | None) -> None:
    """Note that no answer came to a refresh: should its token be refused, this is why."""
    with ledger.transaction() as tx:
        run(tx, "account_refresh_unanswered", account_id=account, used=used)


def grant_ended(ledger: Ledger, account: int, used: str | None) -> None:
    """Forget a refresh token that is no good any more, unless another one is stored."""
    with ledger.transaction() as tx:
        run(tx, "account_grant_ended", account_id=account, used=used)
