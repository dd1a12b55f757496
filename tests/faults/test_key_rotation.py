"""Fault 70: everything is sealed with another key, and that is broken off, or met by a process that runs."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from reconciler import reconcile, rotation
from reconciler.bootstrap import Process
from reconciler.ledger import sealed
from reconciler.request import Request
from reconciler.settings import Settings
from tests.acceptance.test_tokens import hand_over

if TYPE_CHECKING:
    from tests.faults.conftest import Acme

pytestmark = pytest.mark.http
NAMES = ("api_key", "access_token", "refresh_token")


class Killed(BaseException):
    """Nothing of the program sees it coming."""


@pytest.fixture
def renewed(acme: Acme) -> Acme:
    """With a token that is renewed by itself, and a CRM's address of its own."""
    crm = acme.installation.folder / "crm.url"
    crm.write_text(acme.installation.url)
    assert acme.installation.connect("acme", "--crm-url-file", str(crm)).code == 0
    tokens = {"access_token": acme.api.access_token, "refresh_token": acme.api.refresh_token}
    assert hand_over(acme.installation, **tokens).code == 0
    return acme


def ring(acme: Acme) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((acme.installation.folder / "keys.json").read_text())
    return found


def sealed_with(acme: Acme) -> list[str]:
    """The keys of the account's credentials and of the CRM's address."""
    columns = ", ".join(f"{name}_sealed" for name in NAMES)
    values = acme.installation.sql(
        f"SELECT {columns}, crm_url_sealed FROM reconciler.accounts CROSS JOIN reconciler.connections"
    )[0]
    return [value.split(".")[1] for value in values]


def test_everything_is_sealed_with_another_key_and_the_old_one_can_go(renewed: Acme) -> None:
    said = renewed.installation.say("keys", "rotate")

    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("4 values are sealed with k2 now.")
    assert sealed_with(renewed) == ["k2"] * 4
    assert (ring(renewed)["active"], list(ring(renewed)["keys"])) == ("k2", ["k1", "k2"])
    assert (renewed.installation.folder / "keys.json").stat().st_mode & 0o077 == 0
    assert renewed.installation.say("keys", "retire", "k1").code == 0
    assert list(ring(renewed)["keys"]) == ["k2"]
    renewed.arrives()


def test_a_rotation_that_was_killed_at_any_value_goes_on_with_the_same_key(
    renewed: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, done = sealed.replace, 0

    def dying(*told: Any) -> bool:
        nonlocal done
        if done == 2:
            raise Killed
        done += 1
        return replace(*told)

    with monkeypatch.context() as patch:
        patch.setattr(sealed, "replace", dying)
        patch.setattr(rotation, "_BATCH", 1)
        with pytest.raises(Killed), contextlib.suppress(SystemExit):
            renewed.installation.say("keys", "rotate")
    assert sorted(sealed_with(renewed)) == ["k1", "k1", "k2", "k2"]
    assert renewed.installation.say("keys", "retire", "k1").err.startswith("reconciler: 2 values are still sealed")
    renewed.api.door.token("expire")
    renewed.arrives()  # with two keys at once; and the token is sealed with the new one

    said = renewed.installation.say("keys", "rotate")

    assert said.code == 0
    assert "with k2 now" in said.err
    assert sealed_with(renewed) == ["k2"] * 4


def test_a_process_that_was_there_before_reads_the_ring_anew(renewed: Acme) -> None:
    here = Process(Settings.load(os.environ, renewed.installation.folder / ".env"))
    with contextlib.closing(here.ledger()) as ledger:
        parts = here.parts(ledger, lambda _: None)
        assert renewed.installation.say("keys", "rotate").code == 0
        assert renewed.installation.say("keys", "retire", "k1").code == 0

        ended = reconcile.run(parts, "acme", Request("schedule"))

    assert not isinstance(ended, str)
    assert ended is not None
    assert ended.state.value == "completed"
    renewed.is_there()


def test_what_can_t_be_opened_is_named_and_holds_up_nothing_else(renewed: Acme) -> None:
    renewed.installation.sql("UPDATE reconciler.accounts SET client_secret_sealed = access_token_sealed")

    said = renewed.installation.say("keys", "rotate")

    assert said.code == 2
    assert "client_secret of accounts" in said.err
    assert sealed_with(renewed) == ["k2"] * 4
    assert renewed.installation.say("keys", "retire", "k1").code == 2


@pytest.mark.parametrize(
    ("key_id", "told"), [("k1", "k1 is the active key"), ("k9", "has no key 'k9'"), ("secret", "has no key 'secret'")]
)
def test_a_key_that_is_needed_or_is_none_stays(acme: Acme, key_id: str, told: str) -> None:
    said = acme.installation.say("keys", "retire", key_id)

    assert said.code == 2
    assert told in said.err
