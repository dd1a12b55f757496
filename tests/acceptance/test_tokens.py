"""Tokens: kept fresh by themselves where they can be, and missed loudly and without loss where they can't."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.installation import Installation, Said

pytestmark = pytest.mark.http


def hand_over(installation: Installation, name: str = "acme", *options: str, **credentials: str) -> Said:
    """Connect with these credentials beside the API key."""
    file = installation.folder / "credentials.json"
    file.write_text(json.dumps({"api_key": installation.api.api_key, **credentials}))
    list_id = installation.api.list_id
    said = installation.say("connect", name, "--credentials", str(file), "--list-id", list_id, *options)
    if said.code == 0:
        installation.say("set", name, "poll_first_seconds=0.02", "read_back_pause_seconds=0.02")
    return said


def token_for(installation: Installation, minutes: float) -> dict[str, str]:
    """A pair whose access token ends so soon; from now on all tokens do."""
    installation.api.door.switch(token_seconds=minutes * 60)
    found = installation.api.door.token("new")
    return {"access_token": found["access_token"], "refresh_token": found["refresh_token"]}


def refreshes(installation: Installation) -> int:
    return int(installation.api.door.state(contacts=False)["tokens"]["refreshes"])


def statuses(installation: Installation, operation: str) -> list[int]:
    history = installation.api.door.state(contacts=False, history=10_000)["history"]
    return [entry["status"] for entry in history if entry["operation"] == operation]


def run(installation: Installation, *options: str) -> tuple[int, dict[str, Any]]:
    said = installation.say("run", "acme", "--json", *options)
    return said.code, json.loads(said.out)


def stored_refresh_token(installation: Installation) -> str | None:
    found = installation.sql("SELECT refresh_token_sealed FROM reconciler.accounts")[0][0]
    return None if found is None else str(found)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries that follow each other at once, and token requests too."""
    monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)
    monkeypatch.setattr("reconciler.tokens._SIBLING_SECONDS", 0.0)
    monkeypatch.setattr("reconciler.tokens._THROTTLED_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr("reconciler.api_access._TOKENS_PER_SECOND", 1000.0)


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """A connection whose token is kept fresh, with one contact on the list and another that waits."""
    installation.add("ada@example.com", first_name="Ada")
    api = installation.api
    assert hand_over(installation, access_token=api.access_token, refresh_token=api.refresh_token).code == 0
    assert run(installation)[0] == 0
    installation.add("bob@example.com", first_name="Bob")
    return installation


def arrives(installation: Installation) -> None:
    code, report = run(installation)
    assert (code, report["state"]) == (0, "completed")
    assert set(installation.api.members()) >= {"ada@example.com", "bob@example.com"}


def test_a_refused_token_is_renewed_once_and_the_run_goes_on(acme: Installation) -> None:
    """Fault 17: one refresh, one retry."""
    before = stored_refresh_token(acme)
    acme.api.door.token("expire")

    arrives(acme)

    assert refreshes(acme) == 1
    assert stored_refresh_token(acme) not in (None, before)
    acme.add("eve@example.com")
    arrives(acme)
    assert refreshes(acme) == 1


def test_a_token_that_ends_in_the_middle_of_an_import_is_renewed_there(acme: Installation) -> None:
    acme.api.door.fault(fault="status", status=401, operation="bulkImportContactsJSON")

    arrives(acme)

    assert refreshes(acme) == 1
    assert statuses(acme, "bulkImportContactsJSON") == [201, 401, 201]


def test_a_token_is_renewed_before_its_known_end_without_any_refusal(installation: Installation) -> None:
    installation.add("ada@example.com")
    hand_over(installation, **token_for(installation, 60))
    installation.add("bob@example.com")
    installation.later(54)
    arrives(installation)
    assert refreshes(installation) == 0
    installation.add("eve@example.com")
    installation.later(2)

    arrives(installation)

    assert refreshes(installation) == 1
    assert 401 not in statuses(installation, "getList")
    ends_in = installation.sql("SELECT token_ends_at - reconciler.clock() > interval '50 min' FROM reconciler.accounts")
    assert ends_in == [(True,)]


def test_a_token_that_is_refused_for_ever_disconnects_and_costs_nobody_anything(acme: Installation) -> None:
    """Fault 18: needs somebody, and no contact is blamed."""
    acme.api.door.fault(fault="status", status=401, operation="getList", times=1000)
    imported = acme.api.imported()

    code, report = run(acme)

    assert (code, report["state"], report["reason"]) == (5, "disconnected", "token_refused")
    assert (report["counts"]["rejected"], report["behind"]["contacts"]) == (0, 1)
    assert acme.api.imported() == imported
    assert acme.sql("SELECT count(*) FROM reconciler.rejects") == [(0,)]
    assert refreshes(acme) == 1


TROUBLE: dict[str, dict[str, object]] = {
    "503": {"fault": "status", "status": 503},
    "429": {"fault": "status", "status": 429},
    "500": {"fault": "status", "status": 500},
    "dropped": {"fault": "drop_before"},
    "html": {"fault": "html", "status": 502},
    "empty": {"fault": "empty", "status": 200},
    "not found": {"fault": "status", "status": 404},
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE)
def test_trouble_at_the_token_endpoint_that_passes_does_not_disconnect(
    acme: Installation, trouble: dict[str, object]
) -> None:
    acme.api.door.token("expire")
    acme.api.door.fault(**trouble, operation="token", times=16 if trouble.get("status") == 429 else 4)

    code, report = run(acme)

    assert (code, report["state"], report["reason"]) == (1, "failed", "unavailable")
    assert acme.say("status", "acme").out.startswith("acme: Connected")
    arrives(acme)


def test_a_token_endpoint_that_asks_for_patience_gets_it(acme: Installation) -> None:
    acme.api.door.token("expire")
    acme.api.door.fault(fault="status", status=429, operation="token", times=3)

    arrives(acme)


def test_trouble_with_renewing_is_nothing_while_the_token_is_still_good(installation: Installation) -> None:
    installation.add("ada@example.com")
    installation.add("bob@example.com")
    hand_over(installation, **token_for(installation, 60))
    installation.later(57)
    installation.api.door.fault(fault="status", status=503, operation="token", times=1)

    arrives(installation)

    assert refreshes(installation) == 0


def test_a_lost_answer_with_rotating_refresh_tokens_is_told_for_what_it_is(acme: Installation) -> None:
    acme.api.door.token("expire")
    acme.api.door.fault(fault="drop_after", operation="token")

    code, report = run(acme)

    assert (code, report["state"], report["reason"]) == (5, "disconnected", "grant_ended")
    assert "never came, and a rotating refresh token is used up by that" in report["message"]
    assert stored_refresh_token(acme) is None


def test_a_lost_answer_with_long_lived_refresh_tokens_does_no_harm(acme: Installation) -> None:
    acme.api.door.switch(refresh_tokens="long_lived")
    acme.api.door.token("expire")
    acme.api.door.fault(fault="drop_after", operation="token")

    arrives(acme)

    assert refreshes(acme) == 2
    acme.add("eve@example.com")
    acme.api.door.token("expire")
    arrives(acme)


def test_a_confidential_application_proves_itself_with_its_secret(installation: Installation) -> None:
    installation.api.door.switch(client_secret="a/b+c:d%e")
    installation.add("ada@example.com")
    installation.add("bob@example.com")
    api = installation.api
    tokens = {"access_token": api.access_token, "refresh_token": api.refresh_token}
    assert hand_over(installation, **tokens, client_secret="a/b+c:d%e").code == 0
    api.door.token("expire")

    arrives(installation)


def test_a_wrong_client_secret_is_told_from_a_dead_token(acme: Installation) -> None:
    acme.api.door.switch(client_secret="another-secret")
    acme.api.door.token("expire")

    code, report = run(acme)

    assert (code, report["reason"]) == (5, "token_refused")
    assert "refused the API key, not the token" in report["message"]
    assert stored_refresh_token(acme) is not None


def test_connections_of_one_account_share_its_token(acme: Installation) -> None:
    """Copies of one rotating refresh token would log each other out."""
    assert hand_over(acme, "other", "--workspace", "acme", access_token=acme.api.access_token).code == 0
    assert "will be renewed by itself; not tried yet" in acme.say("status", "other").out
    acme.api.door.token("expire")

    arrives(acme)
    acme.add("eve@example.com")

    assert acme.say("run", "other").code == 0
    assert "eve@example.com" in acme.api.members()
    assert refreshes(acme) == 1
    assert "kept fresh by itself" in acme.say("status", "other").out


def test_another_api_key_leaves_no_refresh_token_of_the_old_one(acme: Installation) -> None:
    file = acme.folder / "credentials.json"
    file.write_text(json.dumps({"api_key": "another-key", "access_token": acme.api.access_token}))

    assert acme.say("connect", "acme", "--credentials", str(file)).code == 0

    assert stored_refresh_token(acme) is None


def test_connect_says_how_long_the_token_lasts(installation: Installation) -> None:
    tokens = token_for(installation, 60)

    alone = hand_over(installation, access_token=tokens["access_token"])
    renewed = hand_over(installation, **tokens)

    assert "; syncing stops then unless you connect again." in alone.err
    assert "The token will be renewed by itself before it ends; that was not tried yet." in renewed.err


def test_a_token_that_does_not_say_when_it_ends_lasts_a_day(installation: Installation) -> None:
    """What the simulator hands out says so; a token of another form is not readable."""
    hand_over(installation, access_token=installation.api.access_token)
    installation.sql("UPDATE reconciler.accounts SET token_ends_at = NULL")
    assert "not known" in installation.say("status", "acme").out
    found = installation.say("status", "acme", "--json").json[0]["token"]
    assert found == {"ends_at": None, "kept_fresh": False, "stale_at": None, "warning": None}


def test_status_warns_two_hours_before_a_token_ends_that_nothing_renews(installation: Installation) -> None:
    hand_over(installation, access_token=token_for(installation, 24 * 60)["access_token"])
    installation.later(21.9 * 60)
    assert installation.say("status", "acme", "--json").json[0]["token"]["warning"] is None

    installation.later(0.2 * 60)

    told = installation.say("status", "acme")
    assert "  warning   the token ends at " in told.out
    found = installation.say("status", "acme", "--json").json[0]["token"]
    assert (found["kept_fresh"], found["stale_at"]) == (False, None)
    assert "unless you connect again" in found["warning"]


def test_status_warns_three_days_before_a_refresh_token_goes_stale(acme: Installation) -> None:
    acme.later(176.9 * 24 * 60)
    assert acme.say("status", "acme", "--json").json[0]["token"]["warning"] is None

    acme.later(0.2 * 24 * 60)

    found = acme.say("status", "acme", "--json").json[0]["token"]
    assert found["kept_fresh"]
    assert "goes stale" in found["warning"]
    assert "  warning   the refresh token goes stale" in acme.say("status", "acme").out
    acme.api.door.token("expire")
    arrives(acme)
    assert acme.say("status", "acme", "--json").json[0]["token"]["warning"] is None
