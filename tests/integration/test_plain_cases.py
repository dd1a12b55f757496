"""What the database decides by itself, because it is plain, is what `diff` and `judging` make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import judging
from reconciler.changes import LONGEST_IN_IMPORT
from reconciler.diff import diff
from reconciler.domain import Policy
from reconciler.ledger import batches, candidates, plans
from tests.plain_cases import ADDRESSES, MEMBERS, NOW, SENT, STATE, WANTED, Row, Rows, a_batch, stored, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.ledger.database import Ledger, Transaction

#: How it stands by table afterwards: with what the database decides by itself, and without.
BothWays: TypeAlias = tuple[dict[str, list[Row]], dict[str, list[Row]]]

#: Nobody is at the address, and nothing is known of them.
_NEW: Final[Row] = {
    "address": ADDRESSES[0],
    "has_address": True,
    "fault": "",
    "eligible": True,
    "opted_out": False,
    "fields": {"first_name": "Ann"},
}
#: The member of that address, who shows what is wanted.
_SHE: Final[Row] = {"address": ADDRESSES[0], "status": "implicit", "on_list": True, "fields": WANTED}
#: Each by itself keeps somebody from being plainly to be added.
_NOT_PLAINLY_NEW: Final[dict[str, list[Rows]]] = {
    "without an address": [({**_NEW, "has_address": False}, None, None, None)],
    "with an address too long for an import": [({**_NEW, "address": ADDRESSES[3]}, None, None, None)],
    "with an address that can't be used": [({**_NEW, "fault": "not an address"}, None, None, None)],
    "gone": [({**_NEW, "gone_at": NOW}, None, None, None)],
    "not eligible": [({**_NEW, "eligible": False}, None, None, None)],
    "opted out": [({**_NEW, "opted_out": True}, None, None, None)],
    "forgotten": [({**_NEW, "is_forgotten": True}, None, None, None)],
    "linked": [(_NEW, {"member_id": MEMBERS[0]}, {**_SHE, "address": ADDRESSES[1]}, None)],
    "with a field that was refused": [(_NEW, {"refused_fields": WANTED}, None, None)],
    "with a field that was not taken": [(_NEW, {"untaken": WANTED}, None, None)],
    "of one address with another": [(_NEW, None, None, None), (_NEW, None, None, None)],
    "there already": [(_NEW, None, _SHE, None)],
    "rejected": [(_NEW, None, None, "this")],
}

#: An import of what the member shows.
_ADDED: Final[Row] = {"kind": "add", "values": _NEW["fields"], "before": {}, "applied": {}, "has_rest": False}
#: Each by itself keeps somebody from plainly showing what was sent.
_NOT_PLAINLY_SHOWN: Final[dict[str, list[Rows]]] = {
    "settled": [({**_ADDED, "settled": True, "outcome": "deferred"}, None, _SHE, None)],
    "not there": [(_ADDED, None, None, None)],
    "off the list": [(_ADDED, None, {**_SHE, "on_list": False}, None)],
    "unsubscribed": [(_ADDED, None, {**_SHE, "status": "unsubscribed"}, None)],
    "seen to have left": [(_ADDED, None, {**_SHE, "left_at": NOW}, None)],
    "seen to have unsubscribed": [(_ADDED, None, {**_SHE, "opted_out_at": NOW}, None)],
    "shown with another value": [(_ADDED, None, {**_SHE, "fields": {"first_name": "Bea"}}, None)],
    "shown without the value": [(_ADDED, None, {**_SHE, "fields": {}}, None)],
    "with an echo of another field": [(_ADDED, {"shown": {"phone": "1"}}, _SHE, None)],
}
_AS_OFTEN: Final = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def db(ledger: Ledger, ledger_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(ledger_url, autocommit=True) as db:
        yield db


def decided(db: psycopg.Connection[Any], ledger: Ledger, state: list[Rows], *, keep: bool) -> BothWays:
    mine, run_id = stored(db, state)

    def by_the_diff(tx: Transaction) -> None:
        candidates.find(tx, mine, sweep=False, clears=False)
        rest(tx)

    def rest(tx: Transaction) -> None:
        for some in candidates.slices(tx, mine, 2):
            plans.write(tx, mine, run_id, diff(some, Policy()), {}, keep=keep)

    def with_the_database(tx: Transaction) -> None:
        candidates.find(tx, mine, sweep=False, clears=False)
        list(plans.write_additions(tx, mine, run_id, 2, LONGEST_IN_IMPORT, keep=keep))
        rest(tx)

    with ledger.transaction() as tx:
        return written(tx, lambda: with_the_database(tx)), written(tx, lambda: by_the_diff(tx))


@_AS_OFTEN
@given(state=STATE, keep=st.booleans())
def test_who_is_plainly_to_be_added_is_decided_as_by_the_diff(
    state: list[Rows],
    keep: bool,
    db: psycopg.Connection[Any],
    ledger: Ledger,
) -> None:
    with_the_database, by_the_diff = decided(db, ledger, state, keep=keep)

    assert with_the_database == by_the_diff


@pytest.mark.parametrize("state", _NOT_PLAINLY_NEW.values(), ids=_NOT_PLAINLY_NEW)
def test_who_is_not_plainly_to_be_added_is_left_to_the_diff(
    state: list[Rows], db: psycopg.Connection[Any], ledger: Ledger
) -> None:
    with_the_database, by_the_diff = decided(db, ledger, state, keep=True)

    assert with_the_database == by_the_diff


def test_who_is_plainly_to_be_added_needs_no_diff(db: psycopg.Connection[Any], ledger: Ledger) -> None:
    news: list[Rows] = [({**_NEW, "address": address}, None, None, None) for address in ADDRESSES[:3]]
    mine, run_id = stored(db, news)

    with ledger.transaction() as tx:
        assert candidates.find(tx, mine, sweep=False, clears=False) == 3
        assert list(plans.write_additions(tx, mine, run_id, 2, LONGEST_IN_IMPORT)) == [2, 1]
        assert list(candidates.slices(tx, mine, 2)) == []


def recorded(db: psycopg.Connection[Any], ledger: Ledger, state: list[Rows], *, is_done: bool) -> BothWays:
    """What was sent of each contact is in the place of the contact, whose address is of its own."""
    wanted = [
        ({**_NEW, "address": ADDRESSES[number], "fields": sent["values"]}, pair, member, rejected)
        for number, (sent, pair, member, rejected) in enumerate(state)
    ]
    mine, run_id = stored(db, wanted)
    batch_id = a_batch(db, mine, run_id, [sent for sent, *_ in state])

    def by_judging(tx: Transaction) -> None:
        for some in batches.sent(tx, batch_id):
            seen = [judging.seen(judging.sent(row), is_done=is_done) for row in some]
            batches.record(tx, run_id, batch_id, [receipt for receipt in seen if receipt])

    def with_the_database(tx: Transaction) -> None:
        batches.stage_plain(tx, batch_id)
        by_judging(tx)

    with ledger.transaction() as tx:
        return written(tx, lambda: with_the_database(tx)), written(tx, lambda: by_judging(tx))


@_AS_OFTEN
@given(state=st.lists(SENT, min_size=1, max_size=3), is_done=st.booleans())
def test_who_plainly_shows_what_was_sent_is_recorded_as_judging_has_it(
    state: list[Rows],
    is_done: bool,
    db: psycopg.Connection[Any],
    ledger: Ledger,
) -> None:
    with_the_database, by_judging = recorded(db, ledger, state, is_done=is_done)

    assert with_the_database == by_judging


@pytest.mark.parametrize("state", _NOT_PLAINLY_SHOWN.values(), ids=_NOT_PLAINLY_SHOWN)
def test_who_does_not_plainly_show_what_was_sent_is_left_to_judging(
    state: list[Rows], db: psycopg.Connection[Any], ledger: Ledger
) -> None:
    with_the_database, by_judging = recorded(db, ledger, state, is_done=True)

    assert with_the_database == by_judging


def test_of_two_members_of_one_address_the_same_one_counts(db: psycopg.Connection[Any], ledger: Ledger) -> None:
    # They are stored backwards: the one that counts is not the one that was there first.
    with_the_database, by_judging = recorded(
        db, ledger, [(_ADDED, None, _SHE, None), (_ADDED, None, {**_SHE, "address": ADDRESSES[0]}, None)], is_done=True
    )

    assert with_the_database == by_judging
    assert [row["outcome"] for row in by_judging["run_rows"]] == ["verified"]


def test_who_plainly_shows_what_was_sent_needs_no_judging(db: psycopg.Connection[Any], ledger: Ledger) -> None:
    she = {**_SHE, "fields": _NEW["fields"]}
    mine, run_id = stored(
        db, [(_NEW, None, {**she, "status": "deleted"}, None), ({**_NEW, "address": ADDRESSES[1]}, None, she, None)]
    )
    batch_id = a_batch(db, mine, run_id, [_ADDED])

    with ledger.transaction() as tx:
        assert batches.stage_plain(tx, batch_id) == 1
        assert list(batches.sent(tx, batch_id)) == [[]]
        assert batches.record(tx, run_id, batch_id, []) == 1
