"""Two hosts, each with a worker, of which one loses its line to the ledger, to the API or to both, and gets it back."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import random
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
import pytest

from reconciler import database_url
from reconciler.simulator.state import NEWSLETTER
from tests.crowd import Crowd, until, worker
from tests.faults import hosts
from tests.faults.hosts import LEDGER, Cut
from tests.faults.proxy import Proxy
from tests.faults.witness import Witness

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

    from tests.faults.hosts import Host, Line
    from tests.installation import Installation

_log = logging.getLogger(__name__)
#: Their simulator holds many accounts at one address: the conformance proxy would see none of it.
pytestmark = [
    pytest.mark.http,
    pytest.mark.off_contract,
    pytest.mark.soak,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not hosts.CAN_BE_MADE, reason="NOT TESTED: network namespaces take root and the program `ip`"),
]
CONNECTIONS = 20
PEOPLE = 5
CUT_SECONDS = 50.0
#: Longer than what a line has kept may come late: after a cut of 50 seconds, 51.2 after it was sent.
GRACE_SECONDS = 60.0
LEASE_SECONDS = 4.0
EDIT = "UPDATE contacts SET first_name = %s WHERE email = %s"


@dataclass
class Editor:
    """Somebody who changes people all the while; no value comes twice."""

    crowd: Crowd
    count: int = 0
    ends: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        thread = threading.Thread(target=self._work)
        thread.start()
        try:
            yield
        finally:
            self.ends.set()
            thread.join()

    def _work(self) -> None:
        chance = random.Random(8)  # noqa: S311 - it must be repeatable
        with psycopg.connect(self.crowd.url, autocommit=True) as db:
            for self.count in itertools.count(1):
                who = f"p{chance.randint(1, PEOPLE)}.{chance.choice(self.crowd.names)}@example.com"
                db.execute(EDIT, (f"Name {self.count}", who))
                if self.ends.wait(0.2):
                    return


@pytest.fixture
def two_hosts() -> Iterator[Sequence[Host]]:
    with hosts.hosts("a", "b") as made:
        yield made


@pytest.fixture
def crowd(lonely: Installation, two_hosts: Sequence[Host], monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    """Its ledger has one address for both hosts, at which everybody was connected."""
    at = database_url.parse(lonely.url)
    with (
        Crowd(lonely.url, accounts=CONNECTIONS, people=PEOPLE) as crowd,
        Proxy(f"{at.host}/.s.PGSQL.{at.port}").listening(LEDGER) as line,
    ):
        monkeypatch.setenv("RECONCILER_API_URL", f"{crowd.address}/v3")
        monkeypatch.setenv("RECONCILER_DATABASE_URL", f"postgresql://{at.user}@{LEDGER}:{line.port}/{at.database}")
        crowd.settle(
            os.environ,
            lease_seconds=LEASE_SECONDS,
            lease_renew_seconds=1,
            import_request_seconds=3,
            grace_seconds=GRACE_SECONDS,
            poll_first_seconds=0.3,
            read_back_pause_seconds=0.3,
        )
        for provider in crowd.providers:
            provider.turn({"activity_seconds": 1.0})  # so that some run is in the middle of one
        yield crowd


@pytest.fixture
def witness(crowd: Crowd) -> Witness:
    return Witness(crowd)


@contextlib.contextmanager
def working(witness: Witness, host: Host) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on the host; its sessions on the ledger have the host's name."""
    port = int(witness.crowd.address.rpartition(":")[2])
    environ = {**os.environ, "PGAPPNAME": host.name}
    with (
        witness.listening(host.name, host.to_api.service),
        host.relaying(port),
        worker("--every", "5s", "--at-once", "4", environ=environ, within=host.within) as process,
    ):
        yield process


def is_in_step(crowd: Crowd) -> bool:
    """Whether each list shows the last value of each contact."""
    wanted = dict(crowd.sql("SELECT email, first_name FROM contacts"))
    there = {
        member.email.address: member.details.get("first_name")
        for provider in crowd.providers
        for member in provider.account.live.members(NEWSLETTER)
        if member.email is not None
    }
    return wanted == there


def is_sending(crowd: Crowd, host: Host) -> bool:
    """Whether a run of the host is in the middle of an import."""
    found = crowd.sql(
        "SELECT 1 FROM reconciler.batches AS b JOIN reconciler.leases AS s USING (connection_id, fence)"
        " JOIN witnessed AS w USING (connection_id, fence) WHERE b.state = 'submitted'"
        " AND s.until > clock_timestamp() AND w.relation = 'leases' AND w.host = %s",
        host.name,
    )
    return bool(found)


@contextlib.contextmanager
def cut(how: Cut, lines: Sequence[Line]) -> Iterator[None]:
    for line in lines:
        line.cut(how)
    try:
        yield
    finally:
        for line in lines:
            line.heal(how)


def stays_cut(witness: Witness, host: Host, *, from_ledger: bool, from_api: bool) -> None:
    """For as long as the line is cut the host does nothing there, and the other one goes on."""
    began = time.time()
    if from_ledger:
        until(lambda: {c for who, c in witness.takes(began) if who != host.name} >= connections(witness), 40)
    time.sleep(max(0.0, began + CUT_SECONDS - time.time()))
    takes = witness.takes(began + 0.5)
    assert [who for who, _ in takes if who != host.name]
    if from_ledger:
        assert [c for who, c in takes if who == host.name] == []
    if from_api:
        assert [write for write in witness.writes if write.host == host.name and write.at > began + 0.5] == []


def connections(witness: Witness) -> set[int]:
    return {each for (each,) in witness.crowd.sql("SELECT connection_id FROM reconciler.connections")}


def both_send(witness: Witness, since: float) -> bool:
    return {write.host for write in witness.writes if write.at > since} == {"a", "b"}


@pytest.mark.parametrize(
    ("how", "from_ledger", "from_api"),
    [
        (Cut.DOWN, True, True),
        (Cut.SILENT, True, False),
        (Cut.SILENT, False, True),
        (Cut.SILENT, True, True),
    ],
    ids=["down", "ledger", "api", "silent"],
)
def test_a_host_that_is_cut_off_writes_nothing_twice_and_works_on_when_the_line_is_back(
    witness: Witness, two_hosts: Sequence[Host], lonely: Installation, how: Cut, *, from_ledger: bool, from_api: bool
) -> None:
    crowd, (host, other) = witness.crowd, two_hosts
    lines = [host.to_ledger] * from_ledger + [host.to_api] * from_api
    with working(witness, host) as one, working(witness, other) as two:
        editor = Editor(crowd)
        with editor.at_work():
            until(lambda: both_send(witness, 0), 40)
            until(lambda: is_sending(crowd, host))
            with cut(how, lines):
                stays_cut(witness, host, from_ledger=from_ledger, from_api=from_api)
            healed = time.time()
            until(lambda: both_send(witness, healed), 60)
            both_after = time.time() - healed
        until(lambda: is_in_step(crowd), 90)
        in_step_after = time.time() - healed
        standing = json.loads(lonely.say("status", "--fleet", "--json").out)
        for each in (one, two):
            each.send_signal(signal.SIGTERM)
        assert [each.wait(30) for each in (one, two)] == [0, 0]

    _log.info(
        "edits %d, imports %d, late %d, leases %d, both sent after %.1f s, in step after %.1f s, others %s",
        editor.count,
        len([each for each in witness.writes if each.is_import]),
        len(witness.late()),
        len(witness.tenures()),
        both_after,
        in_step_after,
        {write.request.path for write in witness.writes if not write.is_import},
    )
    assert len(standing["workers"]) == 2
    assert witness.doubled() == []
    assert witness.fenced_off() == []
    assert witness.out_of_turn() == []
    assert from_api or witness.late() == []
