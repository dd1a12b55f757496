"""The files that the console gives: whoever takes one slowly, or breaks off, keeps nobody else waiting."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from reconciler import database_url as urls
from reconciler.console import dispatch, runs, sessions
from reconciler.console.answers import Download
from reconciler.console.asked import Asked
from reconciler.errors import LedgerError, UsageError
from reconciler.ledger.database import Ledger, most_connections
from tests.console import Visitor, open_console

if TYPE_CHECKING:
    from tests.installation import Installation

#: More than there are connections to the ledger.
_MANY = most_connections(1) + 1


def begun(visitor: Visitor, run: int) -> Download:
    """A download of a run's rows, of which nothing has been read yet."""
    route = next(each for each in runs.ROUTES if each.handler is runs.as_csv)
    cookies = {sessions.COOKIE: str(visitor.client.cookies[sessions.COOKIE])}
    asked = Asked(
        "GET",
        "",
        wants_json=False,
        query={},
        form={},
        headers={},
        cookies=cookies,
        place="",
        request_id="1",
        names={"run_id": str(run)},
    )
    answer, _ = dispatch.answer(visitor.console.desk, route, asked)
    assert isinstance(answer, Download)
    return answer


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """Connected, with two contacts on the list."""
    for name in ("ada", "bob"):
        installation.add(f"{name}@example.com")
    assert installation.connect().code == 0
    assert installation.run()["counts"]["added"] == 2
    return installation


def test_downloads_that_stand_still_keep_no_connection_to_the_ledger(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_PORTION", 1)
    [(run,)] = acme.sql("SELECT max(run_id) FROM reconciler.runs")
    with open_console(acme) as console:
        visitor = console.signed_in()
        whole = list(begun(visitor, run).parts)
        standing = [begun(visitor, run).parts for _ in range(_MANY)]
        assert [[next(parts), next(parts)] for parts in standing] == [whole[:2]] * _MANY
        assert "acme" in visitor.page("/")
        assert list(standing[0]) == whole[2:]
    assert len(whole) == 3


def test_rows_that_are_deleted_while_they_are_taken_are_no_whole_file(
    acme: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_PORTION", 1)
    [(run,)] = acme.sql("SELECT max(run_id) FROM reconciler.runs")
    with open_console(acme) as console:
        parts = begun(console.signed_in(), run).parts
        assert [next(parts), next(parts)]
        acme.sql("DELETE FROM reconciler.run_rows")
        acme.sql("UPDATE reconciler.runs SET purged_at = now()")
        with pytest.raises(UsageError, match="were deleted on"):
            list(parts)


def test_a_ledger_whose_connections_are_all_in_use_is_said_to_be(
    lonely: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(urls.parse(lonely.url))
    monkeypatch.setattr(ledger._engine.pool, "_timeout", 0.05)
    with ExitStack() as stack:
        stack.callback(ledger.close)
        for _ in range(most_connections(1)):
            stack.enter_context(ledger.transaction())
        with pytest.raises(LedgerError, match="all database connections of this process to the ledger"):
            stack.enter_context(ledger.transaction())
