"""When an account's token ends, what keeps it fresh, and what to say about it beforehand."""

from __future__ import annotations

import base64
import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reconciler.ledger.accounts import Account
    from reconciler.secret import Secret

#: A refresh token that nobody used for so long is no good any more (forum thread 402882).
_IDLE: Final = dt.timedelta(days=180)
_STALE_WARNING: Final = dt.timedelta(days=3)
_END_WARNING: Final = dt.timedelta(hours=2)
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class TokenEnd:
    """How long an account's access lasts. Times are None where they are not known, or there is no such token."""

    ends_at: dt.datetime | None
    kept_fresh: bool
    #: Whether that was done already, with the credentials that were given last.
    was_renewed: bool
    stale_at: dt.datetime | None
    has_ended: bool
    warning: str | None

    def to_json(self) -> dict[str, object]:
        return {
            "ends_at": self.ends_at and self.ends_at.isoformat(),
            "kept_fresh": self.kept_fresh,
            "stale_at": self.stale_at and self.stale_at.isoformat(),
            "warning": self.warning,
        }

    def __str__(self) -> str:
        if self.kept_fresh:
            return "kept fresh by itself" if self.was_renewed else "will be renewed by itself; not tried yet"
        if self.ends_at is None and self.has_ended:
            return "there is none"
        if self.ends_at is None:
            return "ends at a time that is not known"
        return f"{'ended' if self.has_ended else 'ends'} at {minute(self.ends_at)}; nothing renews it"


def of_account(account: Account, now: dt.datetime) -> TokenEnd:
    """How an account's access stands at this moment of the ledger's clock."""
    if account.access_token_sealed is None:
        return TokenEnd(None, kept_fresh=False, was_renewed=False, stale_at=None, has_ended=True, warning=None)
    ends_at, kept_fresh = account.token_ends_at, account.has_refresh_token
    stale_at = account.refresh_token_used_at + _IDLE if kept_fresh and account.refresh_token_used_at else None
    has_ended = not kept_fresh and ends_at is not None and ends_at <= now
    warning = _stale(stale_at, now) if kept_fresh else _end(ends_at, now)
    return TokenEnd(ends_at, kept_fresh, account.was_renewed, stale_at, has_ended, warning)


def of_token(token: Secret) -> dt.datetime | None:
    """When a token says that it ends; None where it does not say. Nobody's word is checked: it only tells the time."""
    parts = token.reveal().split(".")
    if len(parts) != _PARTS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return dt.datetime.fromtimestamp(float(claims["exp"]), dt.UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None


def minute(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _end(ends_at: dt.datetime | None, now: dt.datetime) -> str | None:
    if ends_at is None or ends_at - now > _END_WARNING:
        return None
    if ends_at <= now:
        return f"the token ended at {minute(ends_at)}: connect again with a new one"
    return f"the token ends at {minute(ends_at)}; syncing stops then unless you connect again with a new one"


def _stale(stale_at: dt.datetime | None, now: dt.datetime) -> str | None:
    if stale_at is None or stale_at - now > _STALE_WARNING:
        return None
    return (
        f"the refresh token {'went' if stale_at <= now else 'goes'} stale at {minute(stale_at)}, 180 days after its "
        "last use: run this connection, or connect again"
    )
