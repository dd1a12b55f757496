"""Faults 70 and 71: a key ring half-way to another key, and sealed values that somebody moved, cut or put back."""

from __future__ import annotations

import base64
import dataclasses
import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.test_tokens import hand_over
from tests.refusals import assert_refused

if TYPE_CHECKING:
    from tests.faults.conftest import Acme

pytestmark = pytest.mark.http
SEALED = ("api_key", "access_token", "refresh_token")


@pytest.fixture
def renewed(acme: Acme) -> Acme:
    """Its token is renewed by itself."""
    tokens = {"access_token": acme.api.access_token, "refresh_token": acme.api.refresh_token}
    assert hand_over(acme.installation, **tokens).code == 0
    return acme


def keys(acme: Acme) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((acme.installation.folder / "keys.json").read_text())
    return found


def change_keys(acme: Acme, ring: dict[str, Any]) -> None:
    (acme.installation.folder / "keys.json").write_text(json.dumps(ring))


def sealed(acme: Acme) -> dict[str, str]:
    columns = ", ".join(f"{name}_sealed" for name in SEALED)
    return dict(zip(SEALED, acme.installation.sql(f"SELECT {columns} FROM reconciler.accounts")[0], strict=True))


def sealed_with(acme: Acme) -> dict[str, str]:
    """By field, the key that it was sealed with."""
    return {name: value.split(".")[1] for name, value in sealed(acme).items()}


def test_with_a_key_ring_half_way_to_another_key_everything_opens_and_what_is_renewed_is_sealed_with_the_new_one(
    renewed: Acme,
) -> None:
    ring = keys(renewed)
    ring["keys"]["k2"] = base64.b64encode(secrets.token_bytes(32)).decode()
    change_keys(renewed, {**ring, "active": "k2"})
    renewed.api.door.token("expire")

    renewed.arrives()

    assert sealed_with(renewed) == {"api_key": "k1", "access_token": "k2", "refresh_token": "k2"}


def test_a_key_that_was_taken_out_too_early_is_named_and_put_back_nothing_was_lost(renewed: Acme) -> None:
    ring = keys(renewed)
    change_keys(renewed, {**ring, "active": "k2", "keys": {"k2": base64.b64encode(secrets.token_bytes(32)).decode()}})
    before, calls = sealed(renewed), renewed.api.calls()

    said = renewed.installation.say("run", "acme")

    assert_refused(said, 2, "was sealed with key k1, which is not in the key ring", "Put that key back")
    assert renewed.installation.say("run", "--all").code == 1
    assert (sealed(renewed), renewed.api.calls()) == (before, calls)
    change_keys(renewed, ring)
    renewed.arrives()


SPOIL = {
    "swapped": "SET access_token_sealed = api_key_sealed, api_key_sealed = access_token_sealed",
    "of another field": "SET access_token_sealed = refresh_token_sealed",
    "of another account": "SET encoded_account_id = 'another'",
    "cut": "SET access_token_sealed = left(access_token_sealed, -8)",
    "cut to nothing": "SET access_token_sealed = ''",
    "changed": "SET access_token_sealed = overlay(access_token_sealed PLACING 'AAAA' FROM 40)",
    "never sealed": "SET access_token_sealed = 'a-plain-token'",
}


@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_sealed_token_that_was_tampered_with_is_not_used_and_needs_another_one(renewed: Acme, spoil: str) -> None:
    account = renewed.installation.sql("SELECT encoded_account_id FROM reconciler.accounts")[0][0]
    renewed.installation.sql(f"UPDATE reconciler.accounts {spoil}")
    calls = renewed.api.calls()

    said = renewed.installation.say("run", "acme")

    assert_refused(said, 2, "accounts.access_token", "onnect again to store")
    assert "plain" not in said.err
    ticked = renewed.installation.say("run", "--all")
    assert (ticked.code, ticked.err.startswith("acme: accounts.access_token")) == (1, True)
    assert "acme: Needs its credentials again: accounts.access_token" in renewed.installation.say("status").out
    assert renewed.api.calls() == calls
    renewed.installation.sql("UPDATE reconciler.accounts SET encoded_account_id = %s", account)
    assert renewed.installation.connect().code == 0
    renewed.arrives()


def test_an_older_token_that_is_put_back_is_refused_there_and_needs_another_one(acme: Acme) -> None:
    """It opens in its place, where it has been before."""
    older = sealed(acme)["access_token"]
    acme.api.door.token("expire")
    api = dataclasses.replace(acme.api, access_token=acme.api.door.token("new")["access_token"])
    again = dataclasses.replace(acme.installation, api=api)
    assert again.connect().code == 0
    acme.installation.sql("UPDATE reconciler.accounts SET access_token_sealed = %s", older)

    assert acme.run().brief == (5, "disconnected", "token_refused")

    assert "bob@example.com" not in acme.api.imported()
    assert again.connect().code == 0
    acme.arrives()
