"""A CRM, a ledger and a simulated Constant Contact that can all be put back to an earlier moment, and run again."""

from __future__ import annotations

import contextlib
import copy
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from reconciler import database_url, reconcile
from reconciler.bootstrap import Process
from reconciler.points import nobody
from reconciler.report import Report
from reconciler.request import Request
from reconciler.settings import Settings
from reconciler.simulator import SideDoor, Simulator
from reconciler.simulator.faults import Faults
from tests.faults import figures
from tests.installation import Api, Installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from reconciler.points import Reached
    from tests.faults.rounds import Recovery

#: What of the provider belongs to a moment.
_OF_A_MOMENT = ("account", "clock", "limits", "tokens", "devices", "codes", "oauth", "history", "faults", "switches")


def a_world(request: pytest.FixtureRequest, url: str = "") -> Iterator[World]:
    """For the fixture of a file; its ledger may be found by another address.

    Its simulator is past the conformance proxy, to which so many runs are no news.
    """
    server_url = request.getfixturevalue("server_url")
    parts = [request.getfixturevalue(name) for name in ("tmp_path", "monkeypatch", "capfd")]
    patch: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    patch.setattr("reconciler.constant_contact.tries._FIRST_PAUSE", 0.0)
    patch.setattr("reconciler.api_access._TOKENS_PER_SECOND", 1000.0)
    with Simulator() as simulator:
        tokens = (simulator.access_token, simulator.api_key, simulator.list_id)
        api = Api(simulator.api_url, *tokens, SideDoor(simulator.url), simulator.auth_url, simulator.refresh_token)
        made = World(
            Installation.prepare(url or request.getfixturevalue("ledger_url"), api, *parts), simulator, server_url
        )
        yield made
        if made.recoveries:
            request.node.user_properties.append((figures.PROPERTY, figures.of(made.recoveries)))
        made.forget()


@dataclass
class World:
    """Everything there is in one round: what a test changes, and what it looks at."""

    installation: Installation
    simulator: Simulator
    server_url: Callable[[str], str]
    #: People who have unsubscribed, left the list or were deleted there: nobody may put them back.
    off: set[str] = field(default_factory=set)
    #: Who is on the list though the CRM knows nothing of them.
    strangers: set[str] = field(default_factory=set)
    #: How each round ended so far.
    recoveries: list[Recovery] = field(default_factory=list)
    _moment: dict[str, Any] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        return self.installation.api

    @property
    def database(self) -> str:
        return database_url.parse(self.installation.url).database

    def keep(self) -> None:
        """Remember this moment. No activity is under way in it."""
        with self._administered() as db:
            db.execute(f"DROP DATABASE IF EXISTS {self.database}_kept WITH (FORCE)")
            db.execute(f"CREATE DATABASE {self.database}_kept TEMPLATE {self.database}")
        self._moment = {**self._provider_now(), "off": set(self.off), "strangers": set(self.strangers)}

    def go_back(self) -> None:
        """Be as it was at the moment that was kept, by the same name: a copy elsewhere is not the ledger."""
        with self._administered() as db:
            db.execute(f"DROP DATABASE {self.database} WITH (FORCE)")
            db.execute(f"CREATE DATABASE {self.database} TEMPLATE {self.database}_kept STRATEGY file_copy")
        # Another provider: what still goes on in the one before, such as a late answer, stays there.
        provider = copy.copy(self.simulator._provider)
        provider.lock = threading.RLock()
        for name, then in copy.deepcopy({name: self._moment[name] for name in _OF_A_MOMENT}).items():
            setattr(provider, name, then)
        self.simulator._provider = self.simulator._server.provider = provider
        self.off, self.strangers = set(self._moment["off"]), set(self._moment["strangers"])

    def forget(self) -> None:
        with self._administered() as db:
            db.execute(f"DROP DATABASE IF EXISTS {self.database}_kept WITH (FORCE)")

    def _administered(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server_url("postgres"), autocommit=True)

    def _provider_now(self) -> dict[str, Any]:
        provider = self.simulator._provider
        with provider.lock:
            return copy.deepcopy({name: getattr(provider, name) for name in _OF_A_MOMENT})

    def later(self, minutes: float) -> None:
        """Set both clocks ahead."""
        self.installation.later(minutes)
        self.api.door.advance(minutes * 60)

    def run(self, reached: Reached = nobody) -> dict[str, Any] | str:
        """Run once in this process; gives the report, or why there is none. Raises what `reached` raises."""
        here = Process(Settings.load(os.environ, self.installation.folder / ".env"), reached=reached)
        with contextlib.closing(here.ledger()) as ledger:
            ended = reconcile.run(here.parts(ledger, lambda _: None), "acme", Request("cli"))
        return ended.to_json() if isinstance(ended, Report) else str(ended)

    def clean_run(self) -> dict[str, Any]:
        """Run once, undisturbed."""
        report = self.run()
        assert isinstance(report, dict), report
        return report

    def unsettled(self) -> int:
        """How many batches have an outcome that is not known."""
        found = self.installation.sql(
            "SELECT count(*) FROM reconciler.batches WHERE state IN ('intended', 'submitted')"
        )
        return int(found[0][0])

    def is_leased(self) -> bool:
        """Whether somebody has the lease."""
        return bool(self.installation.sql("SELECT 1 FROM reconciler.leases WHERE until > reconciler.clock()"))

    def forget_faults(self) -> None:
        """Whatever was still to go wrong does not."""
        with self.simulator._provider.lock:
            self.simulator._provider.faults = Faults()
