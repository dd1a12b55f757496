"""Shares of all connections: together they are all of them, and none is in two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.shards import Shard


@given(names=st.lists(st.text(max_size=30)), of=st.integers(1, 30))
def test_every_connection_is_in_exactly_one_share(names: list[str], of: int) -> None:
    shares = [Shard(number, of) for number in range(1, of + 1)]

    assert all(sum(share.has(name) for share in shares) == 1 for name in names)


def test_shares_are_about_as_large_as_each_other() -> None:
    names = [f"workspace-{number}" for number in range(10_000)]

    assert all(900 < sum(Shard(number, 10).has(name) for name in names) < 1100 for number in range(1, 11))


def test_a_connection_stays_in_its_share_whatever_the_version() -> None:
    """Two machines of which one is upgraded share nothing else."""
    assert [number for name in ("acme", "zoo") for number in range(1, 8) if Shard(number, 7).has(name)] == [3, 1]


def test_a_share_is_read_as_people_write_it() -> None:
    assert Shard.parse("3/10") == Shard(3, 10)
    assert Shard.parse(" 1/1 ") == Shard(1, 1)


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1.5/3", "1/1001", "\u0661/3"])
def test_what_is_no_share_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="is no shard") as refused:
        Shard.parse(text)

    assert "3/10 is the third of ten" in refused.value.advice
