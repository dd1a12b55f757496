"""Odd answers of the token endpoint: none puts the ledger out of order, and none stops the next run."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.bootstrap import Process
from reconciler.cli.shared import settings
from reconciler.credentials import KNOWN
from reconciler.ledger import accounts
from reconciler.secret import Secret
from tests.acceptance.test_tokens import _at_once, hand_over, token_for

if TYPE_CHECKING:
    from tests.installation import Installation

__all__ = ["_at_once"]
pytestmark = [pytest.mark.http, pytest.mark.broken_answer]


def come_to_an_end(installation: Installation) -> None:
    """Connected with a pair, a contact that waits, and an access token that has just ended."""
    installation.add("ada@example.com")
    assert hand_over(installation, **token_for(installation, 60 * 24)).code == 0
    installation.api.door.switch(token_seconds=0)
    installation.later(24 * 60 + 10)


def _history(installation: Installation) -> list[dict[str, Any]]:
    history: list[dict[str, Any]] = installation.api.door.state(contacts=False, history=1000)["history"]
    return history


def answer_once(installation: Installation, **body: object) -> None:
    installation.api.door.fault(fault="body", operation="token", body=body)


@pytest.mark.parametrize("seconds", [1e12, 1e300, -5, "NaN", "Infinity", 0, 40_000_000])
def test_a_life_that_no_token_has_is_taken_for_not_said(installation: Installation, seconds: float | str) -> None:
    come_to_an_end(installation)
    pair = installation.api.door.token("new")
    answer_once(installation, **{**pair, "expires_in": seconds})

    assert installation.run()["state"] == "completed"

    lives = "SELECT extract(epoch FROM token_ends_at - refresh_token_used_at) FROM reconciler.accounts"
    assert round(installation.sql(lives)[0][0]) == 86_400
    assert installation.say("status").code == 0
    assert installation.say("run", "acme").code == 0


@pytest.mark.parametrize("token", ["t\u00f6ken-abcdefgh", "token\nabcdefgh", " ", "two words"])
def test_a_token_that_no_header_can_carry_is_not_kept(installation: Installation, token: str) -> None:
    come_to_an_end(installation)
    answer_once(installation, access_token=token, expires_in=86_400)

    assert installation.run()["state"] == "completed"

    statuses = [entry["status"] for entry in _history(installation) if entry["operation"] == "token"]
    assert statuses == [200, 200], "the first answer was not used, and asked for again"


@pytest.mark.parametrize("token", ["token\nabcdefgh", "t\u00f6ken-abcdefgh"])
def test_a_stored_token_that_no_header_can_carry_is_no_trouble_of_the_network(
    installation: Installation, token: str
) -> None:
    """Such as one that another program has put there."""
    installation.add("ada@example.com")
    installation.connect()
    vault = Process(settings()).vault()
    row = str(installation.sql("SELECT encoded_account_id FROM reconciler.accounts")[0][0])
    sealed = vault.seal(Secret(token), table="accounts", row=row, field="access_token")
    installation.sql("UPDATE reconciler.accounts SET access_token_sealed = %s", sealed)

    report = installation.run("acme", "--full")

    assert (report["state"], report["reason"]) == ("failed", "unforeseen")
    assert "network" not in report["message"]
    assert token not in report["message"]


def test_a_token_that_says_it_ends_in_ages_lasts_a_day(installation: Installation) -> None:
    """The last second of the year 9999 is out of the range of clocks east of Greenwich."""
    hand_over(installation, access_token=installation.api.access_token)
    process = Process(settings())
    with contextlib.closing(process.ledger()) as ledger, ledger.transaction() as tx:
        sealed = dict.fromkeys(KNOWN, "sealed")
        end = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
        account = int(installation.sql("SELECT account_id FROM reconciler.accounts")[0][0])
        accounts.set_credentials(tx, account, sealed, ends_at=end, life_seconds=None)

    life = "SELECT extract(epoch FROM token_ends_at - token_stored_at) FROM reconciler.accounts"
    assert installation.sql(life)[0][0] == 86_400


def test_a_refresh_token_is_said_to_keep_fresh_once_it_has(installation: Installation) -> None:
    come_to_an_end(installation)
    assert "will be renewed by itself; not tried yet" in installation.say("status").out

    installation.run()

    assert "kept fresh by itself" in installation.say("status").out


def test_connect_does_not_promise_what_a_wrong_refresh_token_can_not_keep(installation: Installation) -> None:
    said = hand_over(installation, access_token=installation.api.access_token, refresh_token="not-the-refresh-token")

    assert said.code == 0
    assert "The token will be renewed by itself before it ends; that was not tried yet." in said.err


def test_the_badge_of_a_token_that_has_ended_is_disconnected_since_its_end(installation: Installation) -> None:
    """Also before a run has come by, and none the later because one came by hours after it."""
    pair = token_for(installation, 60 * 24)
    hand_over(installation, access_token=pair["access_token"])
    ends_at = installation.sql("SELECT token_ends_at FROM reconciler.accounts")[0][0].astimezone(dt.UTC)
    installation.later(24 * 60 + 90)

    before = installation.say("status", "acme", "--json").json[0]["badge"]
    assert installation.say("run", "acme").code == 5
    after = installation.say("status", "acme", "--json").json[0]["badge"]

    since = f"Disconnected since {ends_at:%Y-%m-%d %H:%M} UTC. "
    assert before.startswith(since)
    assert after.startswith(since)


def test_another_api_key_has_not_the_pace_of_the_one_before(installation: Installation) -> None:
    installation.connect()
    installation.say("set", "acme", "pace_per_second=10", "pace_per_day=250000")
    file = installation.folder / "another.json"
    file.write_text(json.dumps({"api_key": "another-key", "access_token": installation.api.access_token}))

    assert installation.say("connect", "acme", "--credentials", str(file)).code == 0

    assert installation.say("status", "acme", "--json").json[0]["left_today"] <= 9500
    assert installation.connect().code == 0
    assert installation.say("status", "acme", "--json").json[0]["left_today"] <= 9500


def test_an_account_that_comes_to_an_api_key_has_its_pace(installation: Installation) -> None:
    installation.connect()
    installation.sql(
        "INSERT INTO reconciler.accounts"
        " (encoded_account_id, organization, key_fingerprint, pace_per_second, pace_per_day)"
        " SELECT 'another', 'Another', key_fingerprint, 7, 77 FROM reconciler.accounts"
    )

    installation.connect()

    assert installation.say("set", "acme", "--json").json["pace_per_day"] == 77
