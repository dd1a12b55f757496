"""Another key for thousands of workspaces: killed half-way it goes on, and no token renewed meanwhile is lost."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest

from reconciler import database_url, rotation
from reconciler.key_ring import KeyRing
from reconciler.ledger import accounts, sealed
from reconciler.ledger.database import Ledger
from reconciler.secret import Secret
from reconciler.vault import Vault
from tests import stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reconciler.ledger.database import Row, Transaction
    from tests.installation import Installation

ACCOUNTS = 2000
#: Of each account two values, and one connection with a CRM's address.
VALUES = 2 * ACCOUNTS + 1
UNDER = "SELECT count(*) FROM reconciler.accounts AS a CROSS JOIN LATERAL (VALUES (access_token_sealed),"
UNDER += " (refresh_token_sealed)) AS f (sealed) WHERE split_part(f.sealed, '.', 2) = %s"


@pytest.fixture
def ring(lonely: Installation) -> Path:
    return lonely.folder / "keys.json"


@pytest.fixture
def ledger(lonely: Installation) -> Iterator[Ledger]:
    with contextlib.closing(Ledger(database_url.parse(lonely.url))) as found:
        yield found


@pytest.fixture
def many(lonely: Installation, ring: Path) -> Installation:
    """Thousands of accounts, whose tokens are their names, and one CRM's address."""
    vault = Vault(KeyRing.load(ring))

    def sealed(name: str, field: str) -> str:
        return vault.seal(Secret(f"{field} of {name}"), table="accounts", row=name, field=field)

    names = [f"a{number:04}" for number in range(ACCOUNTS)]
    with psycopg.connect(lonely.url) as db:
        columns = "encoded_account_id, organization, key_fingerprint, access_token_sealed, refresh_token_sealed"
        columns += ", token_stored_at"
        with db.cursor().copy(f"COPY reconciler.accounts ({columns}) FROM STDIN") as copy:
            for name in names:
                tokens = (sealed(name, "access_token"), sealed(name, "refresh_token"))
                copy.write_row((name, "Appalix", b"", *tokens, "2026-01-01 00:00Z"))
        connection = stored.a_connection(db, "acme")
        url = vault.seal(Secret(lonely.url), table="connections", row="acme", field="crm_url")
        db.execute("UPDATE reconciler.connections SET crm_url_sealed = %s WHERE connection_id = %s", (url, connection))
    return lonely


def under(installation: Installation, key_id: str) -> int:
    return int(installation.sql(UNDER, key_id)[0][0])


def opened(installation: Installation, ring: Path, field: str) -> dict[str, str]:
    """What each account's value opens to."""
    vault = Vault(KeyRing.load(ring))
    found = installation.sql(
        f"SELECT encoded_account_id, {field}_sealed FROM reconciler.accounts WHERE {field}_sealed IS NOT NULL"
    )
    return {name: vault.open(sealed, table="accounts", row=name, field=field).reveal() for name, sealed in found}


class Elsewhere(threading.Thread):
    """Another machine: renews one account's token after the other, with the key ring as it was copied there."""

    def __init__(self, ledger: Ledger, ring: Path) -> None:
        super().__init__(daemon=True)
        self._ledger, self._vault = ledger, Vault(KeyRing.load(ring))
        self._enough = threading.Event()
        self.renewed: dict[str, str] = {}
        self.longest_seconds = 0.0

    def run(self) -> None:
        for turn in itertools.count():
            if self._enough.is_set():
                return
            self.renew(1 + turn * 7 % ACCOUNTS, f"renewed {turn}")

    def renew(self, account: int, token: str) -> None:
        began = time.monotonic()
        with accounts.locked(self._ledger, account) as (tx, found):
            assert found is not None
            name = found.encoded_account_id
            sealed = self._vault.seal(Secret(token), table="accounts", row=name, field="access_token")
            time.sleep(0.005)  # Constant Contact's answer
            assert accounts.renewed(tx, account, found, access_token=sealed, refresh_token=None, life_seconds=86_400)
        self.renewed[name] = token
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join(30)


def rotating() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from reconciler.cli import main; main()", "keys", "rotate"]
    return subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)  # noqa: S603 - the program itself


def half_way(installation: Installation, process: subprocess.Popen[bytes]) -> int:
    """How many values have the new key when it is killed."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        if under(installation, "k2"):
            process.kill()
            process.wait()
            return under(installation, "k2")
        time.sleep(0.002)
    raise AssertionError("it was over before anybody could kill it")


def test_a_rotation_of_thousands_that_is_killed_goes_on_and_no_renewed_token_is_lost(
    many: Installation, ring: Path, ledger: Ledger
) -> None:
    with Elsewhere(ledger, ring) as elsewhere:
        done = half_way(many, rotating())
        assert 0 < done < VALUES - 1
        refused = many.say("keys", "retire", "k1")
        assert refused.code == 2
        assert "values are still sealed with k1" in refused.err
        said = many.say("keys", "rotate")
        assert (said.code, said.out) == (0, "")
        assert "values are sealed with k2 now." in said.err
    assert elsewhere.renewed
    assert elsewhere.longest_seconds < 2
    # What that machine has renewed since has the key of its copy: it is found again.
    assert many.say("keys", "rotate").code == 0
    assert (under(many, "k1"), under(many, "k2"), KeyRing.load(ring).active) in {(0, VALUES - 1, "k2"), (0, 0, "k3")}
    tokens = {f"a{number:04}": f"access_token of a{number:04}" for number in range(ACCOUNTS)}
    assert opened(many, ring, "access_token") == tokens | elsewhere.renewed
    assert set(opened(many, ring, "refresh_token").values()) == {f"refresh_token of {name}" for name in tokens}


def test_an_account_whose_token_is_being_renewed_is_waited_for_and_holds_nobody_else_up(
    many: Installation, ring: Path, ledger: Ledger
) -> None:
    told, waits = list[str](), list[float]()
    with psycopg.connect(many.url) as other:
        other.execute("SELECT FROM reconciler.accounts WHERE account_id = 7 FOR NO KEY UPDATE")

        def pause(seconds: float) -> None:
            waits.append(seconds)
            assert under(many, "k1") == 2
            if len(waits) == 3:
                other.rollback()

        done = rotation.rotate(ledger, ring, pause, told.append)

    assert (done.values, done.held, len(waits)) == (VALUES, 0, 3)
    assert told[0] == f"198 of {VALUES:,} values sealed anew"
    assert under(many, "k1") == 0


def test_a_token_that_is_renewed_between_reading_and_sealing_is_not_overwritten(
    many: Installation, ring: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, lock, passes = Elsewhere(ledger, ring), sealed.lock, list[float]()

    def late(tx: Transaction, found: Sequence[Row]) -> Sequence[Row]:
        if not elsewhere.renewed:
            elsewhere.renew(7, "renewed in between")
        return lock(tx, found)

    monkeypatch.setattr(sealed, "lock", late)

    done = rotation.rotate(ledger, ring, passes.append)

    assert (done.values, done.held, len(passes)) == (VALUES, 0, 1)
    assert opened(many, ring, "access_token")["a0006"] == "renewed in between"
    assert under(many, "k1") == 0


def test_an_account_that_is_held_for_ever_is_said_and_the_older_key_stays(
    many: Installation, ring: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "_PAUSES", (0.0,))
    with psycopg.connect(many.url) as other:
        other.execute("SELECT FROM reconciler.accounts WHERE account_id = 7 FOR NO KEY UPDATE")
        said = many.say("keys", "rotate")

    assert said.code == 2
    assert "2 values were held by others all the time" in said.err
    assert many.say("keys", "retire", "k1").code == 2
    assert many.say("keys", "rotate").code == 0
    assert many.say("keys", "retire", "k1").code == 0


def test_what_somebody_is_about_to_connect_is_sealed_anew_too(lonely: Installation, ring: Path) -> None:
    """A draft of the console keeps credentials until the list is chosen: its key can't be taken out under it."""
    vault = Vault(KeyRing.load(ring))
    sealed = vault.seal(Secret("token"), table="console_drafts", row="d1", field="access_token")
    lonely.sql("INSERT INTO reconciler.console_sessions VALUES ('s', 'ann', 'link', '{}', now(), now(), now())")
    lonely.sql(
        "INSERT INTO reconciler.console_drafts"
        " (draft_id, session_hash, connection, workspace, method, good_until, sealed)"
        " VALUES ('d1', 's', 'acme', 'acme', 'pasted', now(), jsonb_build_object('access_token', %s::text))",
        sealed,
    )
    rotation.prepare(ring)
    assert lonely.say("keys", "rotate").err.startswith("1 values are sealed with k2 now.")
    assert lonely.say("keys", "retire", "k1").code == 0

    found: Any = lonely.sql("SELECT sealed ->> 'access_token' FROM reconciler.console_drafts")[0][0]
    opens = Vault(KeyRing.load(ring)).open(found, table="console_drafts", row="d1", field="access_token")
    assert opens.reveal() == "token"


def test_a_key_that_was_prepared_is_copied_everywhere_before_anything_is_sealed_with_it(
    many: Installation, ring: Path, ledger: Ledger
) -> None:
    assert "k2 is in the key ring and not used yet" in many.say("keys", "rotate", "--prepare").err
    assert many.say("keys", "rotate", "--prepare").code == 0
    assert (KeyRing.load(ring).active, sorted(KeyRing.load(ring).keys)) == ("k1", ["k1", "k2"])
    copied = Vault(KeyRing.load(ring))

    rotation.rotate(ledger, ring, time.sleep)

    found = many.sql("SELECT access_token_sealed FROM reconciler.accounts WHERE encoded_account_id = 'a0001'")[0][0]
    assert found.startswith("v1.k2.")
    assert copied.open(found, table="accounts", row="a0001", field="access_token").reveal() == "access_token of a0001"
    assert copied.seal(Secret("new"), table="accounts", row="a0001", field="access_token").startswith("v1.k1.")
    assert KeyRing.load(ring).active == "k2"


def test_a_process_on_the_same_machine_seals_with_the_new_key_from_then_on(lonely: Installation, ring: Path) -> None:
    before = Vault(KeyRing.load(ring), reload=lambda: KeyRing.load(ring))
    assert lonely.say("keys", "rotate").code == 0

    assert before.seal(Secret("new"), table="accounts", row="a", field="access_token").startswith("v1.k2.")

    ring.chmod(0o644)  # nobody's business: it can't be read now, and a token that is all there is must be stored
    assert before.seal(Secret("new"), table="accounts", row="a", field="access_token").startswith("v1.k2.")
