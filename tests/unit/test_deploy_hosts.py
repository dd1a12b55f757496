"""What runs it without containers: systemd's units, cron's line, and the example for Airflow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from reconciler.limits import Limits
from tests import manifests

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERVICES: Final = [unit for unit in manifests.UNITS if unit.suffix == ".service"]
_GOING_ON: Final = [unit for unit in _SERVICES if unit.name != "reconciler-run.service"]
_PROGRAM: Final = Path(sys.executable).with_name("reconciler")
#: In tenths, of 100: what `systemd-analyze security` calls OK ends at 49.
_MOST_EXPOSED: Final = 20


def name_of(unit: Path) -> str:
    return unit.name


def analyze(folder: Path, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Ask systemd about the units, with the program where this checkout has it."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("NOT TESTED: whether systemd takes the units in deploy/systemd: there is no systemd-analyze here")
    for unit in manifests.UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/reconciler/bin/reconciler", str(_PROGRAM))
        (folder / unit.name).write_text(text, encoding="utf-8")
    surroundings = {**os.environ, "SYSTEMD_LOG_LEVEL": "notice", "SYSTEMD_PAGER": "cat"}
    return subprocess.run(  # noqa: S603 - words of ours
        [program, *words], cwd=folder, env=surroundings, capture_output=True, text=True, timeout=120, check=False
    )


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    names = [f"./{unit.name}".replace("@.", "@1.") for unit in manifests.UNITS]

    found = analyze(tmp_path, ["verify", "--man=no", *names])

    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_a_wrong_unit_is_found(tmp_path: Path) -> None:
    """Else the test above would promise nothing."""
    (tmp_path / "wrong.service").write_text("[Service]\nExecStrat=/bin/true\n", encoding="utf-8")

    assert "ExecStrat" in analyze(tmp_path, ["verify", "--man=no", "./wrong.service"]).stderr


@pytest.mark.parametrize("unit", _SERVICES, ids=name_of)
def test_a_unit_is_as_closed_as_the_program_allows(tmp_path: Path, unit: Path) -> None:
    name = unit.name.replace("@.", "@1.")
    found = analyze(tmp_path, ["security", "--offline=true", f"--threshold={_MOST_EXPOSED}", f"./{name}"])

    assert found.returncode == 0, found.stdout[-500:] + found.stderr
    assert "Overall exposure level" in found.stdout


@pytest.mark.parametrize("unit", _GOING_ON, ids=name_of)
def test_a_unit_that_goes_on_waits_for_a_sign_of_life_and_for_a_good_end(unit: Path) -> None:
    assert manifests.directive(unit, "Type") == ["notify"]
    assert manifests.directive(unit, "NotifyAccess") == ["main"]
    assert [int(seconds) for seconds in manifests.directive(unit, "WatchdogSec")] == [60]
    assert manifests.directive(unit, "RestartPreventExitStatus") == ["2"]
    [stop] = manifests.directive(unit, "TimeoutStopSec")
    assert Limits().import_request_seconds + 5 < int(stop) <= Limits().lease_seconds


@pytest.mark.parametrize("unit", _SERVICES, ids=name_of)
def test_a_unit_has_no_secret_in_its_environment(unit: Path) -> None:
    settings = dict(line.split("=", 1) for line in manifests.directive(unit, "Environment"))

    [credential] = manifests.directive(unit, "LoadCredential")
    assert settings["RECONCILER_DATABASE_URL_FILE"] == f"%d/{credential.partition(':')[0]}"
    assert settings["RECONCILER_KEYRING"].startswith("/var/lib/reconciler/")
    assert manifests.directive(unit, "StateDirectoryMode") == ["0700"]


def test_crons_line_has_times_a_user_and_nothing_that_cron_reads_otherwise() -> None:
    *before, line = (manifests.DEPLOY / "cron" / "reconciler").read_text(encoding="utf-8").splitlines()

    assert re.fullmatch(r"\*/5 \* \* \* \* reconciler /opt/reconciler/bin/reconciler run --all >/dev/null", line)
    assert "%" not in line
    assert [each for each in before if not re.fullmatch(r"#.*|[A-Z_]+=\S+", each)] == []


def test_the_example_for_airflow_compiles_and_has_a_meaning_for_each_exit_code_of_run_all() -> None:
    path = manifests.DEPLOY / "airflow" / "reconciler_dag.py"
    text = path.read_text(encoding="utf-8")

    compile(text, path.name, "exec")
    assert re.findall(r"case (\w+):", text) == ["0", "2", "_"]
    assert manifests.dag_words() == ["run", "--all", "--shard", "1/4"]
