"""How changes are found: chosen by what the statement allows, said with its reason, and never one that loses some."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler import connections
from reconciler.limits import Limits
from tests.refusals import assert_refused, stored

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http

HERE = "FROM contacts WHERE workspace = :workspace"
PLAIN = f"SELECT id AS contact_id, email, first_name {HERE}"
DATED = f"SELECT id AS contact_id, email, first_name, updated_at AS changed_at {HERE}"
AGED = f"SELECT id AS contact_id, email, first_name, updated_at AS changed_at, age(xmin) AS row_age {HERE}"
SLOW = DATED.replace("first_name", "concat(first_name, pg_sleep(0.1)) AS first_name")
TITLES = "CREATE TABLE titles (contact uuid PRIMARY KEY, title text)"
JOINED = (
    "SELECT c.id AS contact_id, c.email, t.title AS job_title, c.updated_at AS changed_at, {age} AS row_age"
    " FROM contacts AS c LEFT JOIN titles AS t ON t.contact = c.id WHERE c.workspace = :workspace"
)


def connect(installation: Installation, statement: str) -> Said:
    (installation.folder / "contacts.sql").write_text(statement)
    return installation.connect("acme", "--contacts-sql", "contacts.sql")


def connected(installation: Installation, statement: str) -> Installation:
    installation.add("ada@example.com", first_name="Ada")
    said = connect(installation, statement)
    assert said.code == 0, said.err
    return installation


def window(installation: Installation) -> tuple[str, str]:
    found = installation.say("status", "acme", "--json").json[0]["window"]
    return found["mode"], found["reason"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the first connect reading everything may take no longer than a moment."""
    monkeypatch.setattr(connections, "Limits", functools.partial(Limits, whole_seconds=0.02))


def test_the_default_statement_finds_changes_by_row_versions_and_says_so(installation: Installation) -> None:
    said = installation.connect()

    assert "Window: xmin: by row versions no late commit is missed" in said.err
    mode, reason = window(installation)
    assert mode == "xmin"
    assert "rows that disappear, and what moves no row version, are found by the daily sweep" in reason
    shown = " ".join(installation.say("status", "acme").out.split())
    assert f"window xmin: {reason}" in shown


def test_row_versions_are_reported_as_decimal_numbers(installation: Installation) -> None:
    ada = installation.add("ada@example.com", first_name="Ada")
    installation.connect()
    first = installation.run()["window"]
    installation.change(ada, first_name="Augusta")

    report = installation.run()

    assert (first["since"], report["window"]["since"]) == (None, first["until"])
    assert (report["window"]["mode"], report["window"]["overlap_seconds"]) == ("xmin", 0)
    assert int(report["window"]["until"]) > int(first["until"])
    assert report["counts"]["read"] == 1


def test_a_change_that_is_committed_late_is_found_by_row_versions(installation: Installation) -> None:
    connected(installation, AGED)
    installation.run()
    with psycopg.connect(installation.url) as slow:
        slow.execute("UPDATE contacts SET first_name = 'Augusta', updated_at = now() - interval '1 hour'")
        installation.add("bob@example.com")
        assert installation.run()["counts"]["added"] == 1
        installation.later(30)
        slow.commit()

    assert installation.run()["counts"]["updated"] == 1
    assert installation.api.members()["ada@example.com"]["first_name"] == "Augusta"


@pytest.mark.parametrize(
    ("statement", "obstacle"),
    [(PLAIN, "the statement has no row_age"), (DATED, "the statement has no row_age")],
    ids=["plain", "dated and quick"],
)
def test_without_row_age_everything_is_read_while_that_is_quick(
    installation: Installation, statement: str, obstacle: str
) -> None:
    connected(installation, statement)

    mode, reason = window(installation)

    assert mode == "whole"
    assert reason.startswith(f"{obstacle}; every run reads everything, which takes ")
    report = installation.run()
    assert (report["window"]["mode"], report["window"]["since"]) == ("whole", None)
    assert installation.run()["mode"] == "incremental"


@pytest.mark.usefixtures("impatient")
def test_a_slow_statement_with_a_time_overlaps_and_says_what_it_can_miss(installation: Installation) -> None:
    connected(installation, SLOW)

    mode, reason = window(installation)

    assert mode == "overlap"
    assert "the statement has no row_age, and reading everything takes longer than 0.02 s" in reason
    assert (
        "until the daily sweep it can miss what is committed later than overlap_seconds after its changed_at" in reason
    )
    installation.run()
    assert installation.run()["window"]["overlap_seconds"] == 600


@pytest.mark.usefixtures("impatient")
def test_a_slow_statement_without_a_time_is_read_whole(installation: Installation) -> None:
    connected(installation, SLOW.replace(", updated_at AS changed_at", ""))

    mode, reason = window(installation)

    assert mode == "whole"
    assert "longer than 0.02 s" in reason


def test_what_is_chosen_automatically_goes_by_the_connections_own_limits(installation: Installation) -> None:
    connected(installation, SLOW)
    assert window(installation)[0] == "whole"
    assert installation.say("set", "acme", "whole_seconds=0.02").code == 0

    assert installation.say("set", "acme", "window=auto").code == 0

    assert window(installation)[0] == "overlap"


@pytest.mark.parametrize("mode", ["xmin", "whole", "overlap"])
def test_somebody_may_choose_any_window_that_is_right(installation: Installation, mode: str) -> None:
    connected(installation, AGED)
    installation.run()

    said = installation.say("set", "acme", f"window={mode}")

    assert (said.code, said.err) == (0, f"acme: window={mode}\n")
    assert window(installation)[0] == mode
    assert window(installation)[1].startswith("chosen by an admin: ")
    assert f"window={mode}" in installation.say("set", "acme").out
    installation.add("bob@example.com")
    report = installation.run()
    assert (report["window"]["mode"], report["mode"], report["counts"]["added"]) == (mode, "incremental", 1)


def test_another_window_goes_on_where_the_last_one_stopped(installation: Installation) -> None:
    ada = connected(installation, AGED).sql("SELECT id::text FROM contacts")[0][0]
    installation.run()

    for number, mode in enumerate(("overlap", "xmin", "whole", "overlap", "whole", "xmin")):
        installation.change(ada, first_name=f"Ada {number}")
        installation.say("set", "acme", f"window={mode}")
        report = installation.run()
        assert (report["mode"], report["counts"]["updated"], report["window"]["mode"]) == ("incremental", 1, mode)


@pytest.mark.parametrize(
    ("statement", "mode", "obstacle"),
    [
        (DATED, "xmin", "the statement has no row_age"),
        (PLAIN, "overlap", "the statement has no changed_at"),
        (JOINED.format(age="age(c.xmin)"), "xmin", "row_age does not count titles (as t): add age(t.xmin) by least()"),
    ],
    ids=["no row_age", "no changed_at", "a table not counted"],
)
def test_a_window_that_would_lose_changes_is_refused_and_nothing_changes(
    installation: Installation, statement: str, mode: str, obstacle: str
) -> None:
    installation.sql(TITLES)
    connected(installation, statement)
    before = (window(installation), installation.say("set", "acme", "--json").json)

    said = installation.say("set", "acme", f"window={mode}", "interval_seconds=77")

    assert_refused(
        said, 2, f"the window {mode} can't be right there: {obstacle}", "window=auto takes the best there is"
    )
    assert (window(installation), installation.say("set", "acme", "--json").json) == before


def test_a_window_that_there_is_not_is_refused(installation: Installation) -> None:
    connected(installation, AGED)

    assert_refused(installation.say("set", "acme", "window=sweep"), 2, "window is one of auto, xmin, whole, overlap")


def test_a_joined_table_that_is_counted_is_read_by_row_versions(installation: Installation) -> None:
    installation.sql(TITLES)
    connected(installation, JOINED.format(age="least(age(c.xmin), age(t.xmin))"))
    assert window(installation)[0] == "xmin"
    installation.run()
    installation.sql("INSERT INTO titles SELECT id, 'Countess' FROM contacts")

    assert installation.run()["counts"]["updated"] == 1


def test_a_joined_table_that_is_not_counted_is_named_and_everything_is_read(installation: Installation) -> None:
    installation.sql(TITLES)
    connected(installation, JOINED.format(age="age(c.xmin)"))

    mode, reason = window(installation)

    assert mode == "whole"
    assert reason.startswith("row_age does not count titles (as t): add age(t.xmin) by least(); every run reads")


def test_connecting_again_keeps_what_was_chosen(installation: Installation) -> None:
    connected(installation, AGED)
    installation.say("set", "acme", "window=overlap")

    assert "Window: overlap: chosen by an admin" in connect(installation, AGED.replace("first_name", "last_name")).err

    assert window(installation)[0] == "overlap"


def test_connecting_again_with_what_cannot_have_the_chosen_window_is_refused(installation: Installation) -> None:
    connected(installation, AGED)
    installation.say("set", "acme", "window=overlap")

    assert_refused(connect(installation, PLAIN), 2, "the window overlap can't be right there", "no changed_at")

    assert "changed_at" in installation.say("status", "acme", "--json").json[0]["statement"]["columns"]


def test_a_time_without_a_zone_is_refused_and_says_how_to_declare_it(installation: Installation) -> None:
    installation.sql("ALTER TABLE contacts ADD COLUMN touched timestamp DEFAULT now()")

    said = connect(installation, DATED.replace("updated_at", "touched"))

    assert_refused(said, 2, "changed_at is of type timestamp without time zone", "say in which zone it is kept")
    assert "changed_at AT TIME ZONE 'UTC' AS changed_at" in said.err
    assert stored(installation) == 0
    assert connect(installation, DATED.replace("updated_at", "touched AT TIME ZONE 'UTC'")).code == 0
