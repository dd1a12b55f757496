"""Both sides compared, beside reladiff and a merge in pandas."""

from __future__ import annotations

import statistics
import tempfile
from typing import TYPE_CHECKING, Final

import pandas as pd
import psycopg

from bench.inside import Stage
from bench.peers import running
from reconciler.diff import diff
from reconciler.ledger import candidates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.inside import Inside
    from reconciler.domain import Candidate
    from reconciler.ledger.database import Transaction

#: Two sides as reladiff compares them: the CRM's rows twice, one in a hundred changed on one side.
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


def comparing(here: Inside, contacts: int) -> list[Stage]:
    """Mirrors of which one in a hundred differs, beside reladiff and a merge of both sides in pandas."""
    with psycopg.connect(here.ground.crm, autocommit=True) as crm:
        for statement in _SIDES.replace("%s", str(contacts // 100)).split(";"):
            crm.execute(statement)
    others = {f"reladiff {name}": _reladiff(here, name, contacts // 100) for name in ("joindiff", "hashdiff")}
    others["pandas merge of both sides"] = here.timed(lambda: _merged(here, contacts // 100))
    asked = here.timed_undone(lambda _: None, lambda tx: _found(here, tx, sweep=False))
    found = _candidates(here)
    decided = here.timed(lambda: [diff(some, here.connection.policy) for some in found])
    joined = {"reladiff joindiff": others["reladiff joindiff"]}
    bare = {"their fields compared, and nothing decided": here.timed(lambda: _differing(found, contacts // 100))}
    swept, ticked = (here.timed(lambda way=way: _decided(here, contacts // 100, sweep=way)) for way in (True, False))
    return [
        Stage("candidates, 1 % changed, as a tick finds them", contacts, asked, joined),
        Stage("diff of these candidates", contacts // 100, decided, bare),
        Stage("comparing, 1 % changed, as a tick does", contacts, ticked, others),
        Stage("comparing, 1 % changed, as a sweep does", contacts, swept, others),
    ]


def _found(here: Inside, tx: Transaction, *, sweep: bool) -> int:
    return candidates.find(tx, here.connection.connection_id, sweep=sweep, clears=False)


def _slices(here: Inside, tx: Transaction) -> Iterator[list[Candidate]]:
    return candidates.slices(tx, here.connection.connection_id, here.connection.limits.slice_contacts)


def _candidates(here: Inside) -> list[list[Candidate]]:
    """Those of a tick, slice by slice."""
    found: list[list[Candidate]] = []

    def look(tx: Transaction) -> None:
        _found(here, tx, sweep=False)
        found.extend(_slices(here, tx))

    here.undone(look)
    return found


def _differing(found: list[list[Candidate]], expected: int) -> None:
    differing = sum(each.contact.fields != (each.member and each.member.fields) for some in found for each in some)
    if differing != expected:
        raise ValueError(f"{differing:,} candidates differ instead of {expected:,}")


def _decided(here: Inside, expected: int, *, sweep: bool) -> None:
    """Find the candidates and decide them: of all, value by value, or of those noted, by digests."""
    found = 0

    def decide(tx: Transaction) -> None:
        nonlocal found
        if _found(here, tx, sweep=sweep):
            for some in _slices(here, tx):
                found += len(diff(some, here.connection.policy))

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
