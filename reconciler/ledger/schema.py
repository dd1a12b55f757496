"""Migrations of schema `reconciler`: forward only, under a lock, each with a recorded checksum."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler import statements
from reconciler.errors import SchemaError
from reconciler.ledger.database import rows, run, value

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.ledger.database import Ledger, Row, Transaction


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of `sql/schema`: `NNNN_name.sql`."""

    version: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def migrations(folder: Path | None = None) -> list[Migration]:
    """The migrations there are, in order."""
    files = sorted((folder or statements.folder() / "schema").glob("[0-9]*.sql"))
    return [Migration(int(file.stem[:4]), file.stem, file.read_text(encoding="utf-8")) for file in files]


def apply(ledger: Ledger, folder: Path | None = None) -> list[str]:
    """Bring the schema up to date; says which migrations ran. Running it again does nothing.

    Raises SchemaError where a migration that ran before has been changed or is unknown to this program.
    """
    with ledger.transaction() as tx:
        run(tx, "schema_lock")
        due = _due(tx, migrations(folder))
        for migration in due:
            script(tx, migration.text)
            run(
                tx,
                "schema_record",
                version=migration.version,
                name=migration.name,
                checksum=migration.checksum,
            )
    return [migration.name for migration in due]


def check(ledger: Ledger) -> None:
    """Raise SchemaError unless the schema is the one this program needs."""
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


def _due(tx: Transaction, known: list[Migration]) -> list[Migration]:
    if not value(tx, "schema_exists"):
        script(tx, statements.read("ledger/schema_begin"))
    applied = {row.version: row for row in rows(tx, "schema_applied")}
    by_version = {migration.version: migration for migration in known}
    for version, row in applied.items():
        _must_be_unchanged(row, by_version.get(version))
    return [migration for migration in known if migration.version not in applied]


def _must_be_unchanged(row: Row, migration: Migration | None) -> None:
    if migration is None:
        raise SchemaError(
            f"the ledger's schema has {row.name}, which this program does not know",
            advice="use the program's newer version that made it",
        )
    if migration.checksum != row.checksum:
        raise SchemaError(
            f"{row.name} was applied as something else than what the file says now",
            advice="put the file back as it was; changes go into a new migration",
        )


def script(tx: Transaction, text: str) -> None:
    """Run several statements as they stand: no parameters, so that a per cent sign is only that."""
    tx.exec_driver_sql(text, execution_options={"no_parameters": True})
