"""What asks something of Constant Contact, built for an account. Apart from `bootstrap`: most ticks ask nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reconciler.addresses import fold
from reconciler.constant_contact.calls import Calls, Gate, OneToken
from reconciler.constant_contact.client import ConstantContact
from reconciler.constant_contact.oauth import OAuth, TokenSlots
from reconciler.ledger.sharing import SharedDay, kept_for_others
from reconciler.ledger.usage import Usage, pace_of
from reconciler.limits import Limits
from reconciler.slots import RESERVE
from reconciler.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.constant_contact.budget import Slots
    from reconciler.constant_contact.calls import Access
    from reconciler.credentials import Application, Credentials
    from reconciler.ledger.accounts import Account
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.database import Ledger
    from reconciler.ledger.leases import Lease
    from reconciler.points import Reached
    from reconciler.secret import Secret
    from reconciler.settings import Settings
    from reconciler.vault import Vault

#: One a second is the most (forum thread 399094); a little less, because requests don't travel equally fast.
_TOKENS_PER_SECOND: Final = 0.8


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """The ways to Constant Contact's API and to its OAuth server, each behind the slots of an API key.

    A pace is calls a second and a UTC day.
    """

    settings: Settings
    ledger: Ledger
    vault: Vault
    sleep: Callable[[float], None]
    monotonic: Callable[[], float]
    random: Callable[[], float]
    #: Raises Stopped where somebody has asked this process to stop.
    check: Callable[[], None]
    reached: Reached

    def of(self, connection: Connection, lease: Lease, pace: tuple[float, int]) -> ConstantContact:
        """The API of a stored connection's account, for the run that has this lease."""
        slots = replace(self._slots(connection.account, pace), held=lease.held)
        with self.ledger.transaction() as tx:
            kept = kept_for_others(tx, connection, slots.per_day)
        access = self.tokens(connection.account, pace)
        return self._api(access, SharedDay(slots, kept), connection.limits, lease)

    def with_given(self, given: Credentials) -> ConstantContact:
        """The API of an account that is not stored yet: somebody waits for it to be checked."""
        slots = self._slots_of(given.api_key)
        # A person waits: the checks may use what runs leave.
        return self._api(OneToken(given.access_token), replace(slots, per_day=slots.per_day + RESERVE), Limits())

    def tokens(self, account: Account, pace: tuple[float, int]) -> Tokens:
        """The access of a stored account, kept fresh."""
        oauth = self._oauth(self._slots(account, pace))
        return Tokens(self.ledger, self.vault, oauth, account.account_id, sleep=self.sleep, monotonic=self.monotonic)

    def oauth(self, application: Application) -> OAuth:
        """The OAuth server, for an application that has no token yet."""
        return self._oauth(self._slots_of(application.api_key))

    def _api(self, access: Access, slots: Slots, limits: Limits, lease: Lease | None = None) -> ConstantContact:
        def may_leave(seconds: float) -> None:
            self.check()
            if lease is not None:
                lease.must_last(seconds, self.monotonic, self.sleep)

        calls = Calls(
            self.settings.api_url,
            access,
            slots,
            sleep=self.sleep,
            random=self.random,
            write_seconds=limits.import_request_seconds,
            monotonic=self.monotonic,
            gate=Gate(may_leave, self.reached),
        )
        return ConstantContact(calls, fold)

    def _oauth(self, slots: Usage) -> OAuth:
        """Token requests have a pace of their own, and their part of the day."""
        pace_of_tokens = hashlib.blake2b(slots.key_fingerprint, person=b"tokens", digest_size=16).digest()
        own = replace(slots, key_fingerprint=pace_of_tokens, per_second=_TOKENS_PER_SECOND)
        return OAuth(self.settings.auth_url, TokenSlots(own, replace(slots, per_day=slots.per_day + RESERVE)))

    def _slots(self, account: Account, pace: tuple[float, int]) -> Usage:
        return Usage(self.ledger, account.key_fingerprint, *pace)

    def _slots_of(self, api_key: Secret) -> Usage:
        """The slots of an API key, by its own figures where an account of it has some."""
        key_fingerprint, settings = self.vault.keyed_hash(api_key.reveal()), self.settings
        with self.ledger.transaction() as tx:
            per_second, per_day = pace_of(tx, key_fingerprint)
        pace = (per_second or settings.pace_per_second, per_day or settings.pace_per_day)
        return Usage(self.ledger, key_fingerprint, *pace)
