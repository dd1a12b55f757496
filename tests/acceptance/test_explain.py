"""Why one person is on the list, or why not: the true reason, out of the ledger, and nothing is changed by asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http
IMPORT = "bulkImportContactsJSON"


@dataclass
class Village:
    """A contact for each bucket, after some runs."""

    installation: Installation
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, who: str, **columns: object) -> None:
        email = columns.pop("email", f"{who}@example.com")
        self.ids[who] = self.installation.add(email, **columns)  # type: ignore[arg-type]  # an address, or None

    def say(self, who: str, *options: str) -> Said:
        return self.installation.say("explain", "acme", who, *options)

    def story(self, who: str) -> Any:
        return self.say(self.ids[who], "--json").json

    def broken_steps(self, who: str) -> list[str]:
        return [step["step"] for step in self.story(who)["steps"] if not step["holds"]]


@pytest.fixture
def village(installation: Installation) -> Village:
    village = Village(installation)
    api = installation.api
    for number, who in enumerate(("ada", "left", "gone", "unsubscribed", "drifted")):
        row_id = f"0000000{number}-0000-4000-8000-000000000000"
        village.add(who, id=row_id, first_name=who.title(), company="Acorn")
    village.add("out", marketing_opt_out=True)
    village.add("dropped", deleted_at="2026-01-01")
    village.add("blank", email=None)
    village.add("odd", email="not an address")
    village.add("former", email="ada@example.com", deleted_at="2026-01-01", id="00000000-0000-0000-0000-000000000000")
    village.add("twin", email="ADA@example.com", first_name="Twin", id="ffffffff-0000-4000-8000-000000000000")
    assert installation.connect("acme", "--consent-basis", "asked at the counter").code == 0
    installation.run()
    installation.later(20)
    api.door.contact(action="leave_list", email="left@example.com", list_id=api.list_id)
    api.door.contact(action="unsubscribe", email="unsubscribed@example.com")
    api.door.contact(action="delete", email="gone@example.com")
    api.door.contact(action="change", email="drifted@example.com", fields={"first_name": "Other"})
    api.door.contact(action="create", email="other@example.com", list_id=api.list_id)
    for who in ("left", "gone", "unsubscribed", "drifted"):
        installation.change(village.ids[who], company="Acorn & Oak")
    village.add("new", first_name="New")
    installation.run()
    return village


OFF = [
    ("left", "left_list", ["matched", "decided"]),
    ("gone", "deleted_there", ["matched", "decided"]),
    ("unsubscribed", "unsubscribed", ["matched", "decided"]),
    ("out", "opted_out", ["in scope", "decided"]),
    ("dropped", "out_of_scope", ["in scope", "decided"]),
    ("blank", "no_email", ["in scope", "decided"]),
    ("odd", "invalid", ["in scope", "decided"]),
    ("twin", "duplicate", ["decided"]),
]


def test_everybody_is_told_the_true_reason_and_asking_changes_nothing(village: Village) -> None:
    calls = village.installation.api.calls()
    runs = village.installation.sql("SELECT count(*) FROM reconciler.runs")

    is_told_since_when_with_which_values_and_on_what_basis(village)
    for who, reason, broken in OFF:
        story = village.story(who)
        assert (story["reason"], village.broken_steps(who)) == (reason, broken)
        assert story["is_on_list"] is (who == "twin")  # the person is, as another contact
        assert story["why"]
        assert story["history"], "each run that left them alone has said so"
    is_told_as_drift(village)
    is_only_there_or_nowhere(village)

    assert village.installation.api.calls() == calls
    assert village.installation.sql("SELECT count(*) FROM reconciler.runs") == runs


def is_told_since_when_with_which_values_and_on_what_basis(village: Village) -> None:
    story = village.story("ada")
    assert (story["is_on_list"], story["reason"]) == (True, "synced")
    assert story["next_try"] == "when the contact or the member changes"
    assert story["why"] == "added by run 2; consent basis: asked at the counter"
    assert [step["step"] for step in story["steps"]] == ["read", "in scope", "matched", "compared", "decided", "answer"]
    assert village.broken_steps("ada") == []
    assert story["evidence"]["values"] == {"company_name": "A***", "first_name": "A***"}
    assert (story["evidence"]["added_by_run"], story["evidence"]["trigger"]) == (2, "cli")
    assert {(row["run_id"], row["code"]) for row in story["history"]} == {(1, "observed"), (2, "")}
    assert "ada@example.com" not in village.say("ada@example.com").out
    told = village.say("ada@example.com", "--unmasked").out
    assert told.startswith("ada@example.com is on the list: added by run 2; consent basis: asked at the counter.")
    assert f"  contact {village.ids['twin']}" in told.partition("The same address have")[2]
    assert 'first_name: "" -> "Ada"' in told


def is_told_as_drift(village: Village) -> None:
    story = village.story("drifted")
    assert (story["is_on_list"], story["reason"]) == (True, "synced")
    veiled = {"field": "first_name", "crm": "D***", "there": "O***", "applied": "D***"}
    assert story["differences"] == [{**veiled, "note": "changed there while the CRM's stayed: kept"}]


def is_only_there_or_nowhere(village: Village) -> None:
    odd = village.say("Not an address", "--json").json
    assert (odd["contact_id"], odd["reason"]) == (village.ids["odd"], "invalid")
    synced = village.say("ada@example.com", "--json").json
    assert (synced["contact_id"], synced["reason"]) == (village.ids["ada"], "synced")
    other = village.say("other@example.com", "--json").json
    assert (other["contact_id"], other["is_on_list"], other["reason"]) == (None, True, "others")
    nobody = village.say("nobody@example.com", "--json").json
    assert (nobody["reason"], nobody["is_on_list"]) == ("unknown", False)
    assert nobody["email"] == "n***@example.com"


def test_just_this_one_is_synced_in_a_few_calls_and_nobody_else(village: Village) -> None:
    installation = village.installation
    installation.change(village.ids["new"], company="Elm")
    installation.change(village.ids["left"], company="Elm")
    village.add("later")
    calls, read_until = installation.api.calls(), installation.sql("SELECT until FROM reconciler.watermarks")

    said = village.say("new@example.com", "--sync", "--json")

    assert (said.code, said.json["reason"]) == (0, "synced")
    assert "\nRun 4 of acme - completed. 1 contact looked at: 1 updated.\n" in said.err
    assert installation.api.calls() - calls <= 6
    assert installation.api.members()["new@example.com"]["company_name"] == "Elm"
    assert "later@example.com" not in installation.api.members()
    report = installation.say("report", "4", "--json").json
    assert report["balanced"] == {"contacts": True, "members": True, "standing": True}
    assert installation.sql("SELECT until FROM reconciler.watermarks") == read_until

    # Who is off stays off; and who was never read can be named by id.
    assert village.say(village.ids["left"], "--sync", "--json").json["reason"] == "left_list"
    assert village.say(village.ids["later"], "--sync", "--json").json["reason"] == "synced"
    assert set(installation.api.members()) >= {"later@example.com"}
    assert installation.run()["state"] == "nothing_to_do"
    assert "has been read yet" in village.say("nobody@example.com", "--sync").err


def test_a_copy_and_a_changed_schema_send_nobody_even_singly(village: Village) -> None:
    installation = village.installation
    village.add("solo")
    installation.sql("""UPDATE reconciler.connections SET home = jsonb_set(home, '{system_identifier}', '"1"')""")
    said = village.say(village.ids["solo"], "--sync", "--json")
    assert (said.code, said.json["is_on_list"]) == (4, False)
    assert installation.say("resume", "acme").code == 0

    installation.sql("ALTER TABLE contacts ALTER COLUMN first_name TYPE integer USING 7")
    assert village.say(village.ids["solo"], "--sync").code == 4
    held = village.say(village.ids["solo"], "--sync")
    assert (held.code, "acme is held, and nothing of it is sent meanwhile" in held.err) == (4, True)
    assert "solo@example.com" not in installation.api.members()


def test_who_waits_is_told_for_what(village: Village) -> None:
    installation = village.installation
    village.add("next")
    assert installation.say("plan", "acme").code == 0
    assert (village.story("next")["reason"], village.story("next")["next_try"]) == ("waiting", "the next run")

    installation.say("pause", "acme")
    assert village.story("next")["reason"] == "paused"
    installation.say("resume", "acme")
    installation.sql("UPDATE reconciler.connections SET observe = true")
    assert village.story("next")["reason"] == "observed"
    installation.sql("UPDATE reconciler.connections SET observe = false")

    installation.say("set", "acme", "poll_patience_seconds=0", "poll_first_seconds=0.01")
    installation.api.door.fault(fault="drop_after", operation=IMPORT)
    installation.run()
    story = village.story("next")
    assert (story["reason"], story["steps"][5]["holds"]) == ("not_yet_seen", False)
    assert story["next_try"] == "the next run looks for it; it is not sent again before"


def test_who_was_refused_is_told_with_the_words_and_the_next_try(village: Village) -> None:
    installation = village.installation
    refusal = '[{"error_key": "contacts.api.validation.error", "error_message": "the name is not one"}]'
    village.add("bad")
    for _ in range(2):
        installation.api.door.fault(fault="status", status=400, operation=IMPORT, body=refusal)
        installation.run()
        installation.sql("UPDATE reconciler.connections SET next_attempt_at = NULL")
    story = village.story("bad")

    assert (story["reason"], story["is_on_list"], story["who"]) == ("refused_in_import", False, "crm")
    assert "the name is not one" in story["why"]
    assert village.broken_steps("bad") == ["decided", "answer"]
