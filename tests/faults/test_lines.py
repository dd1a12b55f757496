"""Lines that are cut, torn, half-closed or late, at the n-th piece that goes either way: to the API and the ledger."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from reconciler import database_url
from reconciler.crm.database import Crm
from reconciler.errors import ReconcilerError
from reconciler.limits import Limits
from tests.faults import rounds, scenes, statements
from tests.faults.proxy import Proxy, Trouble, Way
from tests.faults.worlds import a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.worlds import World

#: Their simulator is one of their own, which can be put back: the conformance proxy would see none of it.
pytestmark = [pytest.mark.http, pytest.mark.off_contract]
BOTH_WAYS = pytest.mark.parametrize("way", Way, ids=lambda way: way.value)
EACH_TROUBLE = pytest.mark.parametrize("trouble", Trouble, ids=lambda trouble: trouble.value)
#: The sample takes a few pieces, each trouble other ones; the long run all of the API's, and many of the databases'.
HOW_OFTEN = pytest.mark.parametrize("often", [1, pytest.param(8, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])

#: So often the other thread counts at least in the half second of a late answer, also on a busy machine.
MANY = 5


@dataclass
class Beats:
    """Another thread, which counts as long as it is let."""

    count: int = 0
    ends: threading.Event = field(default_factory=threading.Event)

    def go_on(self) -> None:
        while not self.ends.wait(0.01):
            self.count += 1


@pytest.fixture
def beats() -> Iterator[Beats]:
    beats = Beats()
    thread = threading.Thread(target=beats.go_on)
    thread.start()
    yield beats
    beats.ends.set()
    thread.join()


@pytest.fixture
def database_line(ledger_url: str) -> Iterator[Proxy]:
    """Between the program and its databases, which are one server here."""
    at = database_url.parse(ledger_url)
    upstream = f"{at.host}/.s.PGSQL.{at.port}" if at.host.startswith("/") else (at.host, at.port)
    with Proxy(upstream).listening() as line:
        yield line


@pytest.fixture
def world(request: pytest.FixtureRequest, ledger_url: str, database_line: Proxy) -> Iterator[World]:
    """In step since a while, and then a day's edits."""
    at = database_url.parse(ledger_url)
    through = f"postgresql://{at.user}@127.0.0.1:{database_line.port}/{at.database}"
    for made in a_world(request, through):
        scenes.in_between(made, 1)
        assert made.installation.say("set", "acme", "lease_renew_seconds=0.5", "import_request_seconds=1").code == 0
        made.keep()
        yield made


@pytest.fixture
def api_line(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between the program and the API. What is late there is later than the program is patient."""
    monkeypatch.setattr("reconciler.constant_contact.calls._READ_SECONDS", 0.3)
    at = urlsplit(world.api.url)
    with Proxy((at.hostname or "", at.port or 0), late_seconds=0.6).listening() as line:
        monkeypatch.setenv("RECONCILER_API_URL", f"http://127.0.0.1:{line.port}{at.path}")
        yield line


def test_a_crm_that_is_late_with_its_answer_keeps_no_other_thread_waiting(
    ledger_url: str, database_line: Proxy, beats: Beats
) -> None:
    """The lease's renewal is such a thread."""
    at = database_url.parse(ledger_url)
    url = database_url.parse(f"postgresql://{at.user}@127.0.0.1:{database_line.port}/{at.database}")
    with Crm(url, Limits(), time.monotonic).snapshot() as snapshot:
        for piece in (1, 2):  # the statement is prepared, and its columns are described
            database_line.expect(Trouble.LATE, Way.BACK, piece)
            before = beats.count
            assert len(snapshot.columns("SELECT 1 AS contact_id")) == 1
            assert database_line.is_met
            assert beats.count - before > MANY


def disturbed(world: World, line: Proxy, trouble: Trouble, way: Way, at: int) -> tuple[bool, str]:
    """One round; says whether the trouble was met, and what went wrong with it, if anything did."""
    earlier = rounds.begin(world)
    line.expect(trouble, way, at)
    with contextlib.suppress(ReconcilerError):
        world.run()
    is_met = line.is_met
    line.expect(trouble, way, 0)
    recovery = rounds.recover(world, earlier, at)
    return is_met, "" if recovery.is_as_promised else f"{trouble.value} {way.value} at piece {at}: {recovery}"


def every(world: World, line: Proxy, trouble: Trouble, way: Way, step: int) -> None:
    """Round after round, until one passes untouched."""
    wrong = []
    for at in itertools.count(1 + list(Trouble).index(trouble) % step, step):
        is_met, told = disturbed(world, line, trouble, way, at)
        wrong += [told] if told else []
        if not is_met:
            break
    assert wrong == []


@BOTH_WAYS
@EACH_TROUBLE
@HOW_OFTEN
def test_a_line_to_the_api_that_breaks_at_some_piece_costs_nothing(
    world: World, api_line: Proxy, trouble: Trouble, way: Way, often: int
) -> None:
    every(world, api_line, trouble, way, 8 // often)


@BOTH_WAYS
@EACH_TROUBLE
@HOW_OFTEN
@pytest.mark.filterwarnings(statements.CURSOR)
def test_a_line_to_the_databases_that_breaks_at_some_piece_costs_nothing(
    world: World, database_line: Proxy, trouble: Trouble, way: Way, often: int
) -> None:
    every(world, database_line, trouble, way, 160 // often)
