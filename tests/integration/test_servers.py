from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler.demo import postgres
from tests.servers import Standby, dumped, server, standby_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.demo.postgres import EmbeddedPostgres

IDENTIFIER = "SELECT system_identifier FROM pg_control_system()"
TIMELINE = "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)"


def write(on: EmbeddedPostgres, name: str) -> None:
    with psycopg.connect(on.url()) as db:
        db.execute("CREATE TABLE IF NOT EXISTS people (name text)")
        db.execute("INSERT INTO people VALUES (%s)", (name,))


def asked(url: str, question: str) -> list[object]:
    with psycopg.connect(url) as db:
        return [answer for (answer,) in db.execute(question.encode())]


def names(url: str) -> list[object]:
    return asked(url, "SELECT name FROM people ORDER BY name")


@pytest.fixture(scope="module")
def primary() -> Iterator[EmbeddedPostgres]:
    with server() as primary:
        yield primary


@pytest.fixture
def standby(primary: EmbeddedPostgres) -> Iterator[Standby]:
    with psycopg.connect(primary.url()) as db:
        db.execute("DROP TABLE IF EXISTS people")
    write(primary, "Ada")
    with standby_of(primary) as standby:
        yield standby


def test_what_is_written_on_the_primary_is_seen_on_the_standby(primary: EmbeddedPostgres, standby: Standby) -> None:
    write(primary, "Bob")
    standby.catch_up()

    assert names(standby.url()) == ["Ada", "Bob"]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        write(standby, "Carol")


def test_a_paused_standby_sees_nothing_new_until_it_is_resumed(primary: EmbeddedPostgres, standby: Standby) -> None:
    standby.catch_up()
    standby.pause()
    write(primary, "Bob")
    standby.receive()
    assert names(standby.url()) == ["Ada"]

    standby.resume()
    standby.catch_up()

    assert names(standby.url()) == ["Ada", "Bob"]


def test_a_standby_that_was_stopped_gets_what_it_missed(primary: EmbeddedPostgres, standby: Standby) -> None:
    standby.stop()
    write(primary, "Bob")
    standby.start()
    standby.catch_up()

    assert names(standby.url()) == ["Ada", "Bob"]


def test_a_promoted_standby_is_the_same_system_on_another_timeline(primary: EmbeddedPostgres, standby: Standby) -> None:
    standby.catch_up()
    standby.promote()
    write(standby, "Carol")

    assert names(standby.url()) == ["Ada", "Carol"]
    assert names(primary.url()) == ["Ada"]
    assert asked(standby.url(), IDENTIFIER) == asked(primary.url(), IDENTIFIER)
    assert asked(standby.url(), TIMELINE) != asked(primary.url(), TIMELINE)
    standby.stop()
    standby.start()
    assert names(standby.url()) == ["Ada", "Carol"]


def test_a_standby_that_takes_over_lacks_what_it_never_got(primary: EmbeddedPostgres, standby: Standby) -> None:
    standby.catch_up()
    standby.stop()
    write(primary, "Bob")
    primary.stop()
    try:
        standby.start()
        standby.promote()
        assert names(standby.url()) == ["Ada"]
    finally:
        primary.start()
    assert names(primary.url()) == ["Ada", "Bob"]


def test_a_standby_follows_a_primary_that_was_restarted(primary: EmbeddedPostgres, standby: Standby) -> None:
    primary.stop()
    primary.start()
    write(primary, "Bob")
    standby.stop()
    standby.start()
    standby.catch_up()

    assert names(standby.url()) == ["Ada", "Bob"]


def test_a_standby_takes_prepared_transactions_as_the_primary_does(primary: EmbeddedPostgres, standby: Standby) -> None:
    with psycopg.connect(primary.url()) as db:
        db.tpc_begin("held")
        db.execute("INSERT INTO people VALUES ('Bob')")
        db.tpc_prepare()
        standby.catch_up()
        assert names(standby.url()) == ["Ada"]
        db.tpc_commit()
    standby.catch_up()

    assert names(standby.url()) == ["Ada", "Bob"]


def test_a_dumped_copy_has_the_same_rows_on_another_system(primary: EmbeddedPostgres) -> None:
    primary.create_database("copied")
    with server() as other:
        other.create_database("copy")
        with psycopg.connect(primary.url("copied")) as db:
            db.execute("CREATE TABLE people AS SELECT 'Ada' AS name")
        dumped(primary.url("copied"), other.url("copy"))

        assert names(other.url("copy")) == ["Ada"]
        assert asked(other.url(), IDENTIFIER) != asked(primary.url(), IDENTIFIER)


def test_servers_end_with_their_block(primary: EmbeddedPostgres) -> None:
    with standby_of(primary) as standby:
        data = Path(str(asked(standby.url(), "SHOW data_directory")[0]))
        assert postgres._servers_on(data)
        assert asked(standby.url(), "SHOW listen_addresses") == [""]

    assert postgres._servers_on(data) == []
    assert not data.exists()
