from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

import reconciler
from reconciler.demo import postgres
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
from reconciler.errors import EmbeddedPostgresError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NOBODY = 65534
CHECKOUT = Path(reconciler.__file__).parent.parent
SERVE = """
import sys, time
from pathlib import Path
from reconciler.demo.postgres import THROWAWAY, EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]) if sys.argv[1] else None, settings=THROWAWAY)
server.start()
print(server.url(), flush=True)
"""


def command(script: str, directory: Path | None, python: str = sys.executable) -> list[str]:
    return [python, "-c", script, str(directory or "")]


def environment() -> dict[str, str]:
    paths = os.pathsep.join([str(CHECKOUT), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    return {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def another_process(directory: Path | None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    script, pipe = command(SERVE + "time.sleep(120)", directory), subprocess.PIPE
    with subprocess.Popen(script, stdout=pipe, text=True, env=environment()) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def answer(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def postmaster(directory: Path) -> int:
    return int((directory / "data" / "postmaster.pid").read_text().split()[0])


def soon(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


def gone(pids: Sequence[int]) -> bool:
    return soon(lambda: not any(map(runs, pids)))


def runs(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    return False


def leave_running(directory: Path) -> tuple[list[int], Path]:
    """Kill all that could stop a server; return the pids of what runs on, and where its socket is."""
    with another_process(directory) as (process, url):
        sockets = Path(str(answer(url, "SHOW unix_socket_directories")))
        server = postmaster(directory)
        keeper = int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])
        for watch in Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split():
            if int(watch) != server:
                os.kill(int(watch), signal.SIGKILL)
        os.kill(keeper, signal.SIGKILL)
        process.kill()
    assert runs(server)
    return postgres._servers_on(directory.resolve() / "data"), sockets


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    for data in tmp_path.rglob("data"):
        left = postgres._servers_on(data.resolve())
        postgres._end_servers(data.resolve())
        assert left == []


def test_a_server_answers_and_takes_its_settings(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, settings={**THROWAWAY, "max_prepared_transactions": "7"}) as server:
        assert answer(server.url(), "SHOW max_prepared_transactions") == "7"
        assert answer(server.url(), "SHOW fsync") == "off"
        assert answer(server.url(), "SHOW server_encoding") == "UTF8"
        assert answer(server.url(), "SELECT current_user") == "sage"


def test_a_server_is_durable_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as server:
        for setting in THROWAWAY:
            assert answer(server.url(), f"SHOW {setting}") == "on"


def test_a_database_may_have_any_name(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, settings=THROWAWAY) as server:
        server.create_database('a "b"/c?d=é')
        assert answer(server.url('a "b"/c?d=é'), "SELECT current_database()") == 'a "b"/c?d=é'


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    for wanted in (1, 2):
        with server, psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            connection.execute("INSERT INTO kept VALUES (1)")
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (wanted,)


def test_a_server_has_only_a_private_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    with EmbeddedPostgres(tmp_path, settings={"listen_addresses": "*", "port": "6000"}) as server:
        assert answer(server.url(), "SHOW listen_addresses") == ""
        sockets = Path(str(answer(server.url(), "SHOW unix_socket_directories")))
        assert sockets.stat().st_mode & 0o777 == 0o700
        lines = (tmp_path / "data" / "postmaster.pid").read_text().splitlines()
        assert lines[4:6] == [str(sockets), ""]
    assert not sockets.exists()


def test_a_long_path_leaves_room_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("long" * 30)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with EmbeddedPostgres(long / "given", settings=THROWAWAY) as given, EmbeddedPostgres() as own:
        assert answer(given.url(), "SELECT 1") == answer(own.url(), "SELECT 1") == 1


def test_everything_belongs_to_us_and_no_directory_gets_another_mode(tmp_path: Path) -> None:
    directory = tmp_path / "given"
    directory.mkdir(mode=0o751)
    watched = [directory, tmp_path, *tmp_path.parents, CHECKOUT, postgres._programs()]
    before = [path.stat().st_mode for path in watched]
    with EmbeddedPostgres(directory, settings=THROWAWAY):
        assert [path.stat().st_mode for path in watched] == before
        assert (directory / "data").stat().st_mode & 0o777 == 0o700
        assert {path.lstat().st_uid for path in directory.rglob("*")} == {os.geteuid()}
    assert [path.stat().st_mode for path in watched] == before


def test_a_directory_of_its_own_is_gone_after_the_stop() -> None:
    with EmbeddedPostgres(settings=THROWAWAY) as server:
        data = Path(str(answer(server.url(), "SHOW data_directory")))
    assert not data.parent.exists()


def test_a_server_ends_with_its_process(tmp_path: Path) -> None:
    told = "; print((Path(sys.argv[1]) / 'data' / 'postmaster.pid').read_text().split()[0])"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command(SERVE.rstrip() + told, tmp_path),
        check=True, capture_output=True, text=True, env=environment(), timeout=60,
    )  # fmt: skip
    assert not runs(int(done.stdout.split()[-1]))
    assert not (tmp_path / "data" / "postmaster.pid").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_when_its_process_is_killed(number: int) -> None:
    with another_process(None) as (process, url):
        data = Path(str(answer(url, "SHOW data_directory")))
        assert (servers := postgres._servers_on(data))
        process.send_signal(number)
        assert gone(servers)
        assert soon(lambda: not data.parent.exists())


def test_a_start_right_after_the_predecessor_was_killed_succeeds(tmp_path: Path) -> None:
    with another_process(tmp_path):
        pass
    with EmbeddedPostgres(tmp_path, settings=THROWAWAY) as server:
        assert answer(server.url(), "SELECT 1") == 1


def test_a_start_ends_a_server_that_was_left_running(tmp_path: Path) -> None:
    left, sockets = leave_running(tmp_path)
    with EmbeddedPostgres(tmp_path, settings=THROWAWAY) as server:
        assert gone(left)
        assert not sockets.exists()
        assert answer(server.url(), "SELECT 1") == 1


def test_a_start_recovers_from_a_killed_postmaster(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    os.kill(postmaster(tmp_path), signal.SIGKILL)
    server.stop()
    assert (tmp_path / "data" / "postmaster.pid").exists()
    with server:
        assert answer(server.url(), "SELECT n FROM kept") == 1


def test_a_pid_that_belongs_to_something_else_is_not_touched(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, settings=THROWAWAY):
        described = (tmp_path / "data" / "postmaster.pid").read_text()
    with subprocess.Popen(["sleep", "60"]) as other:  # noqa: S607 - wherever it is
        stale = described.replace(described.split()[0], str(other.pid), 1)
        (tmp_path / "data" / "postmaster.pid").write_text(stale)
        try:
            with EmbeddedPostgres(tmp_path, settings=THROWAWAY) as server:
                assert answer(server.url(), "SELECT 1") == 1
            assert other.poll() is None
        finally:
            other.kill()


def test_two_processes_do_not_share_a_directory(tmp_path: Path) -> None:
    with another_process(tmp_path) as (_, url):
        with pytest.raises(EmbeddedPostgresError, match="Another process is using"):
            EmbeddedPostgres(tmp_path).start()
        assert answer(url, "SELECT 1") == 1
        servers = postgres._servers_on(tmp_path.resolve() / "data")
    assert gone(servers)


def test_an_interrupted_creation_does_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "data.new-half" / "base").mkdir(parents=True)
    with EmbeddedPostgres(tmp_path, settings=THROWAWAY):
        assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_wrong_setting_is_told_in_the_words_of_the_server(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="unrecognized configuration parameter") as caught:
        EmbeddedPostgres(tmp_path, settings={**THROWAWAY, "no_such_setting": "1"}).start()
    assert str(tmp_path) in str(caught.value)
    assert caught.value.advice


def test_a_missing_wheel_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EmbeddedPostgresError) as caught:
        EmbeddedPostgres(tmp_path).start()
    assert "sage-reconciler[demo]" in caught.value.advice


def test_root_without_namespaces_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmbeddedPostgresError, match="unshare --user") as caught:
        EmbeddedPostgres(tmp_path).start()
    assert "RECONCILER_DATABASE_URL" in caught.value.advice


def as_nobody() -> list[str]:
    if os.geteuid() != 0 or not (setpriv := shutil.which("setpriv")):
        pytest.skip("NOT TESTED: only root, and only with setpriv, can run a server as another user")
    identity = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    version = f"python3.{sys.version_info.minor}"
    for python in (sys.executable, shutil.which(version, path=os.defpath)):
        probe = [*identity, str(python), "-c", "import psycopg, reconciler.demo.postgres"]
        if subprocess.run(probe, check=False, env=environment(), capture_output=True).returncode == 0:  # noqa: S603
            return [*identity, str(python)]
    pytest.skip(f"NOT TESTED: another user can execute no {version} here that can read this checkout")


def test_a_server_runs_as_an_ordinary_user() -> None:
    *identity, python = as_nobody()
    asked = "import os, psycopg; connection = psycopg.connect(server.url()); print(os.geteuid())\n"
    asked += "print(connection.execute('SHOW data_directory').fetchone()[0])"
    done = subprocess.run(  # noqa: S603 - an interpreter that was probed
        [*identity, *command(SERVE + asked, None, python)],
        check=True, capture_output=True, text=True, env=environment(), timeout=60, cwd="/",
    )  # fmt: skip
    uid, data = done.stdout.split()[-2:]
    assert int(uid) == NOBODY
    assert not Path(data).parent.exists()
    assert postgres._servers_on(Path(data)) == []
