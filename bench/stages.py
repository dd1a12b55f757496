"""Each stage by the program's own functions, against the best other way and against the bare limit beside it.

uv run python -m bench.stages --contacts 20000
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import psycopg

from bench.ground import Ground, ground
from bench.peers import running
from bench.ratios import Ratio
from reconciler import extract as extraction
from reconciler.bootstrap import Process
from reconciler.constant_contact import wire
from reconciler.credentials import Credentials
from reconciler.diff import diff
from reconciler.ledger import connections, members, plans
from reconciler.ledger import contacts as mirror
from reconciler.ledger import statistics as figures
from reconciler.ledger.database import Ledger, Transaction, value
from reconciler.secret import Secret
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.domain import Member
    from reconciler.ledger.connections import Connection

_COLUMNS: Final = "CAST(id AS text), email, first_name, last_name, phone, city, company"
_COPY_OUT: Final = f"COPY (SELECT {_COLUMNS} FROM contacts WHERE workspace = 'acme') TO STDOUT (FORMAT BINARY)"
_TABLE: Final = """
    CREATE TABLE IF NOT EXISTS bench_rows (id text PRIMARY KEY, email text, first_name text, last_name text, phone text,
                                           city text, company text)
"""
#: The mirror's own table without what is in it, as somebody would write to it row by row.
_MIRROR: Final = "CREATE TEMPORARY TABLE bench_mirror (LIKE reconciler.contacts INCLUDING ALL)"
_MIRRORED: Final = """
    SELECT connection_id, contact_id, address, address_hash, fault, eligible, opted_out, CAST(fields AS text)
    FROM reconciler.contacts ORDER BY contact_id LIMIT %s
"""
_UPSERT: Final = """
    INSERT INTO bench_mirror (connection_id, contact_id, address, address_hash, fault, eligible, opted_out, fields,
                              changed_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, CAST(%s AS jsonb), now())
    ON CONFLICT (connection_id, contact_id) DO UPDATE
    SET address = EXCLUDED.address, address_hash = EXCLUDED.address_hash, fault = EXCLUDED.fault,
        eligible = EXCLUDED.eligible, opted_out = EXCLUDED.opted_out, fields = EXCLUDED.fields,
        changed_at = EXCLUDED.changed_at
"""
#: Two sides as reladiff compares them: one of the mirrors' rows, of which one in a hundred was changed.
_SIDES: Final = """
    DROP TABLE IF EXISTS bench_left, bench_right;
    CREATE TABLE bench_left AS
        SELECT id, email, first_name, last_name, phone, city, company AS company_name FROM contacts;
    CREATE TABLE bench_right AS SELECT * FROM bench_left;
    UPDATE bench_right SET last_name = last_name || 'x'
    WHERE id <= CAST(lpad(to_hex(CAST(%s AS int)), 32, '0') AS uuid);
    ALTER TABLE bench_left ADD PRIMARY KEY (id);
    ALTER TABLE bench_right ADD PRIMARY KEY (id);
    ANALYZE bench_left, bench_right
"""
#: An executemany of all is measured on so many, and counted up: it grows by the row.
_MOST_ROW_BY_ROW: Final = 100_000
_FIELDS: Final = ("first_name", "last_name", "phone", "city", "company_name")


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage in seconds: the program's, and other ways by name; the bare limit is one of them."""

    name: str
    contacts: int
    ours: float
    others: dict[str, float]


class _UndoneError(Exception):
    """Ends a transaction that was measured, so that the next round begins where this one did."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The parts of the program in this process, on a ground where it is connected."""

    ground: Ground
    process: Process
    ledger: Ledger
    connection: Connection
    rounds: int

    def timed(self, work: Callable[[], object]) -> float:
        """The median of some rounds, in seconds."""
        taken = []
        for _ in range(self.rounds):
            began = time.perf_counter()
            work()
            taken.append(time.perf_counter() - began)
        return statistics.median(taken)

    def undone(self, work: Callable[[Transaction], object]) -> None:
        """Do something in a transaction that is rolled back."""
        with contextlib.suppress(_UndoneError), self.ledger.transaction() as tx:
            work(tx)
            raise _UndoneError

    def extract(self, tx: Transaction) -> int:
        """Extract all contacts; says how many were written."""
        keys = self.process.keys(self.process.vault())
        crm = self.process.crm(None, self.connection.limits)
        told = extraction.Extraction("measured")
        return extraction.extract(tx, crm, self.connection, 0, keys.hash_of, told).changed


@contextlib.contextmanager
def inside(made: Ground, rounds: int) -> Iterator[Inside]:
    """Open the program's parts in this process."""
    process = Process(Settings.load(made.environ, None))
    ledger = process.ledger()
    try:
        with ledger.transaction() as tx:
            connection = connections.by_name(tx, "acme")
        assert connection is not None  # noqa: S101 - the ground has connected it
        yield Inside(made, process, ledger, connection, rounds)
    finally:
        ledger.close()


def extracting(here: Inside, contacts: int) -> Stage:
    """Extraction of all into an empty mirror, beside a bare COPY of the same rows out and in."""
    ours = here.timed(lambda: here.undone(here.extract))
    return Stage(
        "extraction into the mirror", contacts, ours, {"bare COPY out and in": here.timed(lambda: _copied(here))}
    )


def _copied(here: Inside) -> None:
    with psycopg.connect(here.ground.crm) as crm, psycopg.connect(here.ground.ledger) as ledger:
        ledger.execute("DROP TABLE IF EXISTS bench_rows")
        ledger.execute(_TABLE)
        with (
            crm.cursor().copy(_COPY_OUT) as out,
            ledger.cursor().copy("COPY bench_rows FROM STDIN (FORMAT BINARY)") as into,
        ):
            for block in out:
                into.write(block)


def comparing(here: Inside, contacts: int) -> Stage:
    """Mirrors of which one in a hundred differs, beside reladiff and a merge of both sides in pandas."""
    with psycopg.connect(here.ground.crm, autocommit=True) as crm:
        for statement in _SIDES.replace("%s", str(contacts // 100)).split(";"):
            crm.execute(statement)
    others = {f"reladiff {name}": _reladiff(here, name, contacts // 100) for name in ("joindiff", "hashdiff")}
    others["pandas merge of both sides"] = here.timed(lambda: _merged(here, contacts // 100))
    return Stage("comparing, 1 % changed", contacts, here.timed(lambda: _decided(here, contacts // 100)), others)


def _decided(here: Inside, expected: int) -> None:
    """Find the candidates and decide them, as a run does."""
    found = 0

    def decide(tx: Transaction) -> None:
        nonlocal found
        if plans.find(tx, here.connection.connection_id, sweep=False, clears=False):
            for candidates in plans.slices(tx, here.connection.connection_id, here.connection.limits.slice_contacts):
                found += len(diff(candidates, here.connection.policy))

    here.undone(decide)
    if found != expected:
        raise ValueError(f"{found:,} candidates were decided instead of {expected:,}")


def _reladiff(here: Inside, algorithm: str, expected: int) -> float:
    taken = []
    for _ in range(min(here.rounds, 2)):
        with tempfile.TemporaryDirectory() as folder:
            ran = running.run(here.ground, folder, "with_reladiff.py", algorithm)
        differs, seconds = ran.printed.split()[-2:]
        if int(differs) != expected:
            raise ValueError(f"reladiff found {differs} rows that differ instead of {expected:,}")
        taken.append(float(seconds))
    return statistics.median(taken)


def _merged(here: Inside, expected: int) -> None:
    with psycopg.connect(here.ground.crm) as crm:
        left, right = (
            pd.DataFrame(crm.execute(f"SELECT * FROM {side}").fetchall()) for side in ("bench_left", "bench_right")
        )
    both = left.merge(right, on=0, how="outer")
    differs = pd.Series(data=False, index=both.index)
    for column in range(1, left.shape[1]):
        differs |= both[f"{column}_x"] != both[f"{column}_y"]
    if int(differs.sum()) != expected:
        raise ValueError(f"{differs.sum():,} rows differ instead of {expected:,}")


def writing(here: Inside, contacts: int, changed: int) -> Stage:
    """Changed rows of a filled mirror, beside executemany of all."""
    with psycopg.connect(here.ground.crm) as crm:
        rows = crm.execute(f"SELECT {_COLUMNS} FROM contacts ORDER BY id LIMIT %s", [changed]).fetchall()
    names = ("contact_id", "email", *_FIELDS)
    some = [(*row[:3], f"Written{index}", *row[4:]) for index, row in enumerate(rows)]
    keys = here.process.keys(here.process.vault())

    def ours(tx: Transaction) -> None:
        marked = ((contact, True) for contact in extraction.contacts(some, names))
        mirror.stage(tx, marked, keys.hash_of)
        written = mirror.merge(tx, here.connection.connection_id).written
        if written != changed:
            raise ValueError(f"{written:,} rows were written instead of {changed:,}")

    others = {"executemany of all": _row_by_row(here, contacts)}
    return Stage(
        f"writing {changed:,} changed rows of the mirror", contacts, here.timed(lambda: here.undone(ours)), others
    )


def _row_by_row(here: Inside, contacts: int) -> float:
    with psycopg.connect(here.ground.ledger) as ledger:
        ledger.execute(_MIRROR)
        rows = ledger.execute(_MIRRORED, [min(contacts, _MOST_ROW_BY_ROW)]).fetchall()
        ledger.cursor().executemany(_UPSERT, rows)
        ledger.commit()
        began = time.perf_counter()
        ledger.cursor().executemany(_UPSERT, rows)
        ledger.commit()
        return (time.perf_counter() - began) * contacts / len(rows)


def pulling(here: Inside, contacts: int) -> Stage:
    """All members into the mirror, page by page, beside the same pages with nothing done but their JSON read."""
    account = here.ground.account
    api = here.process.doors(here.ledger, lambda _: account["list_id"]).open_api(
        Credentials(Secret(account["api_key"]), Secret(account["access_token"]))
    )
    mapped = wire.Mapped(account["list_id"], here.connection.fields)
    keys = here.process.keys(here.process.vault())

    def ours(tx: Transaction) -> None:
        total = 0
        for page in api.on_list(mapped):
            total += len(page.members)
            _write(tx, here.connection, page.members, keys)
            # As a run does: without it the plans of later pages are made for an empty table.
            figures.refresh(tx, "members", total, min(total, len(page.members)))

    seconds = here.timed(lambda: here.undone(ours))
    pages = list(_pages(here.ground, mapped.include))
    others = {
        "the pages alone": here.timed(lambda: list(_pages(here.ground, mapped.include))),
        "their JSON alone": here.timed(lambda: [json.loads(page) for page in pages]),
    }
    return Stage("pull of all members into the mirror", contacts, seconds, others)


def _write(tx: Transaction, connection: Connection, page: Any, keys: members.Keys) -> None:
    found: list[Member] = list(page)
    visible = connection.limits.push_visible_seconds
    members.write(tx, connection.connection_id, found, keys, read_at=value(tx, "clock"), push_visible_seconds=visible)


def _pages(made: Ground, include: str) -> Iterator[bytes]:
    query = f"/contacts?lists={made.account['list_id']}&limit=500&status=all&include={include}"
    path: str | None = query
    while path:
        request = urllib.request.Request(  # noqa: S310 - the simulated account
            made.account["api_url"] + path, headers={"Authorization": f"Bearer {made.account['access_token']}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            body = answer.read()
        yield body
        link = json.loads(body).get("_links", {}).get("next", {}).get("href")
        path = link.removeprefix("/v3") if link else None


def bodies(here: Inside, contacts: int) -> Stage:
    """The bodies of imports, beside their JSON alone."""
    with psycopg.connect(here.ground.crm) as crm:
        rows = crm.execute(f"SELECT {_COLUMNS} FROM contacts").fetchall()
    people = [(row[1], dict(zip(_FIELDS, row[2:], strict=True))) for row in rows]
    list_id = here.ground.account["list_id"]
    ours = here.timed(lambda: wire.import_body([wire.import_row(*person) for person in people], list_id))
    others = {"their JSON alone": here.timed(lambda: json.dumps([{"email": one, **values} for one, values in people]))}
    return Stage("bodies of imports", contacts, ours, others)


def measure(contacts: int, rounds: int = 3, changed: int = 10_000) -> list[Stage]:
    """Every stage at one size."""
    changed = min(changed, contacts // 10)
    with ground() as made:
        made.fill_crm(1, contacts)
        made.fill_account(1, contacts)
        made.connect()
        with inside(made, rounds) as here:
            found = [extracting(here, contacts), bodies(here, contacts), pulling(here, contacts)]
        made.say("start", "acme")
        made.say("run", "acme")
        with inside(made, rounds) as here:
            found.append(writing(here, contacts, changed))
            made.change(contacts // 100)
            with here.ledger.transaction() as tx:
                here.extract(tx)
            found.append(comparing(here, contacts))
    return found


def ratios(stages: list[Stage]) -> list[Ratio]:
    """What must hold: each as how many times faster, or slower, than what stands beside it."""
    by_name = {stage.name.split(",")[0].split(" ")[0]: stage for stage in stages}
    extracted, compared, wrote = by_name["extraction"], by_name["comparing"], by_name["writing"]
    at = f"{extracted.contacts:,} contacts"
    return [
        Ratio(f"extraction / bare COPY, {at}", 3, extracted.ours / extracted.others["bare COPY out and in"], most=True),
        Ratio(f"reladiff joindiff / comparing, {at}", 5, compared.others["reladiff joindiff"] / compared.ours),
        Ratio(f"executemany of all / {wrote.name}, {at}", 30, wrote.others["executemany of all"] / wrote.ours),
    ]


def main() -> None:
    """Measure the sizes that are asked for, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    found = measure(asked.contacts, asked.rounds)
    for stage in found:
        beside = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in stage.others.items())
        print(f"{stage.contacts:>9,}  {stage.name:<45} {stage.ours:6.2f} s; {beside}")
    for ratio in ratios(found):
        print(ratio)


if __name__ == "__main__":
    main()
