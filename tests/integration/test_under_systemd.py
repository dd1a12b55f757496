"""The units of `deploy/systemd` under a real systemd, in the replayed image: Type=notify, the watchdog, and the stop.

It needs root, systemd-nspawn (Debian's systemd-container), debootstrap, and a way to Debian's and PyPI's packages.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests import manifests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

_PACKAGES: Final = "systemd systemd-sysv dbus procps postgresql curl iproute2"
_URL: Final = "postgresql://reconciler:pw@127.0.0.1/reconciler"
#: As docs/howto/run-under-systemd.md has it; the image has the user and the program already.
_SETTING_UP: Final = f"""
set -e
ip link set lo up
su postgres -c "psql -qc \\"CREATE ROLE reconciler LOGIN PASSWORD 'pw'\\""
su postgres -c "createdb --owner=reconciler reconciler"
install -d -o reconciler -g reconciler -m 0700 /var/lib/reconciler
install -d -m 0755 /etc/reconciler
(umask 077; echo {_URL} > /etc/reconciler/database_url)
setpriv --reuid=reconciler --regid=reconciler --clear-groups env RECONCILER_KEYRING=/var/lib/reconciler/keys.json \\
    /opt/reconciler/bin/reconciler keys init
env RECONCILER_DATABASE_URL_FILE=/etc/reconciler/database_url /opt/reconciler/bin/reconciler schema apply
mkdir -p /etc/systemd/system/reconciler.service.d
printf '[Service]\\nWatchdogSec=6\\n' > /etc/systemd/system/reconciler.service.d/soon.conf
systemctl daemon-reload
"""


@dataclass(frozen=True)
class Machine:
    """A booted container; `leader` is its PID 1, as the host sees it."""

    leader: int

    def say(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script in there."""
        words = ["nsenter", "--target", str(self.leader), "--all", "bash", "-c", script]
        return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603 - words of ours

    def of(self, name: str) -> str:
        """A property of the service."""
        return self.say(f"systemctl show --property={name} --value reconciler.service").stdout.strip()

    def status(self, page: str) -> str:
        return self.say(f"curl -s -m 20 -o /dev/null -w '%{{http_code}}' 127.0.0.1:9464{page}").stdout


def wait_for(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def leader_of(process: subprocess.Popen[bytes]) -> int:
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="utf-8")
    return int(text.split()[0]) if text.split() else 0


@contextlib.contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """Boot systemd in this root; it ends with the block."""
    words = ["systemd-nspawn", "--quiet", f"--directory={root}", "--boot", "--register=no", "--keep-unit"]
    with (root.parent / "console.txt").open("wb") as told:
        process = subprocess.Popen([*words, "--private-network"], stdout=told, stderr=told)  # noqa: S603 - words of ours
    try:
        wait_for(lambda: leader_of(process) != 0)
        machine = Machine(leader_of(process))
        wait_for(lambda: machine.say("systemctl is-system-running").stdout.strip() in ("running", "degraded"))
        yield machine
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("machine")
    missing = [name for name in ("systemd-nspawn", "debootstrap", "nsenter") if shutil.which(name) is None]
    if missing or os.getuid() != 0:
        pytest.skip(
            f"NOT TESTED: the units under a real systemd: it needs root and {', '.join(missing) or 'nothing else'}"
        )
    script = [str(manifests.DEPLOY / "replay-image"), "--folder", str(folder / "image"), "--", "--version"]
    subprocess.run(script, check=True, capture_output=True, timeout=900)  # noqa: S603 - words of ours
    root = max((folder / "image").glob("stage-*"))
    install = (
        f"apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends {_PACKAGES}"
    )
    subprocess.run(["chroot", root, "sh", "-c", install], check=True, capture_output=True, timeout=600)  # noqa: S603, S607 - as root has it
    for unit in manifests.UNITS:
        shutil.copy(unit, root / "etc" / "systemd" / "system")
    with booted(root) as found:
        done = found.say(_SETTING_UP)
        assert done.returncode == 0, done.stderr
        yield found
    shutil.rmtree(folder / "image")  # a gigabyte that nobody looks at


def test_serve_is_up_when_it_says_so_is_ended_when_it_stands_still_and_stops_in_good_order(machine: Machine) -> None:
    started = machine.say("systemctl start reconciler.service")
    assert (started.returncode, machine.status("/livez")) == (0, "200"), started.stderr
    assert machine.say(f"grep -c {_URL} /proc/{machine.of('MainPID')}/environ").stdout.strip() == "0"

    time.sleep(15)  # more than two of its watchdog's times
    assert (machine.of("ActiveState"), machine.of("NRestarts")) == ("active", "0")

    machine.say(f"kill -STOP {machine.of('MainPID')}")
    wait_for(lambda: machine.of("NRestarts") == "1" and machine.of("ActiveState") == "active")

    machine.say("systemctl stop postgresql@15-main")
    wait_for(lambda: machine.status("/healthz") == "503")
    assert (machine.status("/livez"), machine.of("NRestarts")) == ("200", "1")
    machine.say("systemctl start postgresql@15-main")

    assert machine.say("systemctl stop reconciler.service").returncode == 0
    assert (machine.of("Result"), machine.of("ExecMainStatus")) == ("success", "0")


def test_wrong_settings_are_not_tried_again_and_one_run_ends_by_itself(machine: Machine) -> None:
    assert machine.say("systemctl start reconciler-run.service").returncode == 0

    machine.say("echo nonsense > /etc/reconciler/database_url")
    assert machine.say("systemctl start reconciler.service").returncode != 0
    time.sleep(12)  # longer than RestartSec
    machine.say(f"echo {_URL} > /etc/reconciler/database_url")

    assert (machine.of("NRestarts"), machine.of("ExecMainStatus")) == ("0", "2")
