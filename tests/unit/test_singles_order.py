from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain import Readdress, Update
from reconciler.ledger.plans import Planned
from reconciler.singles import in_order

if TYPE_CHECKING:
    import random


def moving(contact_id: str, leaves: str, takes: str) -> Planned:
    change = Readdress(contact_id, f"{takes}@example.com", {}, {}, {}, f"member-{contact_id}")
    return Planned(change, takes.encode(), b"", leaves.encode())


def ids(planned: list[Planned]) -> list[str]:
    return [one.change.contact_id for one in planned]


def test_a_chain_begins_at_its_free_end() -> None:
    assert ids(in_order([moving("a", "1", "2"), moving("b", "2", "3"), moving("c", "3", "4")])) == ["c", "b", "a"]


def test_changes_that_have_nothing_to_do_with_each_other_stay_in_their_order() -> None:
    update = Planned(Update("u", "u@example.com", {}, {}, {}, "m", is_single=True), b"u", b"")

    assert ids(in_order([moving("b", "1", "2"), moving("a", "3", "4"), update])) == ["b", "a", "u"]


def test_a_swap_does_not_hang() -> None:
    assert sorted(ids(in_order([moving("a", "1", "2"), moving("b", "2", "1")]))) == ["a", "b"]


@given(st.integers(1, 200), st.randoms(use_true_random=False))
def test_nobody_takes_an_address_before_it_was_left(length: int, shuffled: random.Random) -> None:
    chain = [moving(f"c{at}", str(at), str(at + 1)) for at in range(length)]
    shuffled.shuffle(chain)

    order = in_order(chain)

    assert sorted(ids(order)) == sorted(ids(chain))
    left: set[bytes] = set()
    taken = {one.former_hash for one in chain}
    for one in order:
        assert one.address_hash in left or one.address_hash not in taken
        left.add(one.former_hash or b"")
