"""Signing in at another screen: a code is shown, somebody consents there, and the token is then kept fresh."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from reconciler.bootstrap import Process
from reconciler.cli.shared import settings
from tests.refusals import stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.installation import Installation, Said

pytestmark = pytest.mark.http
#: A list's id by its form; nobody has this list.
LIST = "06526938-56dd-11e9-932a-fa163e9ec6a5"


@dataclass
class Clock:
    """A sleep that lets the simulator's time go by instead of waiting, and does something at a certain pause."""

    installation: Installation
    now: float = 0.0
    pauses: list[float] = field(default_factory=list)
    meanwhile: Callable[[int], None] = lambda _: None

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)
        self.installation.api.door.advance(seconds)
        self.meanwhile(len(self.pauses))

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(installation)
    monkeypatch.setattr("reconciler.api_access._TOKENS_PER_SECOND", 1000.0)
    monkeypatch.setattr(
        "reconciler.cli.connecting.process", lambda: Process(settings(), sleep=made.sleep, monotonic=made.monotonic)
    )
    return made


def sign_in(installation: Installation, *options: str, **credentials: str) -> Said:
    installation.add("ada@example.com")
    file = installation.folder / "application.json"
    file.write_text(json.dumps({"api_key": installation.api.api_key, **credentials}))
    list_id = installation.api.list_id
    return installation.say(
        "connect", "acme", "--device", "--credentials", str(file), "--list-id", list_id, "--no-start", *options
    )


def device_calls(installation: Installation) -> int:
    history = installation.api.door.state(contacts=False, history=1000)["history"]
    return len([entry for entry in history if entry["operation"] in ("token", "device")])


def test_a_code_is_shown_and_the_connection_lives_on_the_consent(installation: Installation, clock: Clock) -> None:
    installation.api.door.switch(device_approval_polls=3)

    said = sign_in(installation)

    assert said.code == 0, said.err
    assert re.search(r"Open http\S+/activate\?user_code=[A-Z]{4}-[A-Z]{4} in a browser", said.err)
    assert re.search(r"enter the code [A-Z]{4}-[A-Z]{4}\. It is good for 10 minutes\.", said.err)
    assert "The token will be renewed by itself before it ends" in said.err
    assert clock.pauses[1:4] == [5.0, 5.0, 5.0]
    installation.api.door.token("expire")
    installation.say("start", "acme")
    assert installation.run()["state"] == "completed"
    assert installation.api.door.state(contacts=False)["tokens"]["refreshes"] == 1


def test_a_confidential_application_can_sign_in_so_too(installation: Installation, clock: Clock) -> None:
    installation.api.door.switch(device_approval_polls=1, client_secret="s3cret")

    assert sign_in(installation, client_secret="s3cret").code == 0


def test_it_asks_more_slowly_when_it_is_told_to(installation: Installation, clock: Clock) -> None:
    slow = {"error": "slow_down", "error_description": "The device polls too often."}
    installation.api.door.fault(fault="status", status=400, operation="token", body=slow)
    installation.api.door.switch(device_approval_polls=1)

    assert sign_in(installation).code == 0

    assert clock.pauses[1:3] == [5.0, 10.0]


def test_trouble_that_passes_does_not_end_the_waiting(installation: Installation, clock: Clock) -> None:
    installation.api.door.fault(fault="status", status=503, operation="token")
    installation.api.door.fault(fault="drop_before", operation="token")
    installation.api.door.switch(device_approval_polls=1)

    assert sign_in(installation).code == 0


def test_who_denies_it_ends_it(installation: Installation, clock: Clock) -> None:
    denied = {"error": "access_denied", "error_description": "The resource owner denied the request."}
    installation.api.door.fault(fault="status", status=400, operation="token", body=denied, skip=1)

    said = sign_in(installation)

    assert said.code == 5
    assert "reconciler: the sign-in was denied in the browser" in said.err
    assert "--device" in said.err
    assert stored(installation) == 0


def test_a_code_that_nobody_uses_ends_it(installation: Installation, clock: Clock) -> None:
    installation.api.door.switch(device_interval_seconds=60)

    said = sign_in(installation)

    assert said.code == 5
    assert "reconciler: the code was not used in time" in said.err
    assert 540 <= clock.now <= 600
    assert stored(installation) == 0


def test_ctrl_c_stores_nothing(installation: Installation, clock: Clock) -> None:
    def interrupt(pause: int) -> None:
        if pause == 3:
            raise KeyboardInterrupt

    clock.meanwhile = interrupt

    said = sign_in(installation)

    assert said.code == 1
    assert "stopped" in said.err
    assert "Traceback" not in said.err
    assert stored(installation) == 0


def test_an_api_key_that_is_not_known_is_refused(installation: Installation, clock: Clock) -> None:
    said = sign_in(installation, api_key="another-key")

    assert said.code == 5
    assert "refused the API key, not the token" in said.err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"client_secret": "x"}', "the credentials have no api_key"),
        ('{"api_key": "k", "access_token": "t"}', "unknown entry 'access_token'"),
        ("[]", "not a JSON object"),
        ('{"api_key": "k k"}', "without blanks"),
    ],
)
def test_what_the_device_flow_does_not_need_is_not_taken(installation: Installation, given: str, words: str) -> None:
    calls = device_calls(installation)

    said = installation.say("connect", "acme", "--device", "--credentials", "-", stdin=given)

    assert said.code == 2
    assert words in said.err
    assert device_calls(installation) == calls


def test_a_list_that_is_not_there_leaves_nothing_of_the_consent(installation: Installation, clock: Clock) -> None:
    installation.api.door.switch(device_approval_polls=1)

    said = sign_in(installation, "--list-id", "06526938-56dd-11e9-932a-fa163e9ec6a5")

    assert said.code == 2
    assert "has no list" in said.err
    assert stored(installation) == 0


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("acme", ["--list-id", "none"], "the list id is not one of Constant Contact's"),
        ("acme", [], "no list was named"),
        ("-a-", ["--list-id", LIST], "a connection's name has"),
        ("acme", ["--list-id", LIST, "--contacts-sql", "nothing.sql"], "nothing.sql can't be read"),
        ("acme", ["--list-id", LIST, "--contacts-sql", "odd.sql"], "statement"),
        ("acme", ["--list-id", LIST, "--crm-url-file", "nothing.txt"], "nothing.txt can't be read"),
    ],
)
def test_what_needs_no_token_is_checked_before_somebody_signs_in(
    installation: Installation, name: str, options: list[str], words: str
) -> None:
    (installation.folder / "odd.sql").write_text("SELECT 1 AS nothing")
    given = json.dumps({"api_key": installation.api.api_key})

    said = installation.say("connect", "--device", "--credentials", "-", *options, "--", name, stdin=given)

    assert said.code == 2, said.err
    assert words in said.err
    assert "Open http" not in said.err
    assert device_calls(installation) == 0
