"""The same runs as tasks of a distributed queue, Procrastinate, on the ledger's own PostgreSQL.

Which connection is due lies in the ledger. Any worker claims it, and puts its task into the queue in the same
transaction; any worker takes the task out. The lease stays the guarantee that a connection has one run at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from procrastinate import App, SyncPsycopgConnector, exceptions
from procrastinate.jobs import Job
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager

from reconciler.errors import LedgerError, SchemaError
from reconciler.fleet_place import DATABASE_CONNECTIONS, Noticing, connector, put_back
from reconciler.ledger import ages, queue, schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reconciler.ledger.database import Ledger, Transaction
    from reconciler.ledger.schedules import Due, Room
    from reconciler.secret import Secret

_log: Final = logging.getLogger(__name__)
_QUEUE: Final = "reconciler"
_TASK: Final = "reconciler.run"
#: So long after its last sign of life a worker is taken for dead, and its tasks are another's.
_SILENT_SECONDS: Final = 30.0
_HEARTBEAT_SECONDS: Final = 10.0
#: How often a worker looks who is due.
_LOOK_SECONDS: Final = 1.0
#: How long a worker waits after trouble, at first and at most.
_PATIENCE_SECONDS: Final = (1.0, 30.0)
#: So late may a pass of its loop be before something is stuck.
_LATE_SECONDS: Final = 60.0
#: What the queue's tables say of a worker that is not in them any more.
_TAKEN_FOR_DEAD: Final = "procrastinate_jobs_worker_id_fkey"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the queue is."""

    address: Secret
    #: Whether a worker hears of tasks at once. It needs the server's own address for that: through a pooler nobody
    #: hears anything, nothing may be set for a session, and the role itself has to find the queue's tables.
    listens: bool = True


@dataclass(frozen=True, slots=True)
class Manner:
    """How a worker works."""

    at_once: int
    #: The interval of connections that have none of their own.
    every_seconds: float
    room: Room
    place: Place


@dataclass(frozen=True, slots=True)
class Doing:
    """What a worker does, and what it tells; neither raises anything."""

    #: Runs the connection of a name, once; says no where another run has it.
    run: Callable[[str], bool]
    #: Is told whether it could be seen who is due.
    looked: Callable[[bool], None] = lambda _: None
    #: Is called about once a second, for as long as its loop turns.
    turned: Callable[[], None] = lambda: None


class Fleet:
    """One worker: claims who is due, and runs what is in the queue, until `stop_soon` is called."""

    def __init__(self, ledger: Ledger, manner: Manner, doing: Doing) -> None:
        self._ledger = ledger
        self._manner = manner
        self._doing = doing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._promised_at, self._turned_at = -math.inf, time.monotonic()
        self._stopped = asyncio.Event()
        #: One for each run at once, also of a place that was lost: what is under way there goes on.
        self._free = asyncio.Semaphore(manner.at_once)
        self._ending = set[asyncio.Future[None]]()

    def work(self) -> None:
        """Work until told to stop; what is under way then ends first. Trouble with the database is waited out."""
        asyncio.run(self._work())

    def stop_soon(self) -> None:
        """Take nothing more out of the queue. Returns at once, and may be called by any signal handler.

        Before it works too: then it begins nothing.
        """
        if self._loop is None:
            self._stopped.set()
            return
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._stopped.set)

    @property
    def is_turning(self) -> bool:
        """Whether its loop turns. The database may be out of reach: that is waited out."""
        return time.monotonic() - self._turned_at < _LATE_SECONDS

    async def _turn_on_and_on(self) -> None:
        while True:
            self._turned_at = time.monotonic()
            self._doing.turned()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(_tell_in_a_line)
        self._loop.set_default_executor(ThreadPoolExecutor(self._manner.at_once + DATABASE_CONNECTIONS))
        turning = asyncio.ensure_future(self._turn_on_and_on())
        least, most = _PATIENCE_SECONDS
        patience = least
        while not self._stopped.is_set():
            began = self._loop.time()
            try:
                await self._work_as_one_worker()
            except Exception as error:  # noqa: BLE001 - whatever costs a worker its place, it takes another one
                _tell_of_a_lost_place(_first_line(error))
            patience = least if self._loop.time() - began > most else min(2 * patience, most)
            await self._wait(patience)
            while self._free.locked() and not self._stopped.is_set():
                await self._wait(_LOOK_SECONDS)  # what it took out now would only wait
        await asyncio.gather(*self._ending)
        turning.cancel()

    async def _work_as_one_worker(self) -> None:
        """Until it is told to stop, or its place in the queue is lost: raises what cost it that.

        What is under way goes on then, and ends by itself.
        """
        app = self._app()
        app.job_manager = noticing = Noticing(app.connector)
        await app.open_async()
        beside = [asyncio.ensure_future(each(app)) for each in (self._claim_on_and_on, self._take_over_on_and_on)]
        worker = asyncio.ensure_future(self._take_out(app))
        told = asyncio.ensure_future(self._stopped.wait())
        all_of_it: list[asyncio.Future[Any]] = [worker, noticing.lost, *beside, told]
        ended, _ = await asyncio.wait(all_of_it, return_when=asyncio.FIRST_COMPLETED)
        ending = asyncio.ensure_future(_end(app, noticing, all_of_it))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        for each in ended - {told}:
            each.result()

    async def _take_out(self, app: App) -> None:
        """Take tasks out of the queue and do them."""
        await app.run_worker_async(
            queues=[_QUEUE],
            concurrency=self._manner.at_once,
            install_signal_handlers=False,
            listen_notify=self._manner.place.listens,
            fetch_job_polling_interval=_LOOK_SECONDS,
            delete_jobs="always",
            update_heartbeat_interval=_HEARTBEAT_SECONDS,
            stalled_worker_timeout=_SILENT_SECONDS,
        )

    def _app(self) -> App:
        place = self._manner.place
        app = App(connector=connector(place.address, has_session=place.listens))

        @app.task(name=_TASK, queue=_QUEUE)
        async def run(name: str) -> None:
            async with self._free:
                await asyncio.to_thread(self._run, name)

        return app

    def _run(self, name: str) -> None:
        if not self._doing.run(name):
            with contextlib.suppress(LedgerError), self._ledger.transaction() as tx:
                schedules.after(tx, name)

    async def _claim_on_and_on(self, _: App) -> None:
        while not self._stopped.is_set():
            await asyncio.to_thread(self._look)
            await self._wait(_LOOK_SECONDS)

    def _look(self) -> None:
        self._doing.looked(self._claim())

    def _claim(self) -> bool:
        """Claim who is due, and queue their tasks with it; says no where that can't be seen."""
        try:
            with self._ledger.transaction() as tx:
                self._promise(tx)
                if due := schedules.claim(tx, self._manner.every_seconds, self._manner.room):
                    _defer(queue.place(tx), due)
        except exceptions.AlreadyEnqueued:
            _log.debug("another worker was first: the next look claims who is left")
        except (LedgerError, exceptions.ProcrastinateException) as error:
            _log.error("nobody was claimed: %s", _first_line(error))
            return False
        return True

    def _promise(self, tx: Transaction) -> None:
        """Note now and then how often connections are looked after."""
        if time.monotonic() - self._promised_at >= self._manner.every_seconds:
            ages.promise(tx, self._manner.every_seconds)
            self._promised_at = time.monotonic()

    async def _take_over_on_and_on(self, app: App) -> None:
        """What a dead worker had under way goes back into the queue."""
        while not self._stopped.is_set():
            manager = app.job_manager
            for job in await manager.get_stalled_jobs(queue=_QUEUE, seconds_since_heartbeat=_SILENT_SECONDS):
                with contextlib.suppress(exceptions.ConnectorException):  # another worker was first
                    await put_back(manager, job)
                    _log.warning("a worker died: %s is another's now", job.task_kwargs.get("name"))
            await manager.prune_stalled_workers(_SILENT_SECONDS)
            await self._wait(_HEARTBEAT_SECONDS)

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)


async def _end(app: App, place: Noticing, parts: Iterable[asyncio.Future[Any]]) -> None:
    """Let a place end: nothing more is taken out, and what is under way ends first."""
    for each in parts:
        each.cancel()
    living = asyncio.ensure_future(place.stay_alive(_HEARTBEAT_SECONDS))
    await asyncio.gather(*parts, return_exceptions=True)
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    await app.close_async()


def _tell_of_a_lost_place(words: str) -> None:
    if _TAKEN_FOR_DEAD in words:
        _log.warning("this worker stood still for a while and was taken for dead: it goes on as a new one")
    else:
        _log.error("the queue can't be used: %s", words)


def _tell_in_a_line(_: asyncio.AbstractEventLoop, told: Mapping[str, Any]) -> None:
    """A task whose end could not be written down is another's after a while: the queue tells of it with a traceback."""
    error = told.get("exception")
    _log.error("the queue did not take a task's end: %s", _first_line(error) if error else told.get("message"))


def apply_schema(ledger: Ledger, sleep: Callable[[float], None] = time.sleep) -> Sequence[str]:
    """Make the queue's tables, or bring them up to date; says what was done. Raises SchemaError."""
    return queue.apply(ledger, SchemaManager.get_schema(), _migrations(), sleep)


def must_be_up_to_date(tx: Transaction) -> None:
    """Raise SchemaError where the queue's tables are older than this program; newer ones are used."""
    if due := queue.missing(tx, _migrations()):
        raise SchemaError(
            f"the queue's tables are older than this program: {', '.join(due)} not applied",
            advice="run `reconciler schema apply`",
        )


def _migrations() -> Mapping[str, str]:
    files = Path(SchemaManager.get_migrations_path()).glob("*.sql")
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def _defer(db: Any, due: Sequence[Due]) -> None:
    """Queue the tasks of claimed connections in the transaction that claimed them."""
    jobs = [
        Job(queue=_QUEUE, task_name=_TASK, lock=each.lock, queueing_lock=each.lock, task_kwargs={"name": each.name})
        for each in due
    ]
    JobManager(SyncPsycopgConnector()).batch_defer_jobs(jobs, connection=db)


def _first_line(error: BaseException) -> str:
    cause = error.__cause__ or error
    return str(cause).partition("\n")[0] or type(cause).__name__
