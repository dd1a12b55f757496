"""Loads the sample CRMs, where their folder is there: two schemas that are not Sage's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import psycopg

NO_SAMPLES: Final = "no sample CRMs here: set RECONCILER_CRM_SAMPLES to their folder"

ADVENTUREWORKS: Final = b"""
    CREATE TABLE person (
        person_id integer PRIMARY KEY,
        first_name text NOT NULL,
        job_title text,
        modified_at timestamp NOT NULL
    );
    CREATE TABLE email_address (
        person_id integer PRIMARY KEY REFERENCES person,
        email text NOT NULL,
        modified_at timestamp NOT NULL
    );
    CREATE TABLE person_phone (
        person_id integer NOT NULL REFERENCES person,
        phone_number text NOT NULL,
        phone_type text NOT NULL,
        modified_at timestamp NOT NULL,
        PRIMARY KEY (person_id, phone_type)
    );
    CREATE TABLE person_address (
        person_id integer NOT NULL REFERENCES person,
        address_type text NOT NULL,
        line1 text NOT NULL,
        line2 text,
        city text NOT NULL,
        state_province text NOT NULL,
        postal_code text NOT NULL,
        country text NOT NULL,
        modified_at timestamp NOT NULL,
        PRIMARY KEY (person_id, address_type)
    )
"""
CHINOOK: Final = b"""
    CREATE TABLE customer (
        "CustomerId" integer PRIMARY KEY,
        "FirstName" text NOT NULL,
        "LastName" text NOT NULL,
        "Company" text,
        "Address" text,
        "City" text,
        "State" text,
        "Country" text,
        "PostalCode" text,
        "Phone" text,
        "Fax" text,
        "Email" text NOT NULL
    )
"""


def samples_folder() -> Path | None:
    """Find the sample CRMs: where the environment says, else in the folder beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "crm-samples"
    folder = Path(os.environ.get("RECONCILER_CRM_SAMPLES") or beside)
    return folder if folder.is_dir() else None


def load_adventureworks(conn: psycopg.Connection[Any], folder: Path) -> None:
    """Make and fill the four tables, and commit; `folder` is the one that holds all samples."""
    conn.execute(ADVENTUREWORKS)
    for table in ("person", "email_address", "person_phone", "person_address"):
        _copy(conn, table, folder / "adventureworks" / f"{table}.csv")
    conn.commit()


def load_chinook(conn: psycopg.Connection[Any], folder: Path) -> None:
    """Make and fill the one table, and commit."""
    conn.execute(CHINOOK)
    _copy(conn, "customer", folder / "chinook" / "customer.csv")
    conn.commit()


def _copy(conn: psycopg.Connection[Any], table: str, file: Path) -> None:
    # An empty field becomes NULL. HEADER match refuses a file whose columns are others.
    statement = f"COPY {table} FROM STDIN (FORMAT csv, HEADER match, ENCODING 'UTF8')"
    with conn.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        copy.write(file.read_bytes())
