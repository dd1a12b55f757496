"""Each stage by the program's own functions, against the best other way and against the bare limit beside it."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import psycopg

from bench.afterwards import reporting, verifying
from bench.comparing import comparing
from bench.ground import Ground, ground
from bench.inside import Inside, Stage, inside
from bench.parts import Part, table
from bench.ratios import Ratio
from bench.whole import OPEN
from reconciler import extract as extraction
from reconciler.constant_contact import wire
from reconciler.credentials import Credentials
from reconciler.ledger import contacts as mirror
from reconciler.ledger import members
from reconciler.ledger import statistics as figures
from reconciler.ledger.database import Transaction, value
from reconciler.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

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
#: An executemany of all is measured on so many, and counted up: it grows by the row.
_MOST_ROW_BY_ROW: Final = 100_000
_TEXT: Final = """\
## Stages

The reconciler's own functions in a process that has started, medians of {rounds}; of reladiff of two at most. An
executemany is timed once, on some rows where there are many, and counted up; a COPY of the rows of a batch is timed
once. The others compare two tables as they are. A tick compares whom the ledger has noted as another than before
([0029](../adr/0029-candidates-are-noted.md)), which is part of what writing the mirrors takes; a sweep compares
everybody, value by value. Both decide what is to be done about who differs; in between they fetch what is known of
them, which is in neither of the two parts of it that are measured by themselves. Receipts are of one import of updates,
read back; the executemany beside them writes less.

"""
#: So many rows of a mirror are written anew, a tenth of them at most.
_CHANGED: Final = 10_000
#: So many go by one import.
_SENT: Final = 30_000
_FIELDS: Final = ("first_name", "last_name", "phone", "city", "company_name")


def extracting(here: Inside, contacts: int) -> list[Stage]:
    """Extraction of all into an empty mirror and into the same, beside a bare COPY of the same rows out and in."""
    copied = {"bare COPY out and in": here.timed(lambda: _copied(here))}
    # Connecting has filled it, to say what a first sync would do.
    filled = here.timed_undone(_emptied, lambda tx: here.extract(tx, contacts))
    equal = here.timed_undone(lambda _: None, lambda tx: here.extract(tx, 0))
    return [
        Stage("extraction into an empty mirror", contacts, filled, copied),
        Stage("extraction, nothing changed", contacts, equal, copied),
    ]


def _emptied(tx: Transaction) -> None:
    tx.exec_driver_sql("DELETE FROM reconciler.contacts")


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
        "the pages and their JSON": here.timed(lambda: list(_pages(here.ground, mapped.include))),
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


def measure(contacts: int, rounds: int) -> list[Stage]:
    """Every stage at one size."""
    changed = min(_CHANGED, contacts // 10)
    with ground(contacts=contacts) as made:
        made.fill_crm(1, contacts)
        made.fill_account(1, contacts)
        made.connect()
        with inside(made, rounds) as here:
            found = [*extracting(here, contacts), bodies(here, contacts), pulling(here, contacts)]
        made.say("start", "acme")
        made.say("run", "acme")
        with inside(made, rounds) as here:
            found.append(writing(here, contacts, changed))
        made.say("set", "acme", *OPEN)
        made.change(min(_SENT, contacts // 10), "Sent")
        made.say("run", "acme")
        with inside(made, rounds) as here:
            found += [verifying(here), reporting(here, contacts)]
            made.change(contacts // 100)
            with here.transaction() as tx:
                here.extract(tx)
            found += comparing(here, contacts)
    return found


def ratios(stages: list[Stage]) -> list[Ratio]:
    """What must hold: each as how many times faster, or slower, than what stands beside it."""
    extracted, wrote = (
        next(stage for stage in stages if stage.name.startswith(word)) for word in ("extraction", "writing")
    )
    at = f"{extracted.contacts:,} contacts"
    return [
        Ratio(f"extraction / bare COPY, {at}", 3, extracted.ours / extracted.others["bare COPY out and in"], most=True),
        *(
            Ratio(f"reladiff joindiff / {each.name}, {at}", 5, each.others["reladiff joindiff"] / each.ours)
            for each in stages
            if each.name.startswith("comparing")
        ),
        Ratio(f"executemany of all / {wrote.name}, {at}", 30, wrote.others["executemany of all"] / wrote.ours),
    ]


def part(contacts: int, rounds: int) -> Part:
    """Measure every stage at one size."""
    found = measure(contacts, rounds)
    rows = []
    for each in found:
        rows.append((each.name, f"{each.contacts:,}", "the reconciler", f"{each.ours:.2f}", ""))
        rows += [
            ("", "", name, f"{seconds:.2f}", f"{seconds / each.ours:.2f}") for name, seconds in each.others.items()
        ]
    heads = ("stage", "contacts", "by", "seconds", "in times of the reconciler's")
    return Part(_TEXT.format(rounds=rounds) + table(heads, rows), tuple(ratios(found)))
