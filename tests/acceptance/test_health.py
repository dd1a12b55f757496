"""`health` and `status`: whether the program can do its work, and how fresh the list is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.installation import Installation

MOST_WAITING = "the list is at most 31 min behind the CRM"


def test_how_far_the_list_is_behind_is_said_in_the_same_words_everywhere(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.connect()
    installation.run()
    assert installation.say("run", "--all").code == 0  # a quiet tick
    well = installation.say("health", "--strict")
    assert well.code == 0
    assert "acme: connected, the list is at most 1 min behind the CRM" in well.out
    assert "both sides last agreed 0 min ago; opt-outs read 0 min ago; 1 quiet tick since " in well.out
    assert "1 quiet tick since " in installation.say("status").out
    assert "1 quiet tick since " in installation.say("runs", "acme").out

    assert_what_waits_counts(installation)

    installation.say("pause", "acme")
    paused = installation.say("health", "--strict", "--json")
    assert (paused.code, paused.json["connections"][0]["state"]) == (0, "paused")
    installation.say("resume", "acme")
    assert installation.say("run", "acme").code == 0
    assert installation.say("health", "--strict").code == 0
    assert installation.api.members().keys() == {"ada@example.com", "bob@example.com"}


def assert_what_waits_counts(installation: Installation) -> None:
    """Nothing is pushed for half an hour, and then the scheduler stands still."""
    installation.add("bob@example.com")
    with_less = "--observe"
    assert installation.say("connect", "acme", *installation.credentials(), with_less).code == 0
    assert installation.say("run", "--all").code == 0
    assert installation.say("start", "acme").code == 0
    installation.later(minutes=30)
    late = installation.say("health", "--strict", "--json")
    assert late.code == 1
    found = late.json["connections"][0]
    assert (found["headline"], found["waiting"]["contacts"]) == (MOST_WAITING, 1)
    assert found["late"] == "the last tick was 30 min ago, and one is promised every 5 min: is the scheduler running?"
    assert f"{MOST_WAITING}: 1 contact waiting, the oldest for 30 min" in installation.say("status").out
    assert installation.say("status", "--json").json[0]["freshness"]["headline"] == MOST_WAITING
    assert installation.say("health").code == 0  # the process itself can do its work
    assert installation.say("health", "--strict", "--every", "1h").code == 0


def test_a_process_that_can_do_nothing_says_why(lonely: Installation) -> None:
    assert lonely.say("health").out == "Settings, database, schema and keys are right.\n"
    Path("keys.json").unlink()
    no_keys = lonely.say("health", "--json")
    assert (no_keys.code, no_keys.json["healthy"]) == (2, False)
    assert "keys.json" in no_keys.json["why"]
    lonely.sql("DROP SCHEMA reconciler CASCADE")
    assert "no schema yet" in lonely.say("health").err


def test_the_freshness_of_all_is_read_without_looking_at_any_contact(lonely: Installation) -> None:
    text = Path(__file__).parents[2].joinpath("sql", "ledger", "connections_ages.sql").read_text()
    text = text.replace(":workspaces", "NULL")
    lonely.sql(
        "INSERT INTO reconciler.accounts (encoded_account_id, organization, key_fingerprint) VALUES ('a', 'Acme', '')"
    )
    lonely.sql(
        "INSERT INTO reconciler.connections (name, account_id, list_id, list_name, workspace, statement, columns,"
        " mapping_digest, connected_at, window_mode, window_reason) SELECT 'c' || n, account_id, gen_random_uuid(),"
        " 'l', 'w', 's', '{}', '', now(), 'xmin', '' FROM reconciler.accounts, generate_series(1, 2000) AS n"
    )
    lonely.sql("ANALYZE reconciler.connections")

    of_all = lonely.sql("EXPLAIN " + text.replace(":connection_id", "NULL"))
    of_one = lonely.sql("EXPLAIN " + text.replace(":connection_id", "1"))

    assert not [line for (line,) in of_all if any(name in line for name in ("contacts", "pairs", "members", "runs"))]
    assert [line for (line,) in of_one if "connections_pkey" in line]
    assert len(lonely.say("health", "--json").json["connections"]) == 2000
