"""One moment of a CRM: what the statement returns, and how PostgreSQL goes about it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import generators

from reconciler.crm import text
from reconciler.crm.faults import endless
from reconciler.mapping import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Sequence
    from contextlib import AbstractContextManager

    from psycopg.pq.abc import PGresult

    from reconciler.crm.text import Query
    from reconciler.window import Position, Since

#: Rows of one portion: a window is never held in memory.
_PORTION: Final = 5000
_LIBPQ_17: Final = 170_000
#: In one answer of a stream: before libpq 17 there is no other way than one by one.
_STREAMED: Final = _PORTION if psycopg.pq.version() >= _LIBPQ_17 else 1
#: What no workspace is called: as a word, as a number, as a uuid.
_NOBODIES: Final = ("no workspace is called this", "-1", "00000000-0000-0000-0000-000000000000")
#: As the planner takes it: by the density it knows, and the size it sees. Without a density, some 150 bytes a row.
_TABLE_ROWS: Final = """
    SELECT CAST(CASE WHEN c.reltuples > 0 AND c.relpages > 0
                     THEN c.reltuples / c.relpages
                          * pg_relation_size(c.oid) / CAST(current_setting('block_size') AS float)
                     ELSE pg_relation_size(c.oid) / 150.0 END AS bigint)
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = $2
"""
_READING_FUNCTIONS: Final = """
    SELECT DISTINCT CAST(p.proname AS text)
    FROM pg_proc AS p
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    JOIN pg_language AS l ON l.oid = p.prolang
    WHERE p.provolatile <> 'i' AND p.prokind = 'f' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND (CAST(p.proname AS text) = ANY (CAST($1 AS text[]))
           -- Operators of extensions have names that many operators have, and are no queries.
           OR l.lanname NOT IN ('c', 'internal')
              AND p.oid IN (SELECT o.oprcode FROM pg_operator AS o
                            WHERE CAST(o.oprname AS text) = ANY (CAST($1 AS text[]))))
    ORDER BY 1
"""


class Snapshot:
    """One moment of a CRM, for one workspace. `position` says which moment, and where.

    `watch` is called with each portion of rows, and raises where there should be no more.
    """

    def __init__(
        self,
        db: psycopg.Connection[Any],
        position: Position,
        watch: Callable[[], None],
        translated: Callable[[], AbstractContextManager[None]],
        functions_of_views: Sequence[str],
    ) -> None:
        self._db = db
        self.position = position
        self._watch = watch
        self._translated = translated
        #: What the views call that the statement reads; known where its structure was asked for.
        self.functions_of_views = functions_of_views

    _workspace: str = ""

    def of(self, workspace: str) -> Snapshot:
        """The same moment, for one workspace."""
        self._workspace = workspace
        return self

    def columns(self, statement: str) -> list[Column]:
        """The columns of the statement's result, in order, doubled names included. Nothing is executed for it.

        Names of types are those of `format_type`; only those that the driver does not know are looked up.
        """
        with self._translated():
            return self._described(text.everything(statement))

    def rows(
        self,
        statement: str,
        columns: Sequence[str],
        *,
        since: Since | None = None,
        on_time: Since | None = None,
        is_large: bool = False,
    ) -> Generator[tuple[Any, ...], None, None]:
        """The statement's rows, as text but for booleans, in portions; those of a window, or all.

        With `on_time` the last value of each says whether that window has the row. A large reading may take longer
        than one statement is allowed: its portions are asked for one by one. Close it before the snapshot ends.
        """
        query = text.rows(statement, self._workspace, columns, since=since, on_time=on_time, **self._counting)
        return self._asked_for(query) if is_large else self._streamed(query)

    def rows_among(
        self, statement: str, columns: Sequence[str], contact_ids: Sequence[str]
    ) -> Generator[tuple[Any, ...], None, None]:
        """The rows of some contacts, in the same form."""
        return self._streamed(text.rows_among(statement, self._workspace, columns, contact_ids, **self._counting))

    @property
    def _counting(self) -> dict[str, bool]:
        return {"counts_characters": self._db.info.parameter_status("server_encoding") != "SQL_ASCII"}

    def count(self, statement: str, since: Since) -> int:
        """How many rows a window has."""
        query = text.count(statement, self._workspace, since)
        return int(self._fetched(query.text, query.parameters)[0][0])

    def explained(self, statement: str, column: str = "*") -> dict[str, Any]:
        """How PostgreSQL would read all of the workspace: EXPLAIN's plan, with what each step puts out.

        With one column only what that one needs is read.
        """
        with self._translated():
            return self._explained(statement, self._workspace, column)

    def explained_for_nobody(self, statement: str) -> tuple[dict[str, Any], str]:
        """How PostgreSQL would read a workspace that has hardly anybody, and what that one is called."""
        for nobody in _NOBODIES:
            with self._translated(), contextlib.suppress(psycopg.DataError), self._db.transaction():
                return self._explained(statement, nobody), nobody
        return self.explained(statement), self._workspace

    def _explained(self, statement: str, workspace: str, column: str = "*") -> dict[str, Any]:
        query = f"EXPLAIN (VERBOSE, FORMAT JSON) {text.everything(statement, column)}"
        row = self._db.execute(query, [workspace]).fetchone()
        plan: dict[str, Any] = row[0][0]["Plan"] if row else {}
        return plan

    def _fetched(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._translated():
            return self._db.execute(query, parameters).fetchall()

    def reading_functions(self, names: Collection[str]) -> list[str]:
        """Those of some functions and operators that are not PostgreSQL's own and may read tables."""
        return [str(row[0]) for row in self._fetched(_READING_FUNCTIONS, [sorted(names)])]

    def table_rows(self, schema: str, table: str) -> int:
        """About how many rows a table has; the user need not be allowed to read it."""
        found = self._fetched(_TABLE_ROWS, [schema, table])
        return int(found[0][0]) if found else 0

    def counts(self, statement: str, names: Collection[str]) -> tuple[int, ...]:
        """How many rows there are, who belongs, who does not, who has opted out, and who lacks an address or an id."""
        query = text.counts(statement, self._workspace, names)
        return self._fetched(query.text, query.parameters)[0]

    def doubled(self, statement: str) -> list[str]:
        """Some of the contact ids that the statement returns more than once."""
        query = text.doubled(statement, self._workspace)
        return [str(row[0]) for row in self._fetched(query.text, query.parameters)]

    def _described(self, query: str) -> list[Column]:
        unnamed = b""
        self._db.pgconn.send_prepare(unnamed, query.encode())
        self._answer()
        self._db.pgconn.send_describe_prepared(unnamed)
        found = self._answer()
        described = [((found.fname(at) or b"").decode(), found.ftype(at)) for at in range(found.nfields)]
        types = self._types({oid for _, oid in described})
        return [Column(name, types[oid]) for name, oid in described]

    def _answer(self) -> PGresult:
        # Waited for by psycopg: libpq's own waiting lets no other thread go on, and the lease would not be renewed.
        found: PGresult = self._db.wait(generators.execute(self._db.pgconn))[-1]
        if found.status != psycopg.pq.ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(found, self._db.info.encoding)
        return found

    def _types(self, oids: Iterable[int]) -> dict[int, str]:
        known = dict(self.position.types)
        known |= {oid: info.regtype for oid in oids if (info := self._db.adapters.types.get(oid))}
        if unknown := sorted(set(oids) - set(known)):
            looked_up = "SELECT o.oid, format_type(o.oid, NULL) FROM unnest(CAST($1 AS oid[])) AS o (oid)"
            known |= dict(self._db.execute(looked_up, [unknown]).fetchall())
        return known

    def _streamed(self, query: Query) -> Generator[tuple[Any, ...], None, None]:
        # Translated here already: what reads these rows is the ledger's COPY, whose own errors are not the CRM's.
        with self._translated(), self._db.cursor() as cursor:
            number = 0
            try:
                for row in cursor.stream(query.text, query.parameters, size=_STREAMED):
                    if number % _PORTION == 0:
                        self._watch()
                    number += 1
                    yield row
            except psycopg.errors.QueryCanceled:
                if number == 0:
                    raise
                raise endless() from None

    def _asked_for(self, query: Query) -> Generator[tuple[Any, ...], None, None]:
        cursor = psycopg.RawServerCursor(self._db, "crm_rows")
        with self._translated(), cursor:
            cursor.execute(query.text, query.parameters)
            while portion := cursor.fetchmany(_PORTION):
                self._watch()
                yield from portion
