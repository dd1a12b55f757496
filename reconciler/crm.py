"""A CRM's database: read only, in one snapshot, with a deadline. No session state is ever set.

The statement is the admin's own. It goes to the driver as it is, as a subselect, by the extended protocol, which takes
one statement only; only its parameter `workspace` is bound.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from reconciler.errors import CrmError, CrmUnreachable, StatementError
from reconciler.redaction import first_line, masked_addresses

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Generator, Iterator, Sequence
    from contextlib import AbstractContextManager

    from reconciler.database_url import DatabaseUrl
    from reconciler.limits import Limits

#: Rows of one portion: a window is never held in memory.
_PORTION: Final = 5000
#: What is longer than any field can be is cut on the server, so that a 10 MB value never travels.
_MOST_CHARACTERS: Final = 1000
#: For the transaction only. Our own schema is no place to look for the CRM's tables, also where the user has its name.
_FOR_THIS_TRANSACTION: Final = """
    SELECT set_config('statement_timeout', $1, true), set_config('DateStyle', 'ISO, YMD', true),
           set_config('search_path', (SELECT string_agg(quote_ident(s), ', ') FROM unnest(current_schemas(false)) AS s
                                      WHERE s <> 'reconciler'), true)
"""
#: Mentions the parameter for a statement that does not, so that it has a type; the planner takes it away.
_ALL: Final = "WHERE (CAST($1 AS text) IS NULL OR true)"
#: Parts of a statement in which `:workspace` is not the parameter, then the parameter itself.
_TOKENS: Final = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$.*?\$\1\$|::|:workspace\b""", re.DOTALL
)
_CLOCK: Final = """
    SELECT clock_timestamp(), has_function_privilege('pg_control_system()', 'EXECUTE')
                              AND has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
"""
_SERVER: Final = """
    SELECT s.system_identifier, c.timeline_id FROM pg_control_system() AS s, pg_control_checkpoint() AS c
"""
_STATEMENT_FAULTS: Final = (
    psycopg.ProgrammingError,
    psycopg.DataError,
    psycopg.NotSupportedError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.RaiseException,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the statement's result, with PostgreSQL's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Which server and database was read, and its clock when the snapshot was taken."""

    host: str
    database: str
    system_identifier: str
    timeline: int
    now: dt.datetime


class Crm:
    """A CRM's database, opened anew for each snapshot."""

    def __init__(self, url: DatabaseUrl, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._url = url
        self._limits = limits
        self._monotonic = monotonic

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open a read-only transaction in which everything is seen as of one moment.

        Raises CrmUnreachable where there is no way in, StatementError where a statement is at fault.
        """
        with self._translated(), self._connected() as db:
            db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            db.read_only = True
            with db.transaction():
                db.execute(_FOR_THIS_TRANSACTION, [str(int(self._limits.crm_statement_seconds * 1000))])
                deadline = self._monotonic() + self._limits.crm_reading_seconds
                yield Snapshot(db, self._url, deadline, self._monotonic, self._translated)

    def _connected(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            self._url.dsn.reveal(), prepare_threshold=None, connect_timeout=10, cursor_factory=psycopg.RawCursor
        )

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _STATEMENT_FAULTS as error:
            raise StatementError(_sentence(error), advice=_advice(error)) from error
        except psycopg.errors.QueryCanceled as error:
            raise StatementError(
                f"the CRM statement ran longer than {self._limits.crm_statement_seconds:g} s",
                advice="make it faster; runs can be allowed more with `reconciler set NAME crm_statement_seconds=...`",
            ) from error
        except psycopg.OperationalError as error:
            raise CrmUnreachable(
                f"the CRM's database at {self._url.redacted} is out of reach: {first_line(error)}",
                advice="check the address, the server and the password; nothing was changed",
            ) from error
        except psycopg.Error as error:
            raise CrmError(f"the CRM could not be read: {masked_addresses(first_line(error))}") from error


class Snapshot:
    """One moment of a CRM."""

    def __init__(
        self,
        db: psycopg.Connection[Any],
        url: DatabaseUrl,
        deadline: float,
        monotonic: Callable[[], float],
        translated: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._db = db
        self._url = url
        self._deadline = deadline
        self._monotonic = monotonic
        self._translated = translated

    def origin(self) -> Origin:
        """Where this is. `clock_timestamp()` is read in the snapshot's first statement, before any data.

        Which server it is stays unknown ("" and 0) where the user may not ask.
        """
        now, may_ask = self._db.execute(_CLOCK).fetchone() or (None, False)
        if now is None:
            raise CrmError("the CRM's database does not tell the time")
        server, timeline = (self._db.execute(_SERVER).fetchone() if may_ask else None) or ("", 0)
        return Origin(self._url.host, self._url.database, str(server), int(timeline), now)

    def columns(self, statement: str) -> list[Column]:
        """The columns of the statement's result, in order, doubled names included."""
        text = f"SELECT * FROM ({_body(statement)}\n) AS crm {_ALL} LIMIT $2"
        cursor = self._db.execute(text, [self._workspace, 0])
        described = [(column.name, column.type_code) for column in cursor.description or ()]
        names = self._db.execute(
            "SELECT o.oid, format_type(o.oid, NULL) FROM unnest(CAST($1 AS oid[])) AS o (oid)",
            [[code for _, code in described]],
        ).fetchall()
        types = dict(names)
        return [Column(name, types[code]) for name, code in described]

    def rows(
        self,
        statement: str,
        columns: Sequence[str],
        *,
        since: dt.datetime | None = None,
        among: Sequence[str] | None = None,
    ) -> Generator[tuple[Any, ...], None, None]:
        """The statement's rows, as text but for booleans, in portions; those changed since, or some contacts only.

        A time that is missing, infinite or beyond the calendar is read every time: nothing can be said of it.
        """
        wanted = ", ".join(_expression(name) for name in columns)
        text = f"SELECT {wanted} FROM ({_body(statement)}\n) AS crm {_ALL}"
        parameters: list[object] = [self._workspace, None]
        if since is not None:
            text += " AND (changed_at IS NULL OR changed_at >= $3 OR NOT isfinite(changed_at)"
            text += " OR changed_at < CAST('0001-01-01 00:00:00+00' AS timestamptz))"
            parameters.append(since)
        elif among is not None:
            text += " AND CAST(contact_id AS text) = ANY ($3)"
            parameters.append(list(among))
        cursor = psycopg.RawServerCursor(self._db, "crm_rows")
        cursor.itersize = _PORTION
        # Translated here already: what reads these rows is the ledger's COPY, whose own errors are not the CRM's.
        with self._translated(), cursor:
            cursor.execute(f"{text} LIMIT CAST($2 AS bigint)", parameters)
            while portion := cursor.fetchmany(_PORTION):
                self._check_deadline()
                yield from portion

    _workspace: str = ""

    def of(self, workspace: str) -> Snapshot:
        """The same moment, for one workspace."""
        self._workspace = workspace
        return self

    def _check_deadline(self) -> None:
        if self._monotonic() > self._deadline:
            raise StatementError(
                "the CRM statement has no end: its rows did not stop coming in the time allowed",
                advice="look for a join without a condition; or allow more with `set NAME crm_reading_seconds=...`",
            )


def _body(statement: str) -> str:
    """The statement with its parameter as PostgreSQL numbers it; everything else as it was given."""
    numbered = _TOKENS.sub(lambda token: "CAST($1 AS text)" if token[0] == ":workspace" else token[0], statement)
    # What stands before it stays, so that PostgreSQL counts its lines as the file has them.
    return numbered.rstrip().rstrip(";")


def _expression(name: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if name in ("eligible", "opted_out"):
        return column
    return f"left(CAST({column} AS text), {_MOST_CHARACTERS})"


def _sentence(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return "the CRM statement tries to write; it may only read"
    # It may quote a value: what can't be a number is often an address.
    said = masked_addresses(error.diag.message_primary or first_line(error))
    where = re.search(r"^LINE (\d+):", str(error), re.MULTILINE)
    return f"PostgreSQL does not take the CRM statement: {said}" + (f" (line {where[1]})" if where else "")


def _advice(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "grant the user SELECT on the tables it names"
    return "the statement is one SELECT, without a semicolon inside; look at sql/crm/contacts.sql"
