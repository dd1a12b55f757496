"""A CRM that can show fewer people than it has: a view that breaks, and what a hold must leave as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.installation import Installation

#: What the demo's own statement is not: something that is read whole in every run.
PEOPLE = "SELECT id::text AS contact_id, email, first_name FROM contacts WHERE deleted_at IS NULL"
NOBODY = f"{PEOPLE} AND false"


def ten_people(installation: Installation) -> Installation:
    """Ten people in the CRM and on the list, and a view that can break."""
    for number in range(10):
        installation.add(f"p{number}@example.com")
    installation.sql(f"CREATE VIEW people AS {PEOPLE}")
    (installation.folder / "contacts.sql").write_text("SELECT * FROM people")
    assert installation.connect("acme", "--contacts-sql", "contacts.sql").code == 0
    assert installation.run()["counts"]["added"] == 10
    return installation


def show(acme: Installation, query: str) -> None:
    """Make another thing of the view."""
    acme.sql(f"CREATE OR REPLACE VIEW people AS {query}")


def at_most(count: int) -> str:
    return f"{PEOPLE} ORDER BY email LIMIT {count}"


def everything(acme: Installation) -> list[Any]:
    """All that a hold must leave as it is."""
    mirror = acme.sql("SELECT contact_id, address, gone_at, changed_at FROM reconciler.contacts ORDER BY 1")
    pairs = acme.sql("SELECT contact_id, verdict FROM reconciler.pairs ORDER BY 1")
    mark = acme.sql("SELECT until, position, read_at FROM reconciler.watermarks")
    return [mirror, pairs, mark, acme.api.members(), acme.api.calls()]


def run_ids(acme: Installation) -> list[int]:
    return [row[0] for row in acme.sql("SELECT run_id FROM reconciler.runs ORDER BY run_id")]


def held_run(acme: Installation) -> int:
    said = acme.say("run", "acme", "--json")
    assert (said.code, said.json["state"], said.json["reason"]) == (4, "held", "source_shrunk")
    return int(said.json["run_id"])


def is_held(acme: Installation) -> bool:
    return acme.say("status", "acme", "--json").json[0]["held"] is not None
