"""A CRM's database, opened anew for each snapshot."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import psycopg

from reconciler.crm import structure
from reconciler.crm.faults import endless, translated
from reconciler.crm.patience import Line
from reconciler.crm.snapshot import Snapshot
from reconciler.crm.structure import Structure
from reconciler.errors import CrmError, CrmUnreachable
from reconciler.origin import Origin
from reconciler.redaction import first_line
from reconciler.window import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reconciler.database_url import DatabaseUrl
    from reconciler.limits import Limits

#: A server that has not answered for so long after a statement's time is over stands still.
_BEYOND_SECONDS: Final = 30.0
#: With `pg_snapshot_xmin`.
_OLDEST_VERSION: Final = 130_000
#: The snapshot's first statement: settings for this transaction only, then where and when it is. A snapshot whose
#: process has stopped, or whose host is gone, would keep old rows from being cleared away, so it ends after a while.
#: Our own schema is no place to look for the CRM's tables, also where the user has its name. `statement_timestamp()` is
#: from before the snapshot. What a standby has not replayed yet is later than its last replayed commit, or than the
#: checkpoint that it began with as long as it has replayed none. After its promotion it still tells that last commit.
_FIRST: Final = """
    SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true),
           set_config('DateStyle', 'ISO, YMD', true),
           set_config('idle_in_transaction_session_timeout',
                      CASE current_setting('idle_in_transaction_session_timeout')
                      WHEN '0' THEN '{idle}' ELSE current_setting('idle_in_transaction_session_timeout') END, true),
           set_config('search_path', (SELECT string_agg(quote_ident(s), ', ') FROM unnest(current_schemas(false)) AS s
                                      WHERE s <> 'reconciler'), true),
           CASE WHEN pg_is_in_recovery()
                THEN least(statement_timestamp(), coalesce(pg_last_xact_replay_timestamp(), {begun}))
                ELSE statement_timestamp() END,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint),
           CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint),
           {server},
           {structure}
"""
#: The control file learns of a promotion only with the next checkpoint; the name of the log file has it at once.
_SERVER: Final = """
           (SELECT CAST(s.system_identifier AS text) FROM pg_control_system() AS s),
           CASE WHEN pg_is_in_recovery() THEN (SELECT c.timeline_id FROM pg_control_checkpoint() AS c)
                ELSE CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS integer) END
"""
_BEGUN: Final = "(SELECT c.checkpoint_time FROM pg_control_checkpoint() AS c)"
#: Where the user may not ask.
_NO_SERVER: Final = "'', 0"
_NOT_BEGUN: Final = "to_timestamp(0)"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a snapshot is asked for besides its moment."""

    #: A statement: its position then has a digest of what the tables are like that it reads.
    structure_of: str = ""
    #: Which server it is; need not be asked where the user is known to have no right to.
    server: bool = True
    #: Names of types that are known.
    types: Mapping[int, str] = field(default_factory=dict)


_NO_MORE: Final = Ask()


class Crm:
    """A CRM's database."""

    def __init__(
        self,
        url: DatabaseUrl,
        limits: Limits,
        monotonic: Callable[[], float],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """`check` is called with each portion of rows and while an answer is waited for, and may raise."""
        self._check = check
        self._url = url
        self._limits = limits
        self._monotonic = monotonic

    @contextlib.contextmanager
    def snapshot(self, ask: Ask = _NO_MORE) -> Iterator[Snapshot]:
        """Open a read-only transaction in which everything is seen as of one moment.

        Raises CrmUnreachable where there is no way in, StatementError where a statement is at fault.
        """
        # What goes wrong meanwhile the snapshot tells by itself: an error of the ledger's is not the CRM's.
        with contextlib.ExitStack() as stack:
            with translated(self._url, self._limits):
                db = stack.enter_context(self._connected())
                # The server's own timeout comes first, where the server is well.
                patience = self._limits.crm_statement_seconds + _BEYOND_SECONDS
                stack.enter_context(db.with_patience(patience, self._check))
                position, found = self._begin(db, ask)
            watch = self._watch(self._monotonic() + self._limits.crm_reading_seconds)
            yield Snapshot(db, position, watch, lambda: translated(self._url, self._limits), found.functions)
            with translated(self._url, self._limits):
                db.commit()

    def _watch(self, deadline: float) -> Callable[[], None]:
        def watch() -> None:
            self._check()
            if self._monotonic() > deadline:
                raise endless()

        return watch

    def _connected(self) -> Line:
        try:
            db = Line.connect(
                self._url.to_connect.reveal(),
                prepare_threshold=None,
                cursor_factory=psycopg.RawCursor,
                # Also where the server, or the role, has an encoding that says nothing.
                client_encoding="utf8",
            )
        except psycopg.ProgrammingError as error:
            raise CrmUnreachable(
                f"the CRM's address has an option that can't be used: {first_line(error)}",
                advice="behind the ? stand only options of PostgreSQL's own, such as sslmode=require",
            ) from error
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        db.read_only = True
        return db

    def _begin(self, db: psycopg.Connection[Any], ask: Ask) -> tuple[Position, Structure]:
        """Begin the transaction; says where it is, and which server where the user may ask."""
        if db.info.server_version < _OLDEST_VERSION:
            raise CrmError(f"the CRM's PostgreSQL is {db.info.server_version // 10_000}; 13 is the oldest that will do")
        if ask.server:
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                return self._first(db, ask, _SERVER, _BEGUN)
            db.rollback()
        return self._first(db, ask, _NO_SERVER, _NOT_BEGUN)

    def _first(self, db: psycopg.Connection[Any], ask: Ask, server: str, begun: str) -> tuple[Position, Structure]:
        asked: list[object] = [
            str(int(seconds * 1000)) for seconds in (self._limits.crm_statement_seconds, self._limits.crm_lock_seconds)
        ]
        if ask.structure_of:
            asked += structure.parameters(ask.structure_of)
        query = _FIRST.format(
            server=server,
            begun=begun,
            structure=structure.QUERY if ask.structure_of else "NULL",
            idle=int((self._limits.crm_reading_seconds + _BEYOND_SECONDS) * 1000),
        )
        row = db.execute(query, asked).fetchone()
        if row is None:
            raise CrmError("the CRM's database does not say where it is")
        now, xmin, xmax, system_identifier, timeline, found = row[5:]
        origin = Origin(self._url.host, self._url.port, self._url.database, system_identifier, timeline)
        tables = Structure.of(found)
        digest = tables.digest if ask.structure_of else None
        return Position(origin, now, xmin, xmax, digest, tables.types or ask.types), tables
