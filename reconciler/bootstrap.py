"""The one place that builds the real parts out of the settings."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from reconciler import connections, database_url, notices, probe
from reconciler.constant_contact.calls import Calls, Gate, OneToken
from reconciler.constant_contact.client import ConstantContact
from reconciler.constant_contact.oauth import OAuth, TokenSlots
from reconciler.crm import Crm
from reconciler.errors import SettingsError
from reconciler.addresses import fold
from reconciler.key_ring import KeyRing
from reconciler.ledger.database import Ledger
from reconciler.ledger.members import Keys
from reconciler.ledger.sharing import SharedDay, kept_for_others
from reconciler.ledger.usage import Usage, pace_of
from reconciler.limits import Limits
from reconciler.pings import Pings
from reconciler.points import nobody
from reconciler.reconcile import Parts
from reconciler.slots import RESERVE
from reconciler.stopping import Stop
from reconciler.tokens import Tokens
from reconciler.vault import Vault, no_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.constant_contact.budget import Slots
    from reconciler.constant_contact.calls import Access
    from reconciler.constant_contact.wire import ListFound
    from reconciler.credentials import Application, Credentials
    from reconciler.ledger.connections import Connection
    from reconciler.ledger.leases import Lease
    from reconciler.notices import Notices
    from reconciler.points import Reached
    from reconciler.probe import Facts
    from reconciler.secret import Secret
    from reconciler.settings import Settings

#: One a second is the most (forum thread 399094); a little less, because requests don't travel equally fast.
_TOKENS_PER_SECOND: Final = 0.8


@dataclass(frozen=True)
class Process:
    """This process's settings and the parts they stand for."""

    settings: Settings
    #: In place of a real sleep, which ends when somebody asks the process to stop.
    sleep: Callable[[float], None] | None = None
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    stop: Stop = field(default_factory=Stop)
    reached: Reached = nobody

    @property
    def pause(self) -> Callable[[float], None]:
        return self.sleep or self.stop.pause

    def ledger(self, at_once: int = 1, most: int | None = None) -> Ledger:
        """The ledger's database, for so many runs at once, or with so many database connections at most.

        Raises SettingsError where none is named.
        """
        url = self.settings.database_url
        if url is None:
            raise SettingsError(
                "no database is named for the ledger",
                advice="set RECONCILER_DATABASE_URL, for example postgresql://user:password@host/database",
            )
        return Ledger(database_url.parse(url.reveal()), self.reached, at_once, most)

    def vault(self) -> Vault:
        """The vault. Raises VaultError where there is no key ring: nothing is read or stored without one."""
        path = self.settings.keyring
        if path is None:
            raise no_keys()
        return Vault(KeyRing.load(path), reload=lambda: KeyRing.load(path))

    def keys(self, vault: Vault) -> Keys:
        return Keys(fold, vault.keyed_hash)

    def crm(self, url: Secret | None, limits: Limits) -> Crm:
        """A CRM's database: the connection's own, else the one of the settings."""
        chosen = url or self.settings.crm_url
        if chosen is None:
            raise SettingsError("no database is named for the CRM", advice="set RECONCILER_CRM_URL, or --crm-url-file")
        return Crm(database_url.parse(chosen.reveal()), limits, self.monotonic, self.stop.check)

    def api(self, access: Access, slots: Slots, limits: Limits, lease: Lease | None = None) -> ConstantContact:
        def may_leave(seconds: float) -> None:
            self.stop.check()
            if lease is not None:
                lease.must_last(seconds, self.monotonic, self.pause)

        calls = Calls(
            self.settings.api_url,
            access,
            slots,
            sleep=self.pause,
            random=self.random,
            write_seconds=limits.import_request_seconds,
            monotonic=self.monotonic,
            gate=Gate(may_leave, self.reached),
        )
        return ConstantContact(calls, fold)

    def pings(self) -> Pings:
        return Pings(self.settings.healthcheck_url)

    def notices(self) -> Notices:
        """The places where people are told. Raises SettingsError where one is none."""
        return notices.of(self.settings.notify_url)

    def parts(
        self, ledger: Ledger, tell: Callable[[str], None], announce: Callable[[str], None] = lambda _: None
    ) -> Parts:
        """What the runs of this process are made of."""
        vault = self.vault()
        return Parts(
            ledger=ledger,
            open_crm=lambda connection: self._crm_of(vault, connection),
            open_api=lambda connection, lease: self._connected(ledger, vault, connection, lease),
            keys=self.keys(vault),
            pace=self.pace,
            holder=f"{socket.gethostname()}:{os.getpid()}",
            sleep=self.pause,
            monotonic=self.monotonic,
            check=self.stop.check,
            random=self.random,
            tell=tell,
            read_only=self.settings.read_only,
            announce=announce,
        )

    def doors(self, ledger: Ledger, choose_list: Callable[[Sequence[ListFound]], str]) -> connections.Doors:
        """The ways to what a new connection connects."""
        vault = self.vault()
        return connections.Doors(
            ledger=ledger,
            vault=vault,
            open_api=lambda given: self._given(ledger, vault, given),
            open_crm=lambda url, limits: self.crm_for_a_check(url, limits or Limits()),
            choose_list=choose_list,
            monotonic=self.monotonic,
        )

    def crm_for_a_check(self, url: Secret | None, limits: Limits) -> Crm:
        """A CRM's database while somebody waits: a statement that runs for minutes is refused sooner than in a run."""
        return self.crm(url, replace(limits, crm_statement_seconds=limits.crm_check_seconds))

    def look_again(self, connection: Connection, limits: Limits) -> Facts:
        """Try out the statement of a connection on its CRM."""
        crm = self.crm_for_a_check(connections.crm_url(self.vault(), connection), limits)
        return probe.look(crm, connection.statement, connection.workspace, limits, self.monotonic)

    def _crm_of(self, vault: Vault, connection: Connection) -> Crm:
        # With another key ring every address would have another hash: found out before any is read.
        connections.token(vault, connection)
        return self.crm(connections.crm_url(vault, connection), connection.limits)

    def access(self, ledger: Ledger, vault: Vault, connection: Connection) -> Tokens:
        """The access of a stored connection's account, kept fresh."""
        oauth = self._oauth(self._slots(ledger, connection))
        account_id = connection.account.account_id
        return Tokens(ledger, vault, oauth, account_id, sleep=self.pause, monotonic=self.monotonic)

    def _connected(self, ledger: Ledger, vault: Vault, connection: Connection, lease: Lease) -> ConstantContact:
        access = self.access(ledger, vault, connection)
        slots = replace(self._slots(ledger, connection), held=lease.held)
        with ledger.transaction() as tx:
            kept = kept_for_others(tx, connection, slots.per_day)
        return self.api(access, SharedDay(slots, kept), connection.limits, lease)

    def _slots(self, ledger: Ledger, connection: Connection) -> Usage:
        return Usage(ledger, connection.account.key_fingerprint, *self.pace(connection))

    def sign_in(self, ledger: Ledger, application: Application) -> OAuth:
        """The OAuth server, for an application that has no token yet."""
        return self._oauth(self._slots_of(ledger, self.vault().keyed_hash(application.api_key.reveal())))

    def _oauth(self, slots: Usage) -> OAuth:
        """Token requests have a pace of their own, and their part of the day."""
        pace_of_tokens = hashlib.blake2b(slots.key_fingerprint, person=b"tokens", digest_size=16).digest()
        own = replace(slots, key_fingerprint=pace_of_tokens, per_second=_TOKENS_PER_SECOND)
        return OAuth(self.settings.auth_url, TokenSlots(own, replace(slots, per_day=slots.per_day + RESERVE)))

    def _given(self, ledger: Ledger, vault: Vault, given: Credentials) -> ConstantContact:
        slots = self._slots_of(ledger, vault.keyed_hash(given.api_key.reveal()))
        # A person waits: the checks may use what runs leave.
        return self.api(OneToken(given.access_token), replace(slots, per_day=slots.per_day + RESERVE), Limits())

    def _slots_of(self, ledger: Ledger, key_fingerprint: bytes) -> Usage:
        """The slots of an API key, by its own figures where an account of it has some."""
        with ledger.transaction() as tx:
            per_second, per_day = pace_of(tx, key_fingerprint)
        settings = self.settings
        return Usage(ledger, key_fingerprint, per_second or settings.pace_per_second, per_day or settings.pace_per_day)

    def pace(self, connection: Connection) -> tuple[float, int]:
        """How many calls a second and a UTC day the runs of the connection's API key may make."""
        account, settings = connection.account, self.settings
        return account.pace_per_second or settings.pace_per_second, account.pace_per_day or settings.pace_per_day
