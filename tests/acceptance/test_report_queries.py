"""The public views and the ready queries on a ledger with real runs behind it: they say what the report says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from tests.installation import Installation

pytestmark = pytest.mark.http
_HOWTO: Final = Path(__file__).parents[2] / "docs" / "howto" / "query-the-reports.md"
_BUCKETS: Final = (
    *("read", "carried_in", "unchanged", "added", "updated", "suppressed", "no_email", "invalid", "duplicate"),
    *("rejected", "deferred", "in_doubt"),
)


def queries() -> list[tuple[str, list[str]]]:
    """The statements of the how-to, each with the columns that it promises."""
    found = re.findall(r"```sql\n(.*?)```\n\nColumns: (.*?)\.", _HOWTO.read_text(encoding="utf-8"), re.DOTALL)
    return [(statement, re.findall(r"`(\w+)`", columns)) for statement, columns in found]


class Town:
    """A connection with two runs behind it: who is added, changed, unsubscribed, gone from the list, and wrong."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.ids = {
            name: installation.add(f"{name}@example.com", first_name=name.title()) for name in ("ada", "bob", "eve")
        }
        self.ids["wrong"] = installation.add("wrong@@example.com")
        self.ids["none"] = installation.add(None)
        self.ids["twin"] = installation.add(
            "ada@example.com", id="ffffffff-ffff-ffff-ffff-ffffffffffff"
        )  # the lowest is synced
        self.ids["out"] = installation.add("out@example.com", marketing_opt_out=True)
        self.ids["odd"] = installation.add("odd@example.com", first_name="x" * 300)
        installation.connect()
        self.first = installation.run()
        api = installation.api
        api.door.contact(action="unsubscribe", email="bob@example.com")
        api.door.contact(action="leave_list", email="eve@example.com", list_id=api.list_id)
        installation.later(20)
        for name in ("ada", "bob", "eve"):
            installation.change(self.ids[name], first_name="Changed")
        self.second = installation.run()

    def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        # A query may have a per cent sign of its own.
        with psycopg.connect(self.installation.url, row_factory=dict_row) as db:
            return db.execute(statement.encode(), parameters or None).fetchall()


@pytest.fixture
def town(installation: Installation) -> Town:
    return Town(installation)


def flat(report: dict[str, Any]) -> dict[str, Any]:
    """A report's numbers under the names that the view has for them."""
    window, members, standing = report["window"], report["members"] or {}, report["standing"]
    kept_off = ("unsubscribed", "left_list", "deleted_there", "not_mailable", "opted_out", "out_of_scope", "forgotten")
    return {
        **{name: report[name] for name in ("run_id", "connection", "state", "trigger", "actor", "mode", "reason")},
        **{name: report["counts"][name] for name in _BUCKETS},
        **{f"suppressed_{name}": report["suppressed"].get(name, 0) for name in kept_off},
        **{f"members_{name}": members.get(name) for name in ("before", "added", "left_elsewhere", "after")},
        **{f"standing_{name}": standing["list"][name] for name in ("members", "from_crm", "still_on_list", "others")},
        "standing_contacts": standing["crm"]["contacts"],
        "standing_on_list": standing["crm"]["on_list"],
        "standing_held_back": sum(standing["crm"]["held_back"].values()),
        **{f"{name}_balance": meets for name, meets in report["balanced"].items()},
        **{f"window_{name}": window[name] for name in ("mode", "since", "until", "recovered_late")},
        **{f"seconds_{stage}": seconds for stage, seconds in report["seconds"].items()},
        **{f"behind_{name}": number for name, number in report["behind"].items()},
        **{f"plan_{name}": found for name, found in report["plan"].items()},
        "list_name": report["list"]["name"],
        "api_calls": report["api"]["calls"],
        "api_calls_left": report["api"]["left_today"],
        "field_refused": report["field_refused"],
        "problems": len(report["problems"]),
        "version": report["version"],
    }


def test_the_views_say_what_the_report_and_the_status_say(town: Town) -> None:
    ids, installation = town.ids, town.installation
    runs = town.rows(
        "SELECT * FROM reconciler.v1_runs WHERE run_id = ANY (%s)", [town.first["run_id"], town.second["run_id"]]
    )
    for report, row in zip((town.first, town.second), sorted(runs, key=lambda row: row["run_id"]), strict=True):
        assert {name: row[name] for name in flat(report)} == flat(report)
        assert row["finished_at"] > row["started_at"]

    problems = {
        (row["contact_id"], row["field"]): (row["bucket"], row["code"], row["email"])
        for row in town.rows("SELECT * FROM reconciler.v1_problems WHERE connection = 'acme'")
    }
    assert problems == {
        (ids["bob"], None): ("suppressed", "unsubscribed", "b***@example.com"),
        (ids["eve"], None): ("suppressed", "left_list", "e***@example.com"),
        (ids["out"], None): ("suppressed", "opted_out", "o***@example.com"),
        (ids["wrong"], None): ("invalid", "invalid", "w***@example.com"),
        (ids["none"], None): ("no_email", "no_email", None),
        (ids["twin"], None): ("duplicate", "duplicate", "a***@example.com"),
        (ids["odd"], "first_name"): ("field_refused", "field_refused", "o***@example.com"),
    }
    optouts = {row["contact_id"]: row["reason"] for row in town.rows("SELECT * FROM reconciler.v1_optouts")}
    assert optouts == {ids["bob"]: "unsubscribed", ids["eve"]: "left_list"}

    changed = town.rows(
        "SELECT * FROM reconciler.v1_run_rows WHERE run_id = %s AND field = 'first_name'", town.second["run_id"]
    )
    values = town.rows("SELECT * FROM reconciler.v1_run_values WHERE run_id = %s", town.second["run_id"])
    assert [(row["email"], row["before"], row["after"]) for row in changed if row["action"] == "update"] == [
        ("a***@example.com", "A***", "C***")
    ]
    assert [(row["email"], row["before"], row["after"]) for row in values if row["action"] == "update"] == [
        ("ada@example.com", "Ada", "Changed")
    ]

    for said in ((), ("pause", "acme"), ("resume", "acme"), ("disconnect", "acme")):
        assert not said or installation.say(*said).code == 0
        (status,) = installation.say("status", "acme", "--json").json
        (row,) = town.rows("SELECT * FROM reconciler.v1_connections WHERE connection = 'acme'")
        assert status["badge"].startswith(row["badge"])
        assert (row["behind_contacts"], row["list_name"], row["account"]) == (
            status["behind"]["contacts"],
            status["list"]["name"],
            status["account"],
        )
        assert (row["last_run_id"], row["last_run_state"]) == (town.second["run_id"], town.second["state"])


def test_each_of_the_ten_queries_gives_the_columns_it_promises(town: Town) -> None:
    text = _HOWTO.read_text(encoding="utf-8")
    asked = queries()
    assert (
        len(asked)
        == len(re.findall(r"^```sql$", text, re.MULTILINE))
        == len(re.findall(r"^### \d+\. ", text, re.MULTILINE))
        == 10
    )

    given = []
    for statement, columns in asked:
        with psycopg.connect(town.installation.url) as db:
            found = db.execute(statement.replace("4711", town.ids["bob"]).encode())
            assert [column.name for column in found.description or ()] == columns
            given.append(found.fetchall())

    why_not, changed, additions, new, unsubscribed, _, sums, written, calls, rejects = given
    assert [row[:3] for row in why_not] == [(town.ids["bob"], "suppressed", "unsubscribed")]
    assert ("a***@example.com", "update", "first_name", "A***", "C***", "verified") in [row[2:] for row in changed]
    assert sum(row[2] for row in additions) == town.first["counts"]["added"]
    assert {row[1] for row in new} >= {"invalid", "unsubscribed", "left_list"}
    assert [(row[1], row[3]) for row in unsubscribed] == [("bob@example.com", "unsubscribed")]
    assert sums == []
    assert written[0][:4] == ("acme", town.ids["ada"], 2, "first_name")
    assert sum(row[3] for row in calls) >= town.first["api"]["calls"] + town.second["api"]["calls"]
    assert [row[:4] for row in rejects] == [("acme", "invalid", 1, 0)]
