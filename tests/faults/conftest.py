"""A connection with something to push, a gate before its API, and no pauses between tries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.conftest import _promises  # noqa: F401 - holds in these tests too
from tests.faults.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.installation import Api, Installation


CREATED = 201


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    state: str
    reason: str | None
    report: dict[str, Any]

    @property
    def brief(self) -> tuple[int, str, str | None]:
        return (self.code, self.state, self.reason)


@dataclass(frozen=True)
class Acme:
    """The connection `acme`: Ada is on the list, Bob waits to be added."""

    installation: Installation
    monkeypatch: pytest.MonkeyPatch

    @property
    def api(self) -> Api:
        return self.installation.api

    def go_through(self, url: str) -> None:
        """From now on the API is found there."""
        self.monkeypatch.setenv("RECONCILER_API_URL", url)

    def go_straight(self) -> None:
        """The trouble is over: the API is found where it was."""
        self.go_through(self.api.url)

    def run(self, *options: str) -> Ended:
        said = self.installation.say("run", "acme", "--json", *options)
        assert said.out, said.err
        report = json.loads(said.out)
        assert {problem["code"] for problem in report["problems"]} >= ({report["reason"]} if said.code else set())
        return Ended(said.code, report["state"], report["reason"], report)

    def arrives(self) -> None:
        """Nothing was lost: the next run pushes it, once."""
        ended = self.run()
        assert (ended.state, ended.report["counts"]["added"]) == ("completed", 1)
        self.is_there()

    def is_there(self) -> None:
        assert set(self.api.members()) == {"ada@example.com", "bob@example.com"}
        history = self.api.door.state(contacts=False, history=100_000)["history"]
        taken = [email for asked in history if asked["status"] == CREATED for email in asked.get("emails", ())]
        assert taken.count("bob@example.com") == 1

    def in_flight(self) -> int:
        """How many batches may still be carried out."""
        return int(
            self.installation.sql("SELECT count(*) FROM reconciler.batches WHERE state IN ('intended', 'submitted')")[
                0
            ][0]
        )


@pytest.fixture
def acme(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Acme:
    monkeypatch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)
    installation.add("ada@example.com", first_name="Ada")
    assert installation.connect().code == 0
    assert installation.run()["state"] == "completed"
    installation.add("bob@example.com", first_name="Bob")
    return Acme(installation, monkeypatch)


@pytest.fixture
def gate(acme: Acme) -> Iterator[Gate]:
    """A gate before the simulator, through which the program goes from now on."""
    with Gate(acme.api.url).open() as gate:
        acme.go_through(gate.url)
        yield gate
