"""Many processes, one rotating refresh token: one refresh per expiry, and nobody is left without a token."""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.renewing import THREADS, TRIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.installation import Installation

pytestmark = pytest.mark.http

PROCESSES = 4
ROUNDS = 10
Worker = subprocess.Popen[str]


@pytest.fixture
def acme(installation: Installation) -> Installation:
    """A connection with a rotating refresh token, and a token endpoint that answers once a second."""
    api = installation.api
    api.door.switch(refresh_tokens="rotating", token_limit=True)
    file = installation.folder / "credentials.json"
    given = {"api_key": api.api_key, "access_token": api.access_token, "refresh_token": api.refresh_token}
    file.write_text(json.dumps(given))
    said = installation.say("connect", "acme", "--credentials", str(file), "--list-id", api.list_id, "--no-start")
    assert said.code == 0
    return installation


@pytest.fixture
def workers(acme: Installation) -> Iterator[Sequence[Worker]]:
    """Real processes that have nothing in common but the ledger and Constant Contact."""
    root = Path(__file__).resolve().parents[2]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.renewing"],
            cwd=root,
            env=dict(os.environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        for _ in range(PROCESSES)
    ]
    yield started
    for each in started:
        assert each.stdin is not None
        assert each.stdout is not None
        each.stdin.close()
        each.wait(30)
        each.stdout.close()


def say(workers: Sequence[Worker], word: str) -> None:
    for each in workers:
        assert each.stdin is not None
        each.stdin.write(f"{word}\n")
        each.stdin.flush()


def hear(workers: Sequence[Worker]) -> list[str]:
    return [each.stdout.readline().strip() for each in workers if each.stdout is not None]


def end_the_token(acme: Installation, kind: str) -> None:
    if kind == "refused":
        acme.api.door.token("expire")
    else:
        acme.sql("UPDATE reconciler.accounts SET token_ends_at = reconciler.clock() - interval '1 second'")


def is_good(acme: Installation, token: str) -> bool:
    answer = httpx.get(f"{acme.api.url}/account/summary", headers={"Authorization": f"Bearer {token}"})
    return answer.is_success


def test_a_thousand_attempts_of_four_processes_are_one_refresh_per_expiry(
    acme: Installation, workers: Sequence[Worker]
) -> None:
    attempts, began = 0, time.monotonic()
    seen = {acme.api.access_token}
    for expiry in range(1, ROUNDS + 1):
        kind = ("refused", "due")[expiry % 2]
        say(workers, kind)
        assert hear(workers) == ["ready"] * PROCESSES
        end_the_token(acme, kind)
        say(workers, "go")
        got: collections.Counter[str] = sum(
            map(collections.Counter, map(json.loads, hear(workers))), collections.Counter()
        )
        tokens = acme.api.door.state(contacts=False)["tokens"]

        assert len(got) == 1, [word for word in got if " " in word]
        token = next(iter(got))
        assert token not in seen
        assert is_good(acme, token)
        assert (tokens["refreshes"], tokens["refused"]) == (expiry, 0)
        seen.add(token)
        attempts += got.total()

    assert attempts == PROCESSES * THREADS * TRIES * ROUNDS == 1000
    print(f"{attempts} attempts, {ROUNDS} expiries, {time.monotonic() - began:.1f} s")  # noqa: T201 - for who measures
