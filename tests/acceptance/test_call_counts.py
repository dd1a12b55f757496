"""How many calls runs make, exactly, by what arrives at the simulated account; and how full their bodies are."""

from __future__ import annotations

import dataclasses
import types
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import counts, day
from bench.rehearsal import rehearsed
from reconciler import push
from reconciler.constant_contact import wire
from reconciler.demo import usual_script
from reconciler.limits import Limits
from reconciler.simulator import SideDoor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.rehearsal import Rehearsal

#: Enough for an export to take fewer calls than pages.
CONTACTS = 3_600
LIST = "06526938-56dd-11e9-932a-fa163e9ec6a5"
POLLS = ("getActivity", "getActivityStatusCollection")


@pytest.fixture
def there(ledger_url: str, tmp_path: Path) -> Iterator[Rehearsal]:
    with rehearsed(ledger_url, tmp_path, activity_seconds=1.0, activity_rows_per_second=2_000.0) as made:
        yield made


def polls(operations: dict[str, int]) -> int:
    return sum(operations[name] for name in POLLS)


@pytest.mark.http
def test_a_run_makes_as_many_calls_as_its_changes_need_and_a_tick_without_any_none(there: Rehearsal) -> None:
    there.fill(1, CONTACTS, account=True)
    there.connect(batch_contacts=1_500)
    there.tick()
    there.sleep(1_500)
    assert there.counted()[1].calls == 0
    assert there.counted()[1].calls == 0

    found, arrived = {}, there.arrivals
    for changed in (1, 10, 1_000, CONTACTS):
        there.change(1, changed, f"New{changed}x")
        report, arrived = there.counted()
        assert report is not None
        assert (report.to_json()["state"], report.to_json()["counts"]["updated"]) == ("completed", changed)
        assert arrived.most_in_a_second <= 4
        assert polls(arrived.operations) <= (6 if changed <= 2_000 else 12)
        found[changed] = arrived.calls - polls(arrived.operations)
        there.sleep(1_500)
        there.tick()
        there.sleep(1_500)

    # Of 1,000: the list, opt-outs, who else is off, the export with its file and its count, one page of what changed,
    # the import, two pages read back, and the list's count.
    assert found == {1: 5, 10: 10, 1_000: 11, CONTACTS: 15}
    imports = [count for _, count in arrived.imports]
    assert imports == [1_500, 1_500, 600]
    # The echo is counted, read by one export, and not read again.
    assert arrived.operations["postContactsExport"] == 2
    assert arrived.operations["getContacts"] == 5


@pytest.mark.http
def test_who_changed_there_is_read_whoever_else_did_so_later(there: Rehearsal) -> None:
    """An echo that is known may hide nobody: neither behind a page of it, nor behind the last of its times."""
    there.fill(1, CONTACTS, account=True)
    there.connect()
    there.tick()
    there.sleep(600)
    there.change(1, 1_000, "New")
    there.tick()

    people = [f"person{number}@example.com" for number in (1_000, 1, 600, 400, 800)]
    for address in people:
        there.sleep(5)
        SideDoor(there.simulator.url).contact(action="change", email=address, fields={"city": "Brno"})
    there.sleep(120)  # what is sent now is looked for from a minute before on
    there.change(1_001, 2_000, "Newer")
    there.tick()

    found = there.sql("SELECT address FROM reconciler.members WHERE fields ->> 'home_city' = 'Brno' ORDER BY 1")
    assert [address for (address,) in found] == sorted(people)


@pytest.mark.http
@pytest.mark.parametrize(("changed", "alone"), [(1, 1), (2, 0), (10, 0), (11, 0)])
def test_few_who_change_right_after_many_are_read_one_by_one_only_where_it_takes_no_more_calls(
    there: Rehearsal, changed: int, alone: int
) -> None:
    there.fill(1, CONTACTS, account=False)
    there.connect()
    there.tick()

    there.change(1, changed, "New")
    report, arrived = there.counted()

    assert report is not None
    assert (report.to_json()["state"], report.to_json()["counts"]["updated"]) == ("completed", changed)
    looked_for = changed if changed <= 3 else 0  # before the push
    assert arrived.operations["getContact"] == looked_for + alone
    assert arrived.calls - polls(arrived.operations) <= 13


@pytest.mark.http
def test_a_first_run_into_an_empty_list_reads_it_back_by_one_export(there: Rehearsal) -> None:
    there.fill(1, CONTACTS, account=False)
    there.connect()

    report, arrived = there.counted()

    assert report is not None
    assert (report.to_json()["state"], report.to_json()["counts"]["added"]) == ("completed", CONTACTS)
    assert arrived.calls - polls(arrived.operations) <= 1 + 3 + 10
    assert arrived.operations["postContactsExport"] == 1
    members = there.provider.account.live.members(there.simulator.list_id)
    assert len(members) == CONTACTS
    there.sleep(1_500)
    assert there.counted()[1].calls == 0


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_no_bound_is_missed_at_a_list_of_a_hundred_thousand() -> None:
    found = list(counts.rows(100_000))

    assert [miss for row in found for miss in row.misses] == []
    assert len(found) == 7


def test_a_bound_that_is_missed_is_said() -> None:
    good = counts.Row("changed", 100_000, 1_000, 16, 5, 20, 1_200, ((64_962, 1_000),), 60)
    bad = dataclasses.replace(good, found=21, polls=7, bodies=((4_000_001, 1), (3_000_000, 20_000), (1, 40_001)))

    assert good.misses == []
    assert len(bad.misses) == 5
    assert counts.table([good, bad]).count("\n") == 4


class Counting(usual_script.Api):
    """Answers as an account with so many on its list would, and counts."""

    def __init__(self, listed: int) -> None:
        super().__init__("http://127.0.0.1:1", "token")
        self.left = listed

    def get(self, path: str) -> dict[str, Any]:
        self.calls += 1
        self.left -= usual_script.PAGE_SIZE
        return {"contacts": [], "_links": {"next": {"href": f"/v3{path}"}} if self.left > 0 else {}}

    def post(self, _: str, __: object) -> dict[str, Any]:
        self.calls += 1
        return {"action": "updated"}


@pytest.mark.parametrize(("listed", "changed"), [(0, 1), (500, 3), (501, 20), (5_000, 700)])
def test_the_usual_script_makes_the_calls_that_are_said_of_it(listed: int, changed: int) -> None:
    rows = [{"email": f"p{number}@example.com"} for number in range(changed)]

    done = usual_script.sync(rows, Counting(listed), LIST)

    assert done.calls == counts.usual_calls(listed, changed)


def chunks(sizes: list[int], limits: Limits) -> list[tuple[int, int]]:
    """The bytes and contacts of each import of updates with values that are so long."""
    work: Any = types.SimpleNamespace(
        connection=types.SimpleNamespace(limits=limits), mapped=types.SimpleNamespace(list_id=LIST)
    )
    planned: Any = [
        (types.SimpleNamespace(address=f"p{at}@example.com"), {"last_name": "x" * size})
        for at, size in enumerate(sizes)
    ]
    found = []
    while planned:
        chunk = push._chunk(iter(planned), work)
        found.append((len(wire.import_body([row for _, row in chunk], LIST)), len(chunk)))
        planned = planned[len(chunk) :]
    return found


@given(st.lists(st.integers(1, 50), min_size=1, max_size=400), st.integers(2_400, 20_000), st.integers(1, 200))
def test_no_body_is_larger_than_allowed_and_all_but_the_last_are_full(sizes: list[int], most: int, many: int) -> None:
    found = chunks(sizes, Limits(batch_bytes=most, batch_contacts=many))

    assert sum(count for _, count in found) == len(sizes)
    assert all(size <= most and count <= many for size, count in found)
    # A row here has at most 110 bytes: the next one would not have fitted.
    assert all(count == many or size >= 0.95 * most for size, count in found[:-1])


@pytest.mark.http
def test_some_ticks_of_a_day_stay_below_seven_tenths_of_its_quota(there: Rehearsal) -> None:
    done = day.replay(there, contacts=2_000, changes=20, ticks=4)

    assert done.misses == []
    assert (done.ticks, done.pushed) == (4, 80)
    assert done.of_sweep["getContacts"] >= 4
    assert "| bulkImportContactsJSON | 288 | 0 |" in day.table(done)


def test_a_day_that_takes_too_much_says_what() -> None:
    done = day.Day(1_000_000, 1_000, ticks=144, pushed=144_000, most_in_a_second=5, late=1)
    done.of_ticks["getContacts"], done.of_sweep["getContacts"] = 3_000, 2_000

    assert done.misses == [
        "80.0 % of the quota, at most 70 %",
        "5 arrivals in a second",
        "1 ticks were longer than their interval",
    ]
