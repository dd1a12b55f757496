"""Faults 32, 33, 35 and 40: imports that leave somebody out without a name, or end before an earlier one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.faults.conftest import Acme
    from tests.faults.gate import Gate, Handler

pytestmark = pytest.mark.http


def take_all_but(gate: Gate, address: str) -> None:
    """Constant Contact leaves somebody out of an import, and says no more than that there was one."""

    def lose(handler: Handler) -> None:
        body = json.loads(handler.body)
        body["import_data"] = [row for row in body["import_data"] if row["email"] != address]
        handler.body = json.dumps(body).encode()
        handler.headers.replace_header("Content-Length", str(len(handler.body)))
        handler.hand_on()

    def tell(handler: Handler) -> None:
        status, content, kind = handler.delivered()
        activity = json.loads(content)
        activity["status"]["error_count"] = 1
        handler.say(status, json.dumps(activity).encode(), kind)

    gate.instead("POST /v3/activities/contacts_json_import", lose)
    gate.instead("GET /v3/activities/", tell)


@pytest.mark.broken_answer
def test_who_was_left_out_without_a_name_is_named_by_the_read_back(acme: Acme, gate: Gate) -> None:
    eve = acme.installation.add("eve@example.com")
    take_all_but(gate, "eve@example.com")

    report = acme.installation.run()

    counts = report["counts"]
    assert (report["state"], counts["added"], counts["rejected"]) == ("completed_with_problems", 1, 1)
    (refused,) = acme.installation.say("rejects", "acme", "--json").json
    assert (refused["contact_id"], refused["code"]) == (eve, "refused_by_import")
    assert "error_count 1" in refused["message"]
    assert set(acme.api.members()) == {"ada@example.com", "bob@example.com"}
    assert acme.installation.run()["state"] == "nothing_to_do"


def test_who_unsubscribes_right_before_the_import_is_refused_there_and_kept_off_from_then_on(acme: Acme) -> None:
    """Their state was read, and the intent is on disk: nobody here can know it any more."""
    door, off = acme.api.door, ("ada@example.com", "eve@example.com")
    door.contact(action="create", email="eve@example.com")
    acme.installation.add("eve@example.com", first_name="Eve")
    acme.installation.sql("UPDATE contacts SET first_name = 'Augusta' WHERE email = 'ada@example.com'")

    def leave(words: str) -> None:
        if words.startswith("sending"):
            for address in off:
                door.contact(action="unsubscribe", email=address)

    report = acme.installation.run_telling(leave)

    assert (report["state"], report["counts"]["added"]) == ("completed", 1)
    assert report["suppressed"] == {"unsubscribed": 2}
    imported = acme.api.imported()
    acme.installation.sql("UPDATE contacts SET first_name = 'Beatrice' WHERE email = ANY(%s)", list(off))
    for options in ((), ("--full",)):
        assert acme.installation.run("acme", *options)["counts"]["suppressed"] == 2
    assert acme.api.imported() == imported
    people = {contact["email_address"]["address"]: contact for contact in door.state()["contacts"]}
    assert {people[address]["email_address"]["permission_to_send"] for address in off} == {"unsubscribed"}
    assert acme.api.list_id not in people["eve@example.com"].get("list_memberships", ())


def test_an_import_that_ends_before_an_earlier_one_lets_no_older_value_win(acme: Acme) -> None:
    door, sent = acme.api.door, []
    acme.installation.add("eve@example.com", first_name="Eve")
    acme.installation.say("set", "acme", "batch_contacts=1", "poll_patience_seconds=0.1")
    door.switch(activity_seconds=600)

    def hurry(words: str) -> None:
        sent.extend([words] if words.startswith("sending") else [])
        if len(sent) == 2:
            door.switch(activity_seconds=0)

    first = acme.installation.run_telling(hurry)
    slow, quick = acme.api.imported()[-2:]
    acme.installation.sql("UPDATE contacts SET first_name = 'Newer'")
    second = acme.installation.run()

    assert (first["counts"]["added"], first["counts"]["in_doubt"]) == (1, 1)
    assert (second["counts"]["updated"], second["counts"]["in_doubt"]) == (2, 1)
    assert slow not in acme.api.members()
    door.advance(601)
    for _ in range(2):
        acme.installation.run()
    assert {member["first_name"] for member in acme.api.members().values()} == {"Newer"}
    assert [address for address in acme.api.imported() if address in (slow, quick)] == [slow, quick, quick, slow]
    assert acme.installation.run()["api"]["calls"] == 0
