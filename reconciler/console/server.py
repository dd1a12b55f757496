"""Serving the console in a thread, beside the schedule."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import uvicorn

from reconciler.console import identity, sign_in
from reconciler.console.app import application
from reconciler.console.background import Background
from reconciler.console.desk import Desk
from reconciler.console.pages import ROUTES
from reconciler.console.throttle import Throttle
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.bootstrap import Process
    from reconciler.ledger.database import Ledger
    from reconciler.report import Report

#: Sign-ins that may fail within a minute.
_MOST_FAILURES: Final = 20
#: Connections, also idle ones: a browser keeps some open.
_MOST_CONNECTIONS: Final = 256
#: Database connections that pages and forms have at most; runs that are asked for have those of the schedule.
_POOL: Final = 8
#: Docker kills after 10 seconds, of which a tick may have had 5.
_ENDS_SECONDS: Final = 2
_A_MOMENT: Final = 0.02


@contextlib.contextmanager
def serving(
    here: Process, ledger: Ledger, where: tuple[str, int], ran: Callable[[Report | str | None], None]
) -> Iterator[Desk]:
    """Serve the console while the block goes on; gives what it works with, which has its address.

    Raises UsageError where nobody can listen there, or where browsers could not come there safely.
    """
    _must_be_safe(here, where)
    # Pages have database connections of their own: however many are slow, no tick of the schedule waits for them.
    with contextlib.closing(_listening(where)) as listening, contextlib.closing(here.ledger(most=_POOL)) as own:
        address = here.settings.console_url or f"http://{_shown(where[0])}:{listening.getsockname()[1]}"
        parts = here.parts(ledger, lambda _: None)
        background, failures = Background(lambda: parts, ran), Throttle(_MOST_FAILURES, here.monotonic)
        desk = Desk(here, own, address, background, identity.of(here.settings), failures)
        try:
            with _served(uvicorn.Server(_config(desk)), listening):
                yield desk
        finally:
            background.close()


@contextlib.contextmanager
def _served(server: uvicorn.Server, listening: socket.socket) -> Iterator[None]:
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="console", daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(_A_MOMENT)
        yield
    finally:
        server.should_exit = True
        thread.join(2 * _ENDS_SECONDS)


def _config(desk: Desk) -> uvicorn.Config:
    """As little as there can be: our own log lines, no header that says what serves, nobody's word about addresses."""
    # Its lines have queries in them, and a sign-in address is one; without a handler it would not write them.
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)
    return uvicorn.Config(
        application(desk, ROUTES, sign_in.ROUTES),
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_ENDS_SECONDS,
    )


def _must_be_safe(here: Process, where: tuple[str, int]) -> None:
    """Beyond this machine only through TLS: cookies go over nothing else."""
    url = here.settings.console_url
    if is_loopback(where[0]) or (url is not None and urlsplit(url).scheme == "https"):
        return
    raise UsageError(
        f"the console would listen at {where[0]} without TLS",
        advice="put a proxy with TLS in front, and its address into RECONCILER_CONSOLE_URL=https://...; or listen on"
        " 127.0.0.1",
    )


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine gets there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(where: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    try:
        return socket.create_server(where, family=family)
    except OSError as error:
        told = f"the console can't be served at {where[0]}:{where[1]}: {error.strerror}"
        raise UsageError(told, advice="say another place with --console") from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
