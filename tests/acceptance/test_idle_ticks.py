"""A tick with nothing to do is found out by a look: no lease, no run, a handful of statements. All else is a run's."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import TYPE_CHECKING

import freezegun
import psycopg
import pytest
import sqlalchemy as sa

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.ledger import connections, glances
from reconciler.request import Request
from reconciler.settings import Settings
from reconciler.window import Mode, Position, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.report import Report
    from tests.installation import Installation

pytestmark = pytest.mark.http
MOST_STATEMENTS = 4


@pytest.fixture
def idle(installation: Installation) -> Installation:
    """Two people on the list, with nothing to do."""
    for who in ("ada", "bob"):
        installation.add(f"{who}@example.com", first_name=who.title())
    installation.connect()
    installation.run()
    installation.later(20)
    assert tick() is None
    return installation


def tick() -> Report | str | None:
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger:
        return reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("schedule", is_tick=True))


def fences(idle: Installation) -> int:
    """It goes up whenever somebody takes the lease: only a run does."""
    return int(idle.sql("SELECT fence FROM reconciler.leases")[0][0])


def position(idle: Installation) -> int:
    return int(idle.sql("SELECT position FROM reconciler.watermarks")[0][0])


@contextlib.contextmanager
def statements() -> Iterator[list[str]]:
    """What the ledger is asked meanwhile."""
    asked: list[str] = []

    def note(db: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    sa.event.listen(sa.engine.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(sa.engine.Engine, "before_cursor_execute", note)


def test_an_idle_tick_takes_no_lease_leaves_no_run_and_asks_the_ledger_a_handful_of_things(idle: Installation) -> None:
    calls, fence, before = idle.api.calls(), fences(idle), position(idle)
    runs = idle.sql("SELECT count(*) FROM reconciler.runs")
    idle.sql("CREATE TABLE somebody_writes_elsewhere ()")

    with statements() as asked:
        assert tick() is None

    assert 1 <= len(asked) <= MOST_STATEMENTS
    assert (idle.api.calls(), fences(idle)) == (calls, fence)
    assert idle.sql("SELECT count(*) FROM reconciler.runs") == runs
    assert position(idle) > before
    assert idle.sql("SELECT agreed_at = last_tick_at FROM reconciler.connections") == [(True,)]


def test_where_the_ledger_is_is_asked_once_a_minute_on_each_database_connection(idle: Installation) -> None:
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger:
        parts, request = here.parts(ledger, lambda _: None), Request("schedule", is_tick=True)
        counts = []
        for seconds in (0, 1, 61):
            with freezegun.freeze_time(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)), statements() as asked:
                assert reconcile.run(parts, "acme", request) is None
            counts.append(sum("which server the ledger is on" in each.lower() for each in asked))

    assert counts == [1, 0, 1]


def test_quiet_ticks_are_counted_whether_a_look_or_a_run_found_them_so(idle: Installation) -> None:
    [(before, since)] = idle.sql("SELECT quiet_ticks, quiet_since FROM reconciler.connections")

    tick()

    assert idle.sql("SELECT quiet_ticks, quiet_since FROM reconciler.connections") == [(before + 1, since)]


def test_who_commits_late_is_found_however_many_looks_found_nothing_meanwhile(idle: Installation) -> None:
    with psycopg.connect(idle.url) as late:
        late.execute("UPDATE contacts SET first_name = 'Late' WHERE email = 'ada@example.com'")
        assert tick() is None
        idle.sql("CREATE TABLE somebody_writes_elsewhere ()")
        assert tick() is None

    assert tick() is not None

    assert idle.api.members()["ada@example.com"]["first_name"] == "Late"


def _changed(idle: Installation) -> None:
    idle.sql("UPDATE contacts SET first_name = 'Another' WHERE email = 'ada@example.com'")


def _looked_at_again(idle: Installation) -> None:
    idle.sql("UPDATE reconciler.pairs SET look_again_at = reconciler.clock()")


def _unsettled(idle: Installation) -> None:
    idle.sql("UPDATE reconciler.batches SET state = 'submitted'")


def _died(idle: Installation) -> None:
    idle.sql(
        "INSERT INTO reconciler.runs (connection_id, fence, trigger, mode, version, started_at)"
        " SELECT connection_id, 0, 'schedule', 'incremental', '0', reconciler.clock() FROM reconciler.connections"
    )


def _unsure(idle: Installation) -> None:
    idle.sql("UPDATE reconciler.contacts SET is_unsure = true")


def _seen_otherwise(idle: Installation) -> None:
    idle.sql("UPDATE reconciler.members SET fields = '{}'")


def _due_to_sweep(idle: Installation) -> None:
    idle.later(25 * 60)


def _failing(idle: Installation) -> None:
    idle.sql("UPDATE reconciler.connections SET failures = 1, failing_since = reconciler.clock()")


def _elsewhere(idle: Installation) -> None:
    idle.sql("""UPDATE reconciler.connections SET home = jsonb_set(home, '{timeline}', '7')""")


def _restructured(idle: Installation) -> None:
    idle.later(15)
    idle.sql("ALTER TABLE contacts ALTER COLUMN first_name TYPE varchar(99)")


def _other_columns(idle: Installation) -> None:
    idle.sql("ALTER TABLE contacts RENAME TO renamed")


@pytest.mark.parametrize(
    "happens",
    [
        _changed,
        _looked_at_again,
        _unsettled,
        _died,
        _unsure,
        _seen_otherwise,
        _due_to_sweep,
        _failing,
        _elsewhere,
        _restructured,
        _other_columns,
    ],
)
def test_whatever_may_be_to_do_is_a_run_s(idle: Installation, happens: Callable[[Installation], None]) -> None:
    fence = fences(idle)
    happens(idle)

    tick()

    assert fences(idle) == fence + 1


def test_where_a_run_goes_on_a_look_notes_nothing(idle: Installation) -> None:
    idle.sql("UPDATE reconciler.leases SET until = reconciler.clock() + interval '1 minute'")
    before = idle.sql("SELECT position, read_at FROM reconciler.watermarks")

    assert tick() == reconcile.ALREADY_RUNNING

    assert idle.sql("SELECT position, read_at FROM reconciler.watermarks") == before


def test_a_look_that_was_overtaken_moves_no_watermark_back(idle: Installation) -> None:
    here = Process(Settings.load(os.environ, None))
    with contextlib.closing(here.ledger()) as ledger, ledger.transaction() as tx:
        connection = connections.by_name(tx, "acme")
        assert connection is not None
        sight = glances.look(tx, connection.connection_id)
        assert sight is not None
        old = sight.mark
        assert old is not None
        idle.sql("CREATE TABLE somebody_writes_elsewhere ()")
        tick()
        moved = idle.sql("SELECT position, read_at FROM reconciler.watermarks")

        seen = Position(old.origin, old.until, old.position, old.position)
        is_noted = glances.note(tx, connection.connection_id, old, Window(Mode.XMIN, None, None), seen)

    assert not is_noted
    assert idle.sql("SELECT position, read_at FROM reconciler.watermarks") == moved
