"""The queue's tables beside ours, in a schema of their own: made, and looked at. Tasks go in and out by the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler import statements
from reconciler.ledger.database import rows, run, value
from reconciler.ledger.schema import in_several_tries, must_not_wait, script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.ledger.database import Ledger, Transaction


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that takes tasks out of the queue."""

    worker_id: int
    silent_seconds: float
    under_way: int


@dataclass(frozen=True, slots=True)
class Tasks:
    """How many wait, and how many are under way."""

    waiting: int
    under_way: int


def is_there(tx: Transaction) -> bool:
    return bool(value(tx, "queue_exists"))


def is_found(tx: Transaction) -> bool:
    """Whether its tables are found without saying where they are."""
    return bool(value(tx, "queue_is_found"))


def is_same(tx: Transaction, ledger: Ledger) -> bool:
    """Whether a transaction is in the ledger's database, by whatever way it came there."""
    with ledger.transaction() as own:
        return str(value(tx, "database_number")) == str(value(own, "database_number"))


def apply(ledger: Ledger, whole: str, migrations: Mapping[str, str], sleep: Callable[[float], None]) -> Sequence[str]:
    """Make the queue's tables by the text of `whole`, or bring older ones up to date; says what was done.

    `migrations` are the queue's own, by name: those in `whole` are in them too. Each is a transaction of its own, which
    never waits for a table for long: workers go on beside it. Raises SchemaError where a table could not be had.
    """
    done: list[str] = []
    while step := in_several_tries(lambda: _apply_next(ledger, whole, migrations), sleep):
        done.append(step)
    return done


def _apply_next(ledger: Ledger, whole: str, migrations: Mapping[str, str]) -> str | None:
    with ledger.transaction() as tx:
        run(tx, "schema_lock")
        must_not_wait(tx)
        is_new = not is_there(tx)
        script(tx, statements.read("ledger/queue_begin"))
        due = missing(tx, migrations)
        if is_new:
            script(tx, whole)
            run(tx, "queue_record", names=due)
            return "the queue"
        if due:
            script(tx, migrations[due[0]])
            run(tx, "queue_record", names=due[:1])
        return due[0] if due else None


def missing(tx: Transaction, migrations: Iterable[str]) -> list[str]:
    """Those of the queue's own migrations that were not applied, in their order; its tables have to be there."""
    known = {row.name for row in rows(tx, "queue_applied")}
    return sorted(set(migrations) - known)


def place(tx: Transaction) -> object:
    """The database connection of a transaction in which the queue's own statements find its tables."""
    run(tx, "queue_place")
    return tx.connection.driver_connection


def tasks(tx: Transaction) -> Tasks:
    row = run(tx, "queue_standing").one()
    return Tasks(int(row.waiting), int(row.under_way))


def workers(tx: Transaction) -> Sequence[Worker]:
    return [Worker(int(row.worker_id), row.silent_seconds, int(row.under_way)) for row in rows(tx, "queue_workers")]
