"""No token is seen where nobody needs it, in whatever form: not printed, not reported, not audited, not stored bare."""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import TYPE_CHECKING

import pytest

from reconciler.bootstrap import Process
from reconciler.cli.shared import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.installation import Installation

pytestmark = pytest.mark.http
SECRET = "c4nary/s3cret+with:signs"


class Canary:
    """Every secret that was ever about, and everything that was ever printed."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.secrets = {SECRET, installation.api.access_token, installation.api.refresh_token}
        self.printed: list[str] = []

    def say(self, *words: str) -> int:
        said = self.installation.say(*words)
        self.printed += [said.out, said.err]
        self.learn()
        return said.code

    def learn(self, action: str | None = None) -> dict[str, str]:
        """Remember the tokens that Constant Contact has given out last."""
        door = self.installation.api.door
        found = door.token(action) if action else {}
        state = door.state(contacts=False)
        self.secrets |= {str(token) for token in found.values() if token}
        assert state["tokens"]
        return found

    def stored(self) -> Iterable[str]:
        """Every row of every table of the ledger, but for what is sealed."""
        tables = self.installation.sql(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'reconciler' AND table_type = 'BASE TABLE'"
        )
        for (table,) in tables:
            for (row,) in self.installation.sql(f"SELECT to_jsonb(t) FROM reconciler.{table} AS t"):
                yield json.dumps({name: value for name, value in row.items() if not name.endswith("_sealed")})

    def everywhere(self) -> str:
        sealed = self.installation.sql("SELECT to_jsonb(a) FROM reconciler.accounts AS a")
        return "\n".join([*self.printed, *self.stored(), json.dumps(sealed)])

    def forms(self) -> Iterable[str]:
        """Each secret bare, as a form has it, and in base64, also where it begins in the middle of something."""
        for secret in self.secrets:
            yield secret
            yield urllib.parse.quote_plus(secret)
            for shift in range(3):
                shifted = base64.b64encode(b"x" * shift + secret.encode()).decode()
                yield shifted[4:-4]
            parts = secret.split(".")
            yield from (part for part in parts if len(part) > 40)


@pytest.fixture
def canary(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Canary:
    monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)
    monkeypatch.setattr("reconciler.tokens._SIBLING_SECONDS", 0.0)
    monkeypatch.setattr("reconciler.api_access._TOKENS_PER_SECOND", 1000.0)
    monkeypatch.setenv("RECONCILER_LOG_LEVEL", "debug")
    installation.add("ada@example.com")
    return Canary(installation)


def hand_over(canary: Canary, *options: str, **given: str) -> int:
    file = canary.installation.folder / "credentials.json"
    file.write_text(json.dumps({"api_key": canary.installation.api.api_key, **given}))
    list_id = canary.installation.api.list_id
    return canary.say("connect", "acme", "--credentials", str(file), "--list-id", list_id, *options)


def assert_unseen(canary: Canary) -> None:
    seen = canary.everywhere()
    assert len(canary.secrets) >= 4
    assert [form for form in canary.forms() if form in seen] == []


def test_no_token_is_seen_after_good_and_bad_refreshes(canary: Canary) -> None:
    api = canary.installation.api
    api.door.switch(client_secret=SECRET)
    tokens = {"access_token": api.access_token, "refresh_token": api.refresh_token, "client_secret": SECRET}
    assert hand_over(canary, **tokens) == 0
    api.door.token("expire")
    assert canary.say("run", "acme") == 0
    opened(canary)
    echo = {"error": "invalid_request", "error_description": f"{api.refresh_token} {SECRET} of {api.access_token}"}
    for trouble in ({"status": 400, "body": echo}, {"status": 503, "body": echo}, {"status": 500, "body": echo}):
        api.door.token("expire")
        api.door.fault(fault="status", operation="token", times=4, **trouble)
        canary.installation.add(f"{trouble['status']}@example.com")
        canary.say("run", "acme")
        canary.say("connect", "acme", "--credentials", str(canary.installation.folder / "credentials.json"))
        canary.installation.sql("UPDATE reconciler.connections SET disconnected_at = NULL, disconnected_reason = NULL")
    api.door.token("revoke")
    assert canary.say("run", "acme") in (0, 1, 5)
    for words in (("status",), ("status", "--json"), ("runs", "--json"), ("report", "--json", "--unmasked")):
        canary.say(*words)

    assert_unseen(canary)


def test_no_token_is_seen_after_the_device_flow(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    api = canary.installation.api
    api.door.switch(device_approval_polls=2)
    monkeypatch.setattr("reconciler.cli.connecting.process", lambda: Process(settings(), sleep=api.door.advance))
    echo = {"error": "authorization_pending", "error_description": f"wait for {api.access_token}"}
    api.door.fault(fault="status", status=400, operation="token", body=echo)

    assert hand_over(canary, "--device") == 0
    opened(canary)
    canary.say("status", "--json")

    assert_unseen(canary)


def opened(canary: Canary) -> None:
    """Learn the tokens that the ledger has now, as only the vault can show them."""
    here = Process(settings())
    vault = here.vault()
    rows = canary.installation.sql(
        "SELECT encoded_account_id, access_token_sealed, refresh_token_sealed FROM reconciler.accounts"
    )
    for row, access, refresh in rows:
        canary.secrets.add(vault.open(access, table="accounts", row=row, field="access_token").reveal())
        canary.secrets.add(vault.open(refresh, table="accounts", row=row, field="refresh_token").reveal())
