"""A worker's place in the queue: its way to the queue's tables, and how it notices that it has lost the place."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final

from procrastinate import PsycopgConnector, exceptions
from procrastinate.jobs import Status
from procrastinate.manager import JobManager

if TYPE_CHECKING:
    from collections.abc import Iterator

    from procrastinate.connector import BaseConnector
    from procrastinate.jobs import Job

    from reconciler.secret import Secret

#: For taking tasks out, handing them back and the sign of life.
DATABASE_CONNECTIONS: Final = 3


class Noticing(JobManager):
    """Notices at once what costs a worker its place. The queue itself says so when all that is under way has ended."""

    def __init__(self, connector: BaseConnector) -> None:
        super().__init__(connector)
        #: Has the reason as its exception, once there is one.
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._number: int | None = None

    async def register_worker(self) -> int:
        self._number = await super().register_worker()
        return self._number

    async def stay_alive(self, every_seconds: float) -> None:
        """Go on giving signs of life while what is under way ends: the queue itself gives none any more then."""
        while self._number is not None:
            with contextlib.suppress(exceptions.ConnectorException):
                await self.update_heartbeat(self._number)
            await asyncio.sleep(every_seconds)

    async def fetch_job(self, *given: Any, **named: Any) -> Job | None:
        with self._noticed():
            return await super().fetch_job(*given, **named)

    async def update_heartbeat(self, *given: Any, **named: Any) -> None:
        with self._noticed():
            await super().update_heartbeat(*given, **named)

    async def listen_for_jobs(self, *given: Any, **named: Any) -> None:
        with self._noticed():
            await super().listen_for_jobs(*given, **named)

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not self.lost.done():
                self.lost.set_exception(error)
            raise


async def put_back(manager: JobManager, job: Job) -> None:
    """Let another worker do what a dead one had under way."""
    try:
        await manager.retry_job(job)
    except exceptions.UniqueViolation:
        # The next task of its connection waits already, for the end of this one.
        await manager.finish_job(job, Status.FAILED, delete_job=True)


def connector(address: Secret, *, has_session: bool) -> PsycopgConnector:
    """The way to the queue's tables. Without a session of its own, behind a pooler, the role has to find them."""
    return PsycopgConnector(
        conninfo=address.reveal(),
        # Statements prepared by name would stick to a pooler's server connection.
        kwargs={"prepare_threshold": None},
        min_size=1,
        max_size=DATABASE_CONNECTIONS,
        configure=_find_tables if has_session else None,
    )


async def _find_tables(db: Any) -> None:
    await db.execute("SET search_path TO reconciler_queue")
    await db.commit()
