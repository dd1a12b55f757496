"""One account's access token, kept fresh: by one process at a time, and on disk before its first use."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler import token_end
from reconciler.constant_contact.oauth import RefreshUnanswered
from reconciler.credentials import Application
from reconciler.errors import (
    AccessRefused,
    ApiUnavailable,
    DailyLimitReached,
    GrantEnded,
    LedgerError,
    Throttled,
    TokenEnded,
)
from reconciler.ledger import accounts

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.constant_contact.oauth import OAuth, Pair
    from reconciler.ledger.accounts import Stored
    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.secret import Secret
    from reconciler.vault import Vault

_log: Final = logging.getLogger(__name__)
#: A token is renewed so long before it ends, or in the last tenth of its life where that is shorter.
_EARLY_SECONDS: Final = 300.0
#: The life of an access token whose answer does not say it (developer.constantcontact.com/api_guide/auth_overview).
_LIFE_SECONDS: Final = 86_400.0
#: Where renewing fails while the token is still good, it is tried again after so long.
_AGAIN_SECONDS: Final = 30.0
#: A slot so near is waited for under the lock: with the request itself it stays under 20 seconds.
_NEAR_SECONDS: Final = 2.0
#: How long a process whose transaction was lost may take to store its pair, before we say that it is used up.
_SIBLING_SECONDS: Final = 1.0
#: Pauses where Constant Contact says that token requests come too fast.
_THROTTLED_PAUSES: Final = (1.0, 2.0, 4.0)
#: Pauses while the ledger is asked again and again to take a new pair: without it the account is locked out.
_STORE_PAUSES: Final = (0.2, 1.0, 2.0, 5.0, 10.0)
_CONNECT: Final = "connect again with a new token: `reconciler connect NAME`"


@dataclass(frozen=True, slots=True)
class _Held:
    """A token as it was read from the ledger."""

    token: Secret
    stored: Stored

    @property
    def is_renewable(self) -> bool:
        return self.stored.refresh_token_sealed is not None

    @property
    def has_ended(self) -> bool:
        return self.stored.seconds_left is not None and self.stored.seconds_left <= 0

    @property
    def fresh_seconds(self) -> float:
        """How long there is nothing to do: until it is renewed, or where nothing renews it, until it ends."""
        left, life = self.stored.seconds_left, self.stored.life_seconds
        if left is None:
            return float("inf")
        return left - min(_EARLY_SECONDS, (life or 0.0) / 10) if self.is_renewable else left


class Tokens:
    """The access of one stored account. Threads may share it; each process has its own."""

    def __init__(
        self,
        ledger: Ledger,
        vault: Vault,
        oauth: OAuth,
        account_id: int,
        *,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._vault = vault
        self._oauth = oauth
        self._account_id = account_id
        self._sleep = sleep
        self._monotonic = monotonic
        self._alone = threading.Lock()
        self._kept: tuple[Secret, float] | None = None

    def token(self) -> Secret:
        """The token to use now, renewed first where it is about to end.

        Raises AccessRefused where it has ended and nothing renews it, without any call, or where Constant Contact
        no longer takes the refresh token. Other trouble with renewing is raised only once the token has ended.
        """
        with self._alone:
            if self._kept is not None and self._monotonic() < self._kept[1]:
                return self._kept[0]
            held = self._read()
            if held.fresh_seconds > 0:
                return self._keep(held)
            if not held.is_renewable:
                raise _ended(held)
            try:
                return self._renew(held.token)
            except (ApiUnavailable, DailyLimitReached):
                if held.has_ended:
                    raise
                return self._keep(held, _AGAIN_SECONDS)

    def after_refusal(self, refused: Secret) -> Secret:
        """Another token than the one that was just refused: the one that is stored by now, else a renewed one.

        Raises AccessRefused where there is none, ApiUnavailable where it can't be had now.
        """
        with self._alone:
            self._kept = None
            held = self._read()
            return self._keep(held) if held.token != refused else self._renew(refused)

    def _read(self) -> _Held:
        return self._opened(accounts.credentials(self._ledger, self._account_id))

    def _opened(self, stored: Stored | None) -> _Held:
        token = None if stored is None else self._open(stored, "access_token")
        if stored is None or token is None:
            raise AccessRefused("there is no access token", advice=_CONNECT)
        return _Held(token, stored)

    def _keep(self, held: _Held, seconds: float | None = None) -> Secret:
        """Remember a token until it is due to be looked at again."""
        seconds = held.fresh_seconds if seconds is None else seconds
        self._kept = (held.token, self._monotonic() + seconds)
        return held.token

    def _renew(self, old: Secret) -> Secret:
        """The token that comes after this one, whoever got it."""
        may_ask, pauses = False, list(_THROTTLED_PAUSES)
        while True:
            try:
                found = self._renew_alone(old, may_ask=may_ask)
            except accounts.AccountBusy:
                raise ApiUnavailable("another process has been renewing the token for too long") from None
            except Throttled as error:
                # Slots are apart when they are given, not when requests arrive: a busy machine may bring two together.
                if not pauses:
                    raise ApiUnavailable(str(error), advice=error.advice) from None
                may_ask = False
                self._sleep(pauses.pop(0))
                continue
            if not isinstance(found, float):
                return self._keep(found)
            may_ask = True
            self._sleep(found)

    def _renew_alone(self, old: Secret, *, may_ask: bool) -> _Held | float:
        """Under the row's lock: another's new token, or our own; or how long our slot is still away.

        The one transaction that spans a request. The new pair is committed when this returns, never used before.
        """
        pair, held = None, None
        try:
            with accounts.locked(self._ledger, self._account_id) as (tx, stored):
                held = self._opened(stored)
                if held.token != old:
                    return held
                _demand_renewable(held)
                wait = 0.0 if may_ask else self._oauth.slot()
                if wait > _NEAR_SECONDS:
                    return wait
                self._sleep(wait)
                pair = self._asked(held)
                self._store(tx, held, pair)
                _log.debug("the access token was renewed")
        except GrantEnded as error:
            return self._given_up(held, error)
        except BaseException as error:
            # Also where somebody pressed Ctrl-C: a rotating refresh token is used up, and the new one is only here.
            if held is None or pair is None:
                self._note(held, error)
                raise
            self._store_after_all(held, pair)
            if not isinstance(error, LedgerError):
                raise
        return self._read()

    def _asked(self, held: _Held) -> Pair:
        stored = held.stored
        refresh, api_key = self._open(stored, "refresh_token"), self._open(stored, "api_key")
        if refresh is None or api_key is None:
            raise _refused(held)
        return self._oauth.refresh(Application(api_key, self._open(stored, "client_secret")), refresh)

    def _store(self, tx: Transaction, held: _Held, pair: Pair) -> bool:
        new = pair.refresh_token
        return accounts.renewed(
            tx,
            self._account_id,
            held.stored,
            access_token=self._seal(held.stored, "access_token", pair.access_token),
            refresh_token=None if new is None else self._seal(held.stored, "refresh_token", new),
            life_seconds=pair.seconds or _LIFE_SECONDS,
        )

    def _store_after_all(self, held: _Held, pair: Pair) -> None:
        """Store a pair whose transaction was lost, unless it was committed or other credentials were given since."""
        for pause in (*_STORE_PAUSES, None):
            try:
                self._store_where_it_lies(held, pair)
            except LedgerError:
                if pause is None:
                    raise
                self._sleep(pause)
            else:
                return

    def _store_where_it_lies(self, held: _Held, pair: Pair) -> None:
        """Store a pair without the row's lock: keys that are rotated meanwhile seal what was used anew, once."""
        for _ in range(2):
            used = self._as_it_lies(held)
            with self._ledger.transaction() as tx:
                if self._store(tx, used, pair):
                    return

    def _as_it_lies(self, held: _Held) -> _Held:
        """What was used, as it is sealed now."""
        used = self._open(held.stored, "refresh_token")
        stored = accounts.credentials(self._ledger, self._account_id)
        if stored is None or self._open(stored, "refresh_token") != used:
            return held
        return replace(held, stored=replace(held.stored, refresh_token_sealed=stored.refresh_token_sealed))

    def _note(self, held: _Held | None, error: BaseException) -> None:
        """Remember that an answer was lost: should the refresh token be refused, this is why."""
        if held is not None and isinstance(error, RefreshUnanswered | KeyboardInterrupt):
            accounts.unanswered(self._ledger, self._account_id, held.stored.refresh_token_sealed)

    def _given_up(self, used: _Held | None, error: GrantEnded) -> _Held:
        """The refresh token was refused: perhaps because another pair has been stored since; else it is forgotten."""
        if used is None:
            return self._read()
        self._sleep(_SIBLING_SECONDS)
        if (held := self._read()).token != used.token:
            return held
        accounts.grant_ended(self._ledger, self._account_id, used.stored.refresh_token_sealed)
        if (held := self._read()).token != used.token:  # it came while we waited for its row
            return held
        lost_at = used.stored.refresh_unanswered_at
        if lost_at is None:
            raise GrantEnded(str(error), advice=_CONNECT)
        raise GrantEnded(
            f"{error}; the answer to a refresh at {token_end.minute(lost_at)} never came, and a rotating refresh token "
            "is used up by that",
            advice=f"{_CONNECT}; for an API key with long-lived refresh tokens a lost answer does no harm",
        )

    def _open(self, stored: Stored, field: str) -> Secret | None:
        sealed = getattr(stored, f"{field}_sealed")
        if sealed is None:
            return None
        return self._vault.open(sealed, table="accounts", row=stored.encoded_account_id, field=field)

    def _seal(self, stored: Stored, field: str, secret: Secret) -> str:
        return self._vault.seal(secret, table="accounts", row=stored.encoded_account_id, field=field)


def _ended(held: _Held) -> TokenEnded:
    ends_at = held.stored.token_ends_at
    when = "" if ends_at is None else f" at {token_end.minute(ends_at)}"
    return TokenEnded(f"the access token ended{when}, and nothing renews it", advice=_CONNECT)


def _demand_renewable(held: _Held) -> None:
    if not held.is_renewable:
        raise _refused(held)


def _refused(held: _Held) -> AccessRefused:
    if held.has_ended:
        return _ended(held)
    return AccessRefused("Constant Contact refused the access token, and nothing renews it", advice=_CONNECT)
