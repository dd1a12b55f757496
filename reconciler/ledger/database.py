"""The ledger's database: transactions, named statements, bulk copies."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import re
import time
from copy import copy as copy_of
from typing import TYPE_CHECKING, Any, Final

import orjson
import psycopg
import sqlalchemy as sa
import sqlalchemy.exc
from psycopg.types.json import set_json_loads
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from reconciler import statements
from reconciler.errors import LeaseLost, LedgerError
from reconciler.ledger import liveness
from reconciler.origin import Origin
from reconciler.points import nobody
from reconciler.redaction import first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.database_url import DatabaseUrl
    from reconciler.points import Reached

#: One open transaction on the ledger.
Transaction = sa.Connection
Row = sa.Row[Any]
#: Where a transaction keeps the name of what it wrote last.
_WROTE: Final = "reconciler wrote"
#: Where it keeps from where it is used, and for which request: what the audit writes down.
SEEN: Final = "reconciler seen from"
#: Where a database connection keeps to which server it leads, and for how long that is believed.
_ORIGIN: Final = "reconciler origin"
_LATELY_SECONDS: Final = 60.0
#: Made once: `json.dumps` with these options makes one for each value.
_DIGESTED: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
#: Of the database connections one run may have open at once: a transaction of its own, the renewal of its lease, and a
#: token's renewal with the slot that it takes. Mostly it has one.
_EACH_RUN: Final = 4
#: So many for all else a process does: looks, metrics, and the console with the runs that are asked for there.
_BESIDES: Final = 20
_DIALECT: Final = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy's, without annotations


class Ledger:
    """The ledger's database. Sets no session state, so that it works through a pooler in transaction mode."""

    def __init__(self, url: DatabaseUrl, reached: Reached = nobody, at_once: int = 1, most: int | None = None) -> None:
        """`at_once` is how many runs there may be at the same time: it bounds the database connections.

        `most` bounds them by itself, for who only reads or writes a little.
        """
        self._url = url
        self._reached = reached
        self._seen: tuple[str, str] | None = None
        self._engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            hide_parameters=True,
            use_native_hstore=False,
            # So many stay open; who needs more for a moment opens and closes them.
            pool_size=at_once + 1,
            max_overflow=(most or most_connections(at_once)) - at_once - 1,
        )
        liveness.watch(self._engine)

    def seen_from(self, place: str, request_id: str) -> Ledger:
        """The same ledger, as it is used from a place and for a request: the audit writes both down."""
        mine = copy_of(self)
        mine._seen = (place, request_id)  # noqa: SLF001 - of the same class
        return mine

    def _connect(self) -> psycopg.Connection[Any]:
        # Statements prepared by name would stick to a pooler's server connection.
        connection = psycopg.connect(self._url.to_connect.reveal(), prepare_threshold=None)
        set_json_loads(orjson.loads, connection)
        return connection

    @contextlib.contextmanager
    def transaction(self, held: tuple[int, int] | None = None) -> Iterator[Transaction]:
        """Open a transaction; with `held` (connection id, fence) it is refused once the lease is another's.

        Raises LedgerError where the database can't be reached, LeaseLost where the fence has moved on.
        """
        with self._translated():
            with self._engine.begin() as tx:
                tx.info.pop(_WROTE, None)
                tx.info[SEEN] = self._seen
                if held is not None and not one(tx, "lease_check", connection_id=held[0], fence=held[1]):
                    raise LeaseLost
                yield tx
                wrote = tx.info.get(_WROTE)
                self._tell("before", wrote)
            self._tell("after", wrote)

    def outside_transaction(self, statement: str) -> None:
        """Run a statement, as it stands, that no transaction can have in it. Raises LedgerError as above."""
        with self._translated(), self._engine.connect() as db:
            alone = db.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql(statement, execution_options={"no_parameters": True})

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlalchemy.exc.DBAPIError as error:
            raise self._unusable(error.orig) from error
        except psycopg.Error as error:  # of a COPY, which goes past SQLAlchemy
            raise self._unusable(error) from error
        except sqlalchemy.exc.TimeoutError as error:
            told = f"all database connections of this process to the ledger at {self._url.redacted} are in use"
            raise LedgerError(told, advice="this passes; else lower --at-once") from error

    def _tell(self, when: str, wrote: str | None) -> None:
        if wrote is not None:
            self._reached(f"{when} {wrote}")

    def origin(self) -> Origin:
        """Where the ledger is: a copy of it is not the ledger."""
        with self.transaction() as tx:
            return self.origin_of(tx, may_ask=value(tx, "server_may_be_asked"))

    def origin_of(self, tx: Transaction, *, may_ask: bool) -> Origin:
        """The same within a transaction, where it is known whether the server may be asked."""
        server = one(tx, "server") if may_ask else None
        told = (server.system_identifier, server.timeline) if server else ("", 0)
        return Origin(self._url.host, self._url.port, self._url.database, *told)

    def origin_lately(self, tx: Transaction, *, may_ask: bool) -> Origin:
        """The same, asked for once a minute on each database connection: after a failover there are others."""
        asked_at, known = tx.info.get(_ORIGIN, (-math.inf, None))
        if known is None or time.monotonic() - asked_at > _LATELY_SECONDS:
            known = self.origin_of(tx, may_ask=may_ask)
            tx.info[_ORIGIN] = (time.monotonic(), known)
        found: Origin = known
        return found

    def close(self) -> None:
        self._engine.dispose()

    def _unusable(self, error: BaseException | None) -> LedgerError:
        is_away = isinstance(error, psycopg.OperationalError)
        return LedgerError(
            f"the ledger at {self._url.redacted} can't be used: {first_line(error)}",
            advice="check RECONCILER_DATABASE_URL and that the server is running"
            if is_away
            else "check the rights of the user in RECONCILER_DATABASE_URL, and what was given to the command",
        )


def most_connections(at_once: int) -> int:
    """How many database connections to the ledger a process with so many runs at once opens at most."""
    return _EACH_RUN * at_once + _BESIDES


def run(tx: Transaction, name: str, /, **parameters: object) -> sa.CursorResult[Any]:
    """Run `sql/ledger/NAME.sql` with its named parameters."""
    if not _reads(name):
        tx.info[_WROTE] = name
    return tx.exec_driver_sql(_statement(name), parameters)


def rows(tx: Transaction, name: str, /, **parameters: object) -> Sequence[Row]:
    return run(tx, name, **parameters).all()


def one(tx: Transaction, name: str, /, **parameters: object) -> Row | None:
    """Run a statement that answers with one row at most."""
    return run(tx, name, **parameters).one_or_none()


def value(tx: Transaction, name: str, /, **parameters: object) -> Any:
    """Run a statement that answers with one row of one column."""
    return run(tx, name, **parameters).scalar_one()


def copy(tx: Transaction, target: str, columns: Sequence[str], records: Iterable[Sequence[object]]) -> int:
    """Copy records into a table in bulk; says how many there were."""
    tx.info[_WROTE] = f"copy {target}"
    driver = tx.connection.driver_connection
    count = 0
    statement = f"COPY {target} ({', '.join(columns)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(statement) as stream:  # type: ignore[union-attr]  # it is psycopg's
        for record in records:
            stream.write_row(record)
            count += 1
    return count


def stream(tx: Transaction, name: str, /, **parameters: object) -> Iterator[Row]:
    """Read a long answer without holding it: rows come in portions of some thousands."""
    found = tx.exec_driver_sql(_statement(name), parameters, execution_options={"yield_per": 5000})
    with contextlib.closing(found):  # also where the reader has enough before the end
        yield from found


def as_digested(content: object) -> bytes:
    """JSON in the form that digests are made of: an approval, which has one, outlives an upgrade."""
    return _DIGESTED.encode(content).encode()


def as_json(content: object) -> str:
    # Most of what is written for a contact is empty.
    return "{}" if content == {} else orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


@functools.cache
def _reads(name: str) -> bool:
    """Whether a statement only reads. What writes within WITH does not."""
    text = re.sub(r"--[^\n]*", "", statements.read(f"ledger/{name}"))
    return re.search(r"\b(INSERT|UPDATE|DELETE|CREATE|DROP|TRUNCATE)\b", text) is None


@functools.cache
def _statement(name: str) -> str:
    """The statement as the driver takes it; an engine by itself would translate it once for each run."""
    return str(sa.text(statements.read(f"ledger/{name}")).compile(dialect=_DIALECT))
