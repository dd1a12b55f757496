"""The right to run a connection: one holder at a time, by the database's clock, and a fence for who comes too late."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import psycopg
import pytest

from reconciler.errors import LeaseLost, LedgerError
from reconciler.ledger import leases
from reconciler.ledger.database import Ledger, one
from tests import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from reconciler.ledger.database import Transaction
    from reconciler.ledger.leases import Lease

_NEVER: Final = 1000.0


@pytest.fixture
def acme(ledger_url: str) -> int:
    with psycopg.connect(ledger_url) as db:
        return stored.a_connection(db, "acme")


@pytest.fixture
def later(ledger_url: str) -> Callable[[float], None]:
    """Sets the ledger's clock ahead."""

    def set_ahead(seconds: float) -> None:
        with psycopg.connect(ledger_url) as db:
            db.execute(
                "INSERT INTO reconciler.clock_offset (ahead) VALUES (make_interval(secs => %s))"
                " ON CONFLICT (only_row) DO UPDATE SET ahead = clock_offset.ahead + EXCLUDED.ahead",
                (seconds,),
            )

    return set_ahead


def leased(ledger: Ledger, connection: int, renew: float = _NEVER) -> AbstractContextManager[Lease | None]:
    return leases.lease(ledger, connection, "somebody", seconds=60, renew=renew)


def write(ledger: Ledger, lease: Lease) -> None:
    with ledger.transaction(lease.held):
        pass


def test_it_is_taken_once_and_again_after_it_was_given_back(ledger: Ledger, acme: int) -> None:
    with leased(ledger, acme) as first:
        with leased(ledger, acme) as second:
            assert second is None
        assert first is not None
        write(ledger, first)

    with leased(ledger, acme) as third:
        assert third is not None
        assert third.fence == first.fence + 1


def test_it_is_given_back_also_by_who_fails(ledger: Ledger, acme: int) -> None:
    with pytest.raises(RuntimeError), leased(ledger, acme):
        raise RuntimeError

    with leased(ledger, acme) as again:
        assert again is not None


def test_of_many_who_want_it_at_once_one_has_it(ledger: Ledger, acme: int) -> None:
    together = threading.Barrier(4, timeout=30)

    def take(_: int) -> bool:
        together.wait()
        with leased(ledger, acme) as lease:
            together.wait()
            return lease is not None

    with ThreadPoolExecutor(4) as several:
        assert sorted(several.map(take, range(4))) == [False, False, False, True]


def test_after_it_lapsed_another_takes_it_and_the_first_writes_nothing_more(
    ledger: Ledger, acme: int, later: Callable[[float], None]
) -> None:
    with leased(ledger, acme) as first:
        assert first is not None
        later(59)
        with leased(ledger, acme) as too_early:
            assert too_early is None
        later(2)
        write(ledger, first)  # nobody else wants it yet
        with leased(ledger, acme) as second:
            assert second is not None
            assert second.fence > first.fence
            with pytest.raises(LeaseLost):
                write(ledger, first)
            write(ledger, second)

    with pytest.raises(LeaseLost), ledger.transaction((acme, first.fence)):
        pytest.fail("a late writer got in")


def test_who_lost_it_gives_back_nothing_that_is_anothers(
    ledger: Ledger, acme: int, later: Callable[[float], None]
) -> None:
    with contextlib.ExitStack() as second:
        with leased(ledger, acme):
            later(61)
            second.enter_context(leased(ledger, acme))
        with leased(ledger, acme) as third:
            assert third is None


def test_it_is_renewed_as_long_as_it_is_held(ledger: Ledger, acme: int, later: Callable[[float], None]) -> None:
    with leased(ledger, acme, renew=0.05) as first:
        assert first is not None
        for _ in range(3):
            later(40)
            left = _seconds_left(ledger, acme, wanted=50)
            assert left > 50
        with leased(ledger, acme) as second:
            assert second is None
        assert not first.lost.is_set()


def test_who_can_no_longer_renew_it_is_told(ledger: Ledger, acme: int, ledger_url: str) -> None:
    with leased(ledger, acme, renew=0.05) as first:
        assert first is not None
        with psycopg.connect(ledger_url) as db:
            db.execute("UPDATE reconciler.leases SET fence = fence + 1, holder = 'somebody else'")
        assert first.lost.wait(10)


def test_while_a_write_goes_on_a_renewal_passes_and_nobody_takes_over_nor_waits(
    ledger: Ledger, acme: int, later: Callable[[float], None]
) -> None:
    with ThreadPoolExecutor(1) as other, leased(ledger, acme) as first:
        assert first is not None
        with ledger.transaction(first.held):
            with ledger.transaction() as tx:
                tx.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
                assert one(tx, "lease_renew", connection_id=acme, fence=first.fence, seconds=60) is not None
            later(61)
            assert other.submit(_fence_of_a_takeover, ledger, acme).result(10) == 0
        assert _fence_of_a_takeover(ledger, acme) == first.fence + 1


@pytest.mark.timeout(60)
def test_a_renewal_and_a_write_that_stand_still_keep_nobody_from_taking_over(
    ledger: Ledger, acme: int, later: Callable[[float], None]
) -> None:
    """As when a host is cut off in the middle; of a row that two transactions lock the server does not say who."""
    with leased(ledger, acme) as first:
        assert first is not None
        with standing_still(ledger, first.held), standing_still(ledger) as tx:
            assert one(tx, "lease_renew", connection_id=acme, fence=first.fence, seconds=60) is not None
            later(61)
            deadline = time.monotonic() + 15
            while (fence := _fence_of_a_takeover(ledger, acme)) == 0:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert fence == first.fence + 1


@contextlib.contextmanager
def standing_still(ledger: Ledger, held: tuple[int, int] | None = None) -> Iterator[Transaction]:
    """A transaction that is ended by others."""
    with contextlib.suppress(LedgerError), ledger.transaction(held) as tx:
        yield tx


def _fence_of_a_takeover(ledger: Ledger, connection: int) -> int:
    with leased(ledger, connection) as lease:
        return 0 if lease is None else lease.fence


def _seconds_left(ledger: Ledger, connection: int, wanted: float) -> float:
    """How long the lease lasts, once it lasts as long as is wanted, or after a while."""
    left, deadline = 0.0, time.monotonic() + 10
    while left <= wanted and time.monotonic() < deadline:
        with ledger.transaction() as tx:
            found = tx.exec_driver_sql(
                "SELECT extract(epoch FROM until - reconciler.clock()) FROM reconciler.leases WHERE connection_id = %s",
                (connection,),
            )
            left = float(found.scalar_one())
    return left
