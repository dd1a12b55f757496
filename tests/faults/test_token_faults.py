"""A rotating refresh token is good once: whatever breaks around its use, the pair that came back is not lost."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reconciler import reconcile
from reconciler.bootstrap import Process
from reconciler.errors import ApiUnavailable
from reconciler.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.constant_contact.oauth import Pair
    from reconciler.tokens import Tokens
    from tests.installation import Installation

pytestmark = pytest.mark.http

HOLDS_THE_ROW = "state = 'idle in transaction' AND query LIKE '%%FOR NO KEY UPDATE%%'"


@pytest.fixture
def acme(installation: Installation) -> Installation:
    api = installation.api
    file = installation.folder / "credentials.json"
    given = {"api_key": api.api_key, "access_token": api.access_token, "refresh_token": api.refresh_token}
    file.write_text(json.dumps(given))
    said = installation.say("connect", "acme", "--credentials", str(file), "--list-id", api.list_id, "--no-start")
    assert said.code == 0
    return installation


@pytest.fixture
def access(acme: Installation) -> Iterator[Callable[[], Tokens]]:
    """The account's access as a run has it; each call is another run's."""
    here = Process(Settings.load(os.environ, acme.folder / ".env"))
    with contextlib.closing(here.ledger()) as ledger:
        connection = reconcile.find(ledger, "acme")
        yield lambda: here.access(ledger, here.vault(), connection)


def count(acme: Installation) -> tuple[int, int]:
    found = acme.api.door.state(contacts=False)["tokens"]
    return found["refreshes"], found["refused"]


def in_the_background(do: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    return thread


def wait_for_the_lock(acme: Installation) -> int:
    """The server process that has the account's row and waits for Constant Contact."""
    for _ in range(500):
        found = acme.sql(f"SELECT pid FROM pg_stat_activity WHERE {HOLDS_THE_ROW}")
        if found:
            return int(found[0][0])
        time.sleep(0.02)
    raise AssertionError("nobody has the account's row")


def test_a_pair_whose_transaction_is_lost_is_stored_by_another_one(
    acme: Installation, access: Callable[[], Tokens]
) -> None:
    before = access().token()
    acme.api.door.token("expire")
    acme.api.door.fault(fault="slow", operation="token", seconds=1.5)
    killer = in_the_background(
        lambda: acme.sql("SELECT pg_terminate_backend(%s)", wait_for_the_lock(acme)),
    )

    token = access().after_refusal(before)

    killer.join(10)
    assert token != before
    assert access().token() == token
    assert count(acme) == (1, 0)
    acme.api.door.token("expire")
    assert access().after_refusal(token) != token
    assert count(acme) == (2, 0)


def test_a_pair_that_came_while_somebody_pressed_ctrl_c_is_stored(
    acme: Installation, access: Callable[[], Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = access().token()
    acme.api.door.token("expire")
    tokens = access()
    store = tokens._store
    interrupts = [KeyboardInterrupt()]

    def interrupted(*given: object) -> None:
        if interrupts:
            raise interrupts.pop()
        store(*given)  # type: ignore[arg-type]  # as they were

    monkeypatch.setattr(tokens, "_store", interrupted)

    with pytest.raises(KeyboardInterrupt):
        tokens.after_refusal(before)

    assert access().token() != before
    assert access().after_refusal(before) == access().token()
    assert count(acme) == (1, 0)


def test_who_is_told_that_the_refresh_token_is_used_up_takes_the_pair_that_a_sibling_is_about_to_store(
    acme: Installation, access: Callable[[], Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`invalid_grant` after a sibling's refresh: looked at once more before giving up."""
    before = access().token()
    acme.api.door.token("expire")
    sibling, late = access(), access()
    asked, threads = late._asked, []

    def after_the_sibling(held: Any) -> Pair:
        # The sibling's transaction is lost with its lock, while the answer lies in its hands.
        pair = sibling._asked(held)
        threads.append(in_the_background(lambda: sibling._store_after_all(held, pair)))
        return asked(held)

    monkeypatch.setattr(late, "_asked", after_the_sibling)

    got = late.after_refusal(before)

    threads[0].join(10)
    assert count(acme) == (1, 1)
    assert got != before
    assert access().token() == got
    assert access().after_refusal(got) != got


def test_who_stored_new_credentials_meanwhile_keeps_them(
    acme: Installation, access: Callable[[], Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pair of a lost transaction never replaces what somebody has pasted since."""
    before = access().token()
    acme.api.door.token("expire")
    tokens = access()
    store, tries = tokens._store, [0]

    def lost(*given: object) -> None:
        tries[0] += 1
        if tries[0] == 1:
            raise KeyboardInterrupt
        acme.sql("UPDATE reconciler.accounts SET token_stored_at = reconciler.clock()")
        store(*given)  # type: ignore[arg-type]  # as they were

    monkeypatch.setattr(tokens, "_store", lost)

    with pytest.raises(KeyboardInterrupt):
        tokens.after_refusal(before)

    assert access().token() == before


def test_a_row_that_another_process_has_for_too_long_is_trouble_that_passes(
    acme: Installation, access: Callable[[], Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = access().token()
    monkeypatch.setattr("reconciler.ledger.accounts._WAIT_SECONDS", 1)
    with psycopg.connect(acme.url) as other:
        other.execute("SELECT FROM reconciler.accounts FOR NO KEY UPDATE")

        with pytest.raises(ApiUnavailable, match="another process has been renewing"):
            access().after_refusal(before)

        # Who only reads, and who connects another list of the account, is not kept waiting.
        assert access().token() == before

    assert access().after_refusal(before) != before


def test_a_process_that_stands_still_loses_the_row_and_the_next_one_renews(
    acme: Installation, access: Callable[[], Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = access().token()
    acme.api.door.switch(refresh_tokens="long_lived")
    monkeypatch.setattr("reconciler.ledger.accounts._HOLD_SECONDS", 1)
    still = access()
    monkeypatch.setattr(still, "_asked", lambda _: time.sleep(3))
    standing = in_the_background(lambda: _quietly(still, before))
    wait_for_the_lock(acme)

    assert access().after_refusal(before) != before

    standing.join(10)


def _quietly(tokens: Tokens, refused: object) -> None:
    with contextlib.suppress(Exception):
        tokens.after_refusal(refused)  # type: ignore[arg-type]  # it is the token


def test_a_pair_whose_transaction_is_lost_is_stored_also_where_the_keys_were_rotated_meanwhile(
    acme: Installation, access: Callable[[], Tokens], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was used is sealed anew by then: it is the same refresh token all the same."""
    before = access().token()
    acme.api.door.token("expire")
    tokens = access()
    store, tries = tokens._store, [0]

    def lost(*given: object) -> bool:
        tries[0] += 1
        if tries[0] == 1:
            raise KeyboardInterrupt
        if tries[0] == 2:
            assert acme.say("keys", "rotate").code == 0
        return store(*given)  # type: ignore[arg-type]  # as they were

    monkeypatch.setattr(tokens, "_store", lost)

    with pytest.raises(KeyboardInterrupt):
        tokens.after_refusal(before)

    got = access().token()
    assert got != before
    assert tries == [3]
    acme.api.door.token("expire")
    assert access().after_refusal(got) != got
