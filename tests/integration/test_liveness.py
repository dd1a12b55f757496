"""A connection to the ledger that is gone is replaced before it is used, and who was quiet for long is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy as sa

from reconciler.ledger import liveness

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKED = "SELECT pg_backend_pid()"


@dataclass
class Pooled:
    """An engine as the ledger has it, under a clock of the test, that counts how often the server was asked."""

    url: str
    now: float = 0.0
    asked: int = 0
    engine: sa.Engine = field(init=False)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(self.url))
        liveness.watch(self.engine, lambda: self.now)
        ping = self.engine.dialect.do_ping

        def counted(driver: Any) -> bool:
            self.asked += 1
            return ping(driver)

        self.engine.dialect.do_ping = counted  # type: ignore[assignment]  # the very one that is asked

    def backend(self) -> int:
        with self.engine.begin() as tx:
            return int(tx.exec_driver_sql(ASKED).scalar_one())


@pytest.fixture
def pooled(database_url: str) -> Iterator[Pooled]:
    made = Pooled(database_url)
    yield made
    made.engine.dispose()


def test_who_was_just_used_is_not_asked(pooled: Pooled) -> None:
    first = pooled.backend()

    assert (pooled.backend(), pooled.asked) == (first, 0)


def test_who_was_quiet_for_long_is_asked_and_stays(pooled: Pooled) -> None:
    first = pooled.backend()
    pooled.now += 1.5

    assert (pooled.backend(), pooled.asked) == (first, 1)


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_who_was_ended_meanwhile_is_replaced_however_short_a_time_ago(pooled: Pooled, seconds: float) -> None:
    first = pooled.backend()
    with psycopg.connect(pooled.url, autocommit=True) as db:
        db.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    pooled.now += seconds

    assert pooled.backend() != first
