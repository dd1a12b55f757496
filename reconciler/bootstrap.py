"""The one place that builds the real parts out of the settings."""

from __future__ import annotations

import os
import random
import socket
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler import connections, database_url, notices, probe
from reconciler.addresses import fold
from reconciler.crm import Crm
from reconciler.errors import SettingsError
from reconciler.key_ring import KeyRing
from reconciler.ledger.database import Ledger
from reconciler.ledger.members import Keys
from reconciler.limits import Limits
from reconciler.pings import Pings
from reconciler.points import nobody
from reconciler.reconcile import Parts
from reconciler.stopping import Stop
from reconciler.vault import Vault, no_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.api_access import ApiAccess
    from reconciler.constant_contact.oauth import OAuth
    from reconciler.constant_contact.wire import ListFound
    from reconciler.credentials import Application
    from reconciler.ledger.connections import Connection
    from reconciler.notices import Notices
    from reconciler.points import Reached
    from reconciler.probe import Facts
    from reconciler.secret import Secret
    from reconciler.settings import Settings
    from reconciler.tokens import Tokens


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
            open_api=lambda connection, lease: self._access(ledger, vault).of(connection, lease, self.pace(connection)),
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
            open_api=lambda given: self._access(ledger, vault).with_given(given),
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
        return self._access(ledger, vault).tokens(connection.account, self.pace(connection))

    def sign_in(self, ledger: Ledger, application: Application) -> OAuth:
        """The OAuth server, for an application that has no token yet."""
        return self._access(ledger, self.vault()).oauth(application)

    def _access(self, ledger: Ledger, vault: Vault) -> ApiAccess:
        from reconciler import api_access  # noqa: PLC0415 - most ticks ask nothing of Constant Contact

        return api_access.ApiAccess(
            self.settings, ledger, vault, self.pause, self.monotonic, self.random, self.stop.check, self.reached
        )

    def pace(self, connection: Connection) -> tuple[float, int]:
        """How many calls a second and a UTC day the runs of the connection's API key may make."""
        account, settings = connection.account, self.settings
        return account.pace_per_second or settings.pace_per_second, account.pace_per_day or settings.pace_per_day
