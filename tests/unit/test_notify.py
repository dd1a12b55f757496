"""What a supervisor is told, by the protocol of `sd_notify`, on a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from reconciler.notify import Supervisor
from tests.supervising import heard, supervising

if TYPE_CHECKING:
    from pathlib import Path

_US: Final = 42


@pytest.mark.parametrize("kind", ["a path", "an abstract name"])
def test_it_is_told_that_we_are_up_and_that_we_stop(tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / "notify")
    named, bound = (path, path) if kind == "a path" else (f"@{path}", f"\0{path}")

    with supervising(bound) as ear:
        supervisor = Supervisor({"NOTIFY_SOCKET": named})
        supervisor.is_up()
        supervisor.goes_on()  # no watchdog waits for that
        supervisor.stops()

        assert heard(ear) == ["READY=1", "STOPPING=1"]


def test_a_watchdog_gets_three_signs_in_the_time_it_has_however_often_we_say_so(tmp_path: Path) -> None:
    now = 100.0
    path = str(tmp_path / "notify")
    given = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(_US)}

    with supervising(path) as ear:
        supervisor = Supervisor(given, lambda: now, _US)
        for _ in range(30):
            supervisor.goes_on()
            now += 1

        assert heard(ear) == ["WATCHDOG=1"] * 3


@pytest.mark.parametrize("watchdog", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_PID": "7"}])
def test_a_watchdog_that_waits_for_nobody_or_for_another_gets_none(tmp_path: Path, watchdog: dict[str, str]) -> None:
    path = str(tmp_path / "notify")
    usual = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "30000000"} if "WATCHDOG_PID" in watchdog else {}

    with supervising(path) as ear:
        Supervisor({"NOTIFY_SOCKET": path} | usual | watchdog, pid=_US).goes_on()

        assert heard(ear) == []


def test_a_supervisor_that_is_gone_fails_nothing_and_without_one_nobody_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")}).is_up()
    Supervisor({}).stops()

    told = "the supervisor was not told READY=1: No such file or directory"
    assert [record.getMessage() for record in caplog.records] == [told]
