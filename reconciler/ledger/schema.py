"""Migrations of schema `reconciler`: forward only, one at a time, under a lock, each with a recorded checksum.

Programs of two versions may use one ledger: what is added does not trouble the older one. A migration that takes
something away says since which migration programs do without it, and older ones refuse to begin.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import psycopg.errors

from reconciler import statements
from reconciler.errors import LedgerError, SchemaError
from reconciler.ledger.database import one, rows, run, value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from reconciler.ledger.database import Ledger, Row, Transaction

#: A migration asks for a table so long at most: whoever comes after it has to wait for it too.
_LOCK_SECONDS: Final = 2.0
#: How long it keeps out of the way between its tries: a minute in all.
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
_OLDEST: Final = re.compile(r"^-- Oldest program: (\d{4})$", re.MULTILINE)
_COMMENT: Final = re.compile(r"--[^\n]*")
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `sql/schema`: `NNNN_name.sql`."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def oldest_program(self) -> int:
        """The newest migration that a program must know to use the ledger after this one; 0: none, it only adds."""
        found = _OLDEST.search(self.text)
        return int(found[1]) if found else 0

    @property
    def is_concurrent(self) -> bool:
        """Whether it builds an index while everybody goes on writing; no transaction can have that in it."""
        return "CONCURRENTLY" in _COMMENT.sub("", self.text)


def migrations(folder: Path | None = None) -> list[Migration]:
    """The migrations there are, in order."""
    files = sorted((folder or statements.folder() / "schema").glob("[0-9]*.sql"))
    return [Migration(int(file.stem[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files]


def apply(ledger: Ledger, folder: Path | None = None, *, sleep: Callable[[float], None] = time.sleep) -> list[str]:
    """Bring the schema up to date; says which migrations ran. Running it again does nothing.

    A new ledger is made as a whole. Later each migration is a transaction of its own, which never waits for a table for
    long: what runs goes on beside it. Raises SchemaError where a migration that ran before has been changed, where this
    program is too old for the ledger, or where a table could not be had; what was applied until then stays.
    """
    known = migrations(folder)
    if made := _made(ledger, known):
        return made
    applied = []
    while migration := _next(ledger, known, sleep):
        applied.append(migration.name)
    return applied


def check(ledger: Ledger) -> None:
    """Raise SchemaError unless this program can use the ledger: all its migrations are there, and it is not too old."""
    with ledger.transaction() as tx:
        if not value(tx, "schema_exists"):
            raise SchemaError("the ledger has no schema yet", advice="run `reconciler init`")
        due = _due(tx, migrations())
    if due:
        names = ", ".join(migration.name for migration in due)
        raise SchemaError(
            f"the ledger's schema is older than this program: {names} not applied",
            advice="run `reconciler schema apply`",
        )


def _made(ledger: Ledger, known: Sequence[Migration]) -> list[str]:
    """Make the schema where there is none, all or nothing; says what was applied. Nobody else is there yet."""
    with ledger.transaction() as tx:
        run(tx, "schema_lock")
        if value(tx, "schema_exists"):
            return []
        script(tx, statements.read("ledger/schema_begin"))
        for migration in known:
            script(tx, migration.text.replace("CONCURRENTLY ", ""))
            _record(tx, migration)
    return [migration.name for migration in known]


def _next(ledger: Ledger, known: Sequence[Migration], sleep: Callable[[float], None]) -> Migration | None:
    """Apply the first migration that is due; None where there is none."""
    return in_several_tries(lambda: _try_next(ledger, known), sleep)


def in_several_tries(step: Callable[[], _Done], sleep: Callable[[float], None]) -> _Done:
    """Do a step that has said `must_not_wait`; again after a while where others held a table. Raises SchemaError."""
    pauses = iter(_PAUSES)
    while True:
        try:
            return step()
        except LedgerError as error:
            if not _was_in_the_way(error):
                raise
            if (pause := next(pauses, None)) is None:
                raise SchemaError(
                    "the schema can't be changed: others hold one of its tables all the time",
                    advice="run `reconciler schema apply` again in a quieter moment; what was applied stays",
                ) from error
        sleep(pause)


def must_not_wait(tx: Transaction) -> None:
    """In this transaction a table is asked for so long at most that those who come after it are not kept waiting."""
    run(tx, "schema_lock_time", seconds=_LOCK_SECONDS)


def _try_next(ledger: Ledger, known: Sequence[Migration]) -> Migration | None:
    with ledger.transaction() as tx:
        run(tx, "schema_lock")
        due = _due(tx, known)
        if not due:
            return None
        must_not_wait(tx)
        script(tx, statements.read("ledger/schema_extend"))
        if due[0].is_concurrent:
            _build(ledger, tx, due[0])
        else:
            script(tx, due[0].text)
        _record(tx, due[0])
    return due[0]


def _build(ledger: Ledger, tx: Transaction, migration: Migration) -> None:
    """Build an index beside the transaction that records it. What was left half-built before is dropped first."""
    for broken in rows(tx, "schema_broken_indexes"):
        ledger.outside_transaction(f"DROP INDEX CONCURRENTLY {broken.name}")
    ledger.outside_transaction(migration.text)


def _record(tx: Transaction, migration: Migration) -> None:
    run(
        tx,
        "schema_record",
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        oldest_program=migration.oldest_program,
    )


def _was_in_the_way(error: LedgerError) -> bool:
    reason = getattr(error.__cause__, "orig", None)
    return isinstance(reason, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)


def _due(tx: Transaction, known: Sequence[Migration]) -> list[Migration]:
    """The migrations of this program that are not applied yet. Raises SchemaError where it can't use the ledger."""
    applied = {row.version: row for row in rows(tx, "schema_applied")}
    by_version = {migration.version: migration for migration in known}
    for version in applied.keys() & by_version.keys():
        _must_be_unchanged(applied[version], by_version[version])
    due = [migration for migration in known if migration.version not in applied]
    if later := {version: row for version, row in applied.items() if version not in by_version}:
        _must_be_usable(tx, later, due, max(by_version, default=0))
    return due


def _must_be_usable(tx: Transaction, later: Mapping[int, Row], due: Sequence[Migration], newest: int) -> None:
    """Whether a program may use a ledger with migrations that it does not know: where they have only added something.

    A ledger has the column that is asked for, because the program that made those migrations did.
    """
    taken = one(tx, "schema_taken_away", newest=newest)
    if taken or due:
        name = taken.name if taken else later[max(later)].name
        why = f"needs programs of {taken.oldest_program:04} or later" if taken else f"lacks {due[0].name}"
        raise SchemaError(
            f"the ledger's schema has {name}, which this program does not know, and {why}",
            advice="use the program's newer version that made it",
        )


def _must_be_unchanged(row: Row, migration: Migration) -> None:
    if migration.checksum != row.checksum:
        raise SchemaError(
            f"{row.name} was applied as something else than what the file says now",
            advice="put the file back as it was; changes go into a new migration",
        )


def script(tx: Transaction, text: str) -> None:
    """Run several statements as they stand: no parameters, so that a per cent sign is only that."""
    tx.exec_driver_sql(text, execution_options={"no_parameters": True})
