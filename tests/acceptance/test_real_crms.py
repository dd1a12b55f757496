"""The whole job on CRMs that were not made for it: four joined tables, and one without a modification time.

Each claim needs the first sync before it, which takes a while on 20,000 people: so a test is one story of three runs.
"""

from __future__ import annotations

import math
import time
import unicodedata
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest

from tests.crm_samples import NO_SAMPLES, load_adventureworks, load_chinook, samples_folder
from tests.garden_centre import load_garden_centre

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.installation import Installation

pytestmark = [pytest.mark.http, pytest.mark.timeout(600)]

#: Found once, before a test's own surroundings hide the variable that names it.
SAMPLES: Final = samples_folder()
STATEMENTS: Final = Path(__file__).resolve().parents[2] / "sql" / "crm" / "examples"
PARTS: Final = ("street", "city", "state", "postal_code", "country")
#: What an import may have, and what a first sync may cost besides its imports and the pages read back.
BODY_BYTES: Final = 4_000_000
BODY_CONTACTS: Final = 40_000
CALLS_BESIDES: Final = 16
PAGE: Final = 500

needs_samples = pytest.mark.skipif(SAMPLES is None, reason=NO_SAMPLES)


@dataclass
class Shown:
    """What a person has in phones and street addresses, by kind."""

    phones: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class FourTables:
    """A CRM of the shape of AdventureWorks."""

    url: str
    people: int

    def wanted(self) -> dict[str, Shown]:
        """Everybody by address, put together from the tables and not by the statement that is tried."""
        with psycopg.connect(self.url) as crm:
            by_id: dict[int, str] = dict(crm.execute("SELECT person_id, email FROM email_address").fetchall())
            shown = {person_id: Shown() for person_id in by_id}
            for person_id, kind, number in crm.execute("SELECT person_id, phone_type, phone_number FROM person_phone"):
                shown[person_id].phones["mobile" if kind == "cell" else kind] = _tidy(number)
            for person_id, kind, line1, line2, *rest in crm.execute(
                "SELECT person_id, address_type, line1, line2, city, state_province, postal_code, country"
                " FROM person_address"
            ):
                street = ", ".join(filter(None, (line1, line2)))
                there = _filled(zip(PARTS, (street, *rest), strict=True))
                shown[person_id].addresses["other" if kind == "shipping" else kind] = there
        return {_folded(email): shown[person_id] for person_id, email in by_id.items()}

    def change_phones(self, count: int) -> dict[str, str]:
        """Give people another phone, as an application would: no other table is touched. Says who, and which field."""
        with psycopg.connect(self.url) as crm:
            changed = crm.execute(
                "WITH chosen AS (SELECT person_id, min(phone_type) AS phone_type FROM person_phone"
                "              GROUP BY person_id ORDER BY md5(person_id::text) LIMIT %s)"
                " UPDATE person_phone AS p SET phone_number = '1 (11) 500 ' || (1000000 + p.person_id),"
                "                              modified_at = timezone('UTC', clock_timestamp())"
                " FROM chosen AS c WHERE p.person_id = c.person_id AND p.phone_type = c.phone_type"
                " RETURNING p.person_id::text, p.phone_type",
                [count],
            ).fetchall()
        return {person_id: f"{'mobile' if kind == 'cell' else kind}_phone" for person_id, kind in changed}


@dataclass(frozen=True)
class OneTable:
    """A CRM of the shape of Chinook."""

    url: str
    people: int

    def wanted(self) -> dict[str, Shown]:
        with psycopg.connect(self.url) as crm:
            rows = crm.execute(
                'SELECT "Email", "Phone", "Address", "City", "State", "PostalCode", "Country" FROM customer'
            ).fetchall()
        return {
            _folded(email): Shown(_filled([("other", phone)]), {"home": _filled(zip(PARTS, address, strict=True))})
            for email, phone, *address in rows
        }

    def change_phones(self, count: int) -> dict[str, str]:
        with psycopg.connect(self.url) as crm:
            changed = crm.execute(
                """UPDATE customer SET "Phone" = '+49 30 ' || (1000000 + "CustomerId")
                   WHERE "CustomerId" IN (SELECT "CustomerId" FROM customer ORDER BY "CustomerId" LIMIT %s)
                   RETURNING "CustomerId"::text""",
                [count],
            ).fetchall()
        return {customer_id: "phone" for (customer_id,) in changed}


@pytest.fixture(params=["garden_centre", pytest.param("adventureworks", marks=needs_samples)])
def four_tables(request: pytest.FixtureRequest, database_url: str) -> FourTables:
    loads: Mapping[str, Callable[[psycopg.Connection[Any]], None]] = {
        "garden_centre": load_garden_centre,
        "adventureworks": partial(load_adventureworks, folder=SAMPLES or Path()),
    }
    return FourTables(database_url, _loaded(database_url, loads[request.param], "person"))


@pytest.fixture
def chinook(database_url: str) -> OneTable:
    return OneTable(database_url, _loaded(database_url, partial(load_chinook, folder=SAMPLES or Path()), "customer"))


def test_a_crm_in_four_tables_is_synced_once_and_then_only_what_changed(
    installation: Installation, four_tables: FourTables, capfd: pytest.CaptureFixture[str]
) -> None:
    seconds = _connect(installation, four_tables, "adventureworks.sql")
    seconds += _first_run_brings_everybody(installation, four_tables)

    _second_run_makes_no_call(installation)
    _changed_phones_are_all_that_is_sent(installation, four_tables, count=50)

    assert installation.run()["state"] == "nothing_to_do"
    with capfd.disabled():
        _tell_costs(installation, f"{four_tables.people:,} people of four tables", seconds)


@needs_samples
def test_a_crm_without_a_modification_time_is_compared_whole_and_costs_as_little(
    installation: Installation, chinook: OneTable
) -> None:
    _connect(installation, chinook, "chinook.sql")
    _first_run_brings_everybody(installation, chinook)

    second = _second_run_makes_no_call(installation)
    assert second["window"]["mode"] == "whole"
    assert second["counts"]["read"] == second["counts"]["unchanged"] == 59

    _changed_phones_are_all_that_is_sent(installation, chinook, count=10)


def test_what_does_not_fit_into_one_import_fills_the_others(installation: Installation, database_url: str) -> None:
    crm = FourTables(database_url, _loaded(database_url, load_garden_centre, "person"))
    _connect(installation, crm, "adventureworks.sql")
    assert installation.say("set", "acme", "batch_bytes=20000").code == 0

    assert installation.run()["counts"]["added"] == crm.people

    sizes = [entry["bytes"] for entry in _imports(installation)]
    assert len(sizes) > 2
    assert max(sizes) <= 20_000
    assert min(sizes[:-1]) >= 0.95 * 20_000


def _loaded(url: str, load: Callable[[psycopg.Connection[Any]], None], table: str) -> int:
    with psycopg.connect(url) as crm:
        load(crm)
        (count,) = crm.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() or (0,)
    return int(count)


def _connect(installation: Installation, crm: FourTables | OneTable, statement: str) -> float:
    """Connect a CRM in a database of its own, as most are. Says how many seconds it took."""
    address = installation.folder / "crm-url"
    address.write_text(crm.url, encoding="utf-8")
    began = time.monotonic()
    options = ("--crm-url-file", str(address), "--contacts-sql", str(STATEMENTS / statement))
    said = installation.connect("acme", *options)
    assert said.code == 0, said.err
    return time.monotonic() - began


def _first_run_brings_everybody(installation: Installation, crm: FourTables | OneTable) -> float:
    began = time.monotonic()
    report = installation.run()
    seconds = time.monotonic() - began
    _numbers_meet(report)
    assert report["counts"]["read"] == crm.people
    assert report["field_refused"] == 0
    _everybody_is_there_once(installation, crm, report["run_id"])
    _calls_are_few(installation, report)
    return seconds


def _everybody_is_there_once(installation: Installation, crm: FourTables | OneTable, run_id: int) -> None:
    """Each contact as the CRM has it; only an address with letters beyond ASCII may be refused, with its reason."""
    state = installation.api.door.state(history=0)["contacts"]
    there = [(_folded(each["email_address"]["address"]), _shown(each)) for each in state]
    assert all(installation.api.list_id in each["list_memberships"] for each in state)
    assert len(there) == len(dict(there))

    wanted, refused = crm.wanted(), _refused(installation, run_id)
    assert len(wanted) == crm.people
    assert all(not address.isascii() and message for address, message in refused.items())
    assert dict(there) == {address: shown for address, shown in wanted.items() if address not in refused}


def _refused(installation: Installation, run_id: int) -> dict[str, str]:
    return {
        _folded(email): message
        for email, message in installation.sql(
            "SELECT email, message FROM reconciler.run_rows"
            " WHERE run_id = %s AND (outcome = 'rejected' OR code = 'invalid')",
            run_id,
        )
    }


def _calls_are_few(installation: Installation, report: dict[str, Any]) -> None:
    """Whoever counts: the report of the run, or the other side, which also had what `connect` asked."""
    bodies = [int(entry["bytes"]) for entry in _imports(installation)]
    sent = [len(entry["emails"]) for entry in _imports(installation)]
    allowed = CALLS_BESIDES + math.ceil(sum(bodies) / BODY_BYTES) + math.ceil(sum(sent) / PAGE)
    assert report["api"]["calls"] == sum(report["api"]["by_operation"].values())
    assert report["api"]["calls"] <= installation.api.calls() <= allowed
    assert max(bodies) <= BODY_BYTES
    assert max(sent) <= BODY_CONTACTS
    assert all(
        body >= 0.95 * BODY_BYTES or count == BODY_CONTACTS for body, count in zip(bodies[:-1], sent, strict=False)
    )


def _second_run_makes_no_call(installation: Installation) -> dict[str, Any]:
    before = installation.api.calls()
    report = installation.run()
    assert report["state"] == "nothing_to_do"
    assert report["api"]["calls"] == 0
    assert installation.api.calls() == before
    _numbers_meet(report)
    return report


def _changed_phones_are_all_that_is_sent(installation: Installation, crm: FourTables | OneTable, *, count: int) -> None:
    before = _by_address(installation)
    changed = crm.change_phones(count)
    assert len(changed) == count

    report = installation.run()

    _numbers_meet(report)
    assert report["counts"]["updated"] == count
    assert installation.rows(report["run_id"]) == [
        (contact_id, "update", changed[contact_id], "verified", "") for contact_id in sorted(changed)
    ]
    after, wanted = _by_address(installation), crm.wanted()
    touched = {address for address, contact in after.items() if contact != before[address]}
    assert len(touched) == count
    assert len(_imports(installation)[-1]["emails"]) == count
    for address in touched:
        assert _shown(after[address]) == wanted[_folded(address)]
        assert _without_phones(after[address]) == _without_phones(before[address])


def _tell_costs(installation: Installation, of: str, seconds: float) -> None:
    """What the first sync cost, for whoever reads the output of CI."""
    (calls, stages), *_ = installation.sql(
        "SELECT report -> 'api' ->> 'calls', report ->> 'seconds' FROM reconciler.runs WHERE reason = 'first_run'"
        " ORDER BY run_id DESC LIMIT 1"
    )
    first, bodies = _imports(installation)[0], len(_imports(installation)) - 1
    allowed = CALLS_BESIDES + math.ceil(first["bytes"] / BODY_BYTES) + math.ceil(len(first["emails"]) / PAGE)
    print(f"\n{of}: first sync {calls} API calls (at most {allowed}), {bodies} import, {seconds:.1f} s {stages}")  # noqa: T201


def _numbers_meet(report: dict[str, Any]) -> None:
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert report["state"] in ("completed", "nothing_to_do"), report["problems"]


def _imports(installation: Installation) -> list[dict[str, Any]]:
    history = installation.api.door.state(contacts=False)["history"]
    return [entry for entry in history if "emails" in entry]


def _by_address(installation: Installation) -> dict[str, dict[str, Any]]:
    return installation.api.members()


def _shown(contact: Mapping[str, Any]) -> Shown:
    return Shown(
        {phone["kind"]: phone["phone_number"] for phone in contact["phone_numbers"]},
        {
            place["kind"]: {part: place[part] for part in PARTS if part in place}
            for place in contact["street_addresses"]
        },
    )


def _without_phones(contact: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in contact.items() if name not in ("phone_numbers", "updated_at")}


def _filled(values: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    return {name: _tidy(value) for name, value in values if value and not value.isspace()}


def _tidy(value: str) -> str:
    return " ".join(value.split())


def _folded(address: str) -> str:
    return unicodedata.normalize("NFC", address.strip()).casefold()
