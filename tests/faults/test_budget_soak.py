"""Four processes share one API key's budget: no second and no day has too much, and a dead process costs one slot.

Time is the ledger's, which the test sets ahead: who sleeps is woken when all the others are waiting too, now and then
too late and several at once, as a busy machine would.
"""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import json
import os
import random
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES = 4
PER_DAY = 9500
SPACING = 1 / 2.8
#: How much longer than others a request may be on its way, in seconds.
JITTER = 0.15
FEW = 4_000
MANY = 100_000

#: One process: the program's own budget, whose transport notes when a request arrives. Its time is told by the test.
WORKER = """
import datetime as dt, json, random, sys, time
import httpx
from reconciler import database_url
from reconciler.constant_contact.budget import Budget
from reconciler.errors import DailyLimitReached
from reconciler.ledger.database import Ledger
from reconciler.ledger.usage import Usage

url, seed, per_day, jitter = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
chance, ahead, arrived = random.Random(seed), 0.0, []

def now():
    return time.time() + ahead

def sleep(seconds):
    global ahead, arrived
    print(json.dumps({"until": now() + seconds, "arrived": arrived}), flush=True)
    arrived = []
    ahead = json.loads(sys.stdin.readline())

class Provider(httpx.BaseTransport):
    def handle_request(self, request):
        request.extensions["trace"]("http11.send_request_headers.started", {})
        arrived.append(now() + chance.uniform(0, jitter))
        return httpx.Response(200)

usage = Usage(Ledger(database_url.parse(url)), b"shared", 2.8, per_day)
budget = Budget(Provider(), usage, sleep, now)
sleep(0)
while True:
    try:
        budget.handle_request(httpx.Request("GET", "http://127.0.0.1/v3"))
    except DailyLimitReached:
        day = dt.datetime.fromtimestamp(now(), dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        sleep((day + dt.timedelta(days=1)).timestamp() - now())
    if chance.random() < 0.02:
        sleep(chance.choice((0.1, 0.5, 3.0, 20.0)))
"""


@dataclass
class Time:
    """The tests' time, in the ledger: real time and what it was set ahead."""

    db: psycopg.Connection[Any]
    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def move_to(self, moment: float) -> None:
        if moment > self.now():
            self.ahead = moment - time.time()
            self.db.execute("UPDATE reconciler.clock_offset SET ahead = make_interval(secs => %s)", (self.ahead,))


@dataclass
class Worker:
    """One process: asleep until a moment, or at work."""

    process: subprocess.Popen[str]
    until: float | None = None

    def wake(self, ahead: float) -> None:
        self.until = None
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(ahead)}\n")
        self.process.stdin.flush()


@dataclass
class Soak:
    """The processes, and every arrival so far."""

    time: Time
    workers: list[Worker]
    chance: random.Random
    arrived: list[float] = field(default_factory=list)

    def go_on(self, slots: int) -> None:
        """Let them work until so many requests have arrived."""
        with selectors.DefaultSelector() as selector:
            for worker in self.workers:
                assert worker.process.stdout is not None
                selector.register(worker.process.stdout, selectors.EVENT_READ, worker)
            while len(self.arrived) < slots:
                if all(worker.until is not None for worker in self.workers):
                    self._wake()
                for key, _ in selector.select():
                    self._hear(key.data)

    def kill_one(self) -> None:
        """Kill one of them while it is at work: it may hold a slot, or the row's lock."""
        victim = self.workers.pop()
        victim.wake(self.time.ahead)
        os.kill(victim.process.pid, signal.SIGKILL)
        victim.process.wait()

    def _wake(self) -> None:
        """Set the time to when the first wakes, or too late, or so late that several do."""
        until = sorted(worker.until or 0.0 for worker in self.workers)
        moment = until[0]
        if self.chance.random() < 0.1:
            moment += self.chance.uniform(0, 0.6)
        elif self.chance.random() < 0.05:
            moment = min(until[self.chance.randrange(len(until))], moment + 3)
        self.time.move_to(moment)
        for worker in self.workers:
            if (worker.until or 0.0) <= moment:
                worker.wake(self.time.ahead)

    def _hear(self, worker: Worker) -> None:
        assert worker.process.stdout is not None
        said = json.loads(worker.process.stdout.readline())
        worker.until = said["until"]
        self.arrived += said["arrived"]


@pytest.fixture
def soak(ledger_url: str, tmp_path: Path) -> Any:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    workers: list[Worker] = []
    with psycopg.connect(ledger_url, autocommit=True) as db:
        db.execute("INSERT INTO reconciler.clock_offset (ahead) VALUES (interval '0')")
        for seed in range(PROCESSES):
            words = [sys.executable, str(script), ledger_url, str(seed), str(PER_DAY), str(JITTER)]
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - this test's own words
            workers.append(Worker(process))
        started = Soak(Time(db), list(workers), random.Random(7))  # noqa: S311 - nothing secret is drawn
        try:
            yield started
        finally:
            for worker in workers:
                worker.process.kill()
                worker.process.communicate()


def most_in_any_second(moments: list[float]) -> int:
    """The most arrivals that fall into one second, wherever it begins."""
    most, first = 0, 0
    ordered = sorted(moments)
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def by_day(moments: list[float]) -> collections.Counter[dt.date]:
    return collections.Counter(dt.datetime.fromtimestamp(moment, dt.UTC).date() for moment in moments)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("slots", [FEW, pytest.param(MANY, marks=pytest.mark.soak)])
def test_four_processes_that_share_a_key_never_ask_too_often(soak: Soak, slots: int) -> None:
    # Not long before midnight: the small run sees a change of the day too.
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    soak.time.move_to((today + dt.timedelta(days=1, minutes=-10)).timestamp())
    began = time.monotonic()

    soak.go_on(slots // 2)
    soak.kill_one()
    killed_at, before = soak.time.now(), len(soak.arrived)
    soak.go_on(before + 500)
    pace = (soak.time.now() - killed_at) / 500
    soak.go_on(slots)

    arrived = soak.arrived
    found = soak.time.db.execute(
        "SELECT extract(epoch FROM next_at - reconciler.clock()) FROM reconciler.api_budgets"
    ).fetchone()
    assert found is not None
    print(  # noqa: T201 - shown by `pytest -rP`: the numbers of the proof
        f"{len(arrived):,} slots: {most_in_any_second(arrived)} in any second at most, {len(by_day(arrived))} UTC days"
        f" with {max(by_day(arrived).values()):,} at most, {pace:.3f} s a slot after a process was killed,"
        f" {time.monotonic() - began:.0f} s"
    )
    assert len(arrived) >= slots
    assert most_in_any_second(arrived) == 4
    # A slot is counted to its day; who left right before midnight may arrive right after it.
    assert max(by_day(arrived).values()) <= PER_DAY + 2
    assert len(by_day(arrived)) >= 2
    # Who was killed wasted a slot and no more: the others go on at the key's pace, and no slot is far ahead.
    assert pace < 1.5 * SPACING
    assert float(found[0]) < PROCESSES * SPACING + 1


def test_the_count_of_a_second_finds_what_is_too_much() -> None:
    """Else the test above would promise nothing."""
    even = list(itertools.accumulate([0.3] * 10))

    assert most_in_any_second(even) == 4
    assert most_in_any_second([*even, even[4] + 0.01]) == 5
