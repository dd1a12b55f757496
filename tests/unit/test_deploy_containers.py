"""The image and what runs it: the Dockerfile, its replay without an engine, and the Compose file."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import compose_spec
import pytest

from reconciler.limits import Limits
from tests import manifests

if TYPE_CHECKING:
    from types import ModuleType

_DOCKERFILE: Final = manifests.ROOT / "Dockerfile"
_HADOLINT: Final = Path(sys.executable).with_name("hadolint")


def replay() -> ModuleType:
    """The script that follows the Dockerfile, as a module."""
    loader = importlib.machinery.SourceFileLoader("replay_image", str(manifests.DEPLOY / "replay-image"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = found  # dataclasses look themselves up there
    loader.exec_module(found)
    return found


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_HADOLINT, path], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - words of ours


def test_hadolint_finds_nothing_in_the_dockerfile_and_something_in_a_worse_one(tmp_path: Path) -> None:
    worse = tmp_path / "Dockerfile"
    worse.write_text(_DOCKERFILE.read_text(encoding="utf-8").replace("--yes --no-install", "--no-install"))

    found = lint(_DOCKERFILE)

    assert (found.returncode, found.stdout) == (0, "")
    assert "DL3014" in lint(worse).stdout


def test_the_image_is_of_a_base_that_can_be_pinned_and_runs_as_nobody_in_particular() -> None:
    text = _DOCKERFILE.read_text(encoding="utf-8")

    assert {line.split()[1] for line in text.splitlines() if line.startswith("FROM ")} == {"${BASE}"}
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    assert manifests.instruction("ENTRYPOINT") == ["/usr/bin/tini", "--", "reconciler"]
    assert "@sha256:" in text
    assert "--sbom=true" in text
    # The wheel is built with locked packages, too.
    assert text.count("--require-hashes") == 2


def test_every_instruction_of_the_dockerfile_can_be_followed_without_an_engine() -> None:
    script = replay()
    steps = script.instructions(_DOCKERFILE.read_text(encoding="utf-8"))
    shell = [step for step in steps if step.word == "RUN"]

    assert {step.word for step in steps} <= {"ARG", "FROM", "ENV", "WORKDIR", "COPY", "RUN"} | script._DESCRIBING
    assert len(shell) == len(re.findall(r"^RUN ", _DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE))
    assert [step.rest for step in shell if step.rest.startswith(("[", "--", "<<"))] == []


def test_lines_that_go_on_are_joined_and_comments_between_them_left_out() -> None:
    script = replay()

    [step] = script.instructions("# what\nRUN one \\\n# why\n    && two\n\n")

    assert (step.word, step.rest.split()) == ("RUN", ["one", "&&", "two"])


def test_what_the_replay_does_not_know_ends_it() -> None:
    script = replay()
    stage = script.Stage(Path("/nowhere"), {})

    for step in (script.Instruction("VOLUME", "/data"), script.Instruction("RUN", "--mount=type=cache true")):
        with pytest.raises(SystemExit, match="no way known here"):
            script.follow(stage, step, {}, {})
    with pytest.raises(SystemExit, match="all that is known here"):
        script.base_of("alpine:3")
    assert script.base_of(f"python:3.11-slim-bookworm@sha256:{'0' * 64}") == ("bookworm", "3.11")


def test_variables_are_filled_in_as_an_engine_does_it() -> None:
    script = replay()
    stage = script.Stage(Path("/nowhere"), {})
    for step in ("ARG A=1", 'ARG B="two words"', "ENV C=${A}${B} PATH=/x:$PATH", 'LABEL c="${C}"', 'CMD ["$A"]'):
        script.follow(stage, script.Instruction(*step.split(maxsplit=1)), {"A": "given"}, {})

    assert stage.environment == {"C": "giventwo words", "PATH": f"/x:{script._PATH}"}
    assert stage.said["LABEL"] == 'c="giventwo words"'
    assert stage.words("CMD") == ["given"]


def test_the_compose_file_is_one_by_the_specification_and_a_worse_one_is_not() -> None:
    found = manifests.compose()

    assert "serve" in compose_spec.PyCompose.from_json(json.dumps(found)).service_names()
    found["services"]["serve"]["depend_on"] = found["services"]["serve"].pop("depends_on")
    with pytest.raises(ValueError, match="depend_on"):
        compose_spec.PyCompose.from_json(json.dumps(found))


@pytest.mark.parametrize("profile", [[], ["--env-file", "simulator.env"]])
def test_debians_docker_compose_reads_it_too(tmp_path: Path, profile: list[str]) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("NOT TESTED: whether docker-compose reads deploy/compose.yaml: there is none here")
    for name in ("compose.yaml", "simulator.env"):
        shutil.copy(manifests.DEPLOY / name, tmp_path)

    words = [program, *profile, "--file", "compose.yaml", "config", "--services"]
    found = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - words of ours

    assert found.returncode == 0, found.stderr
    assert {"postgres", "migrate", "serve", "proxy"} <= set(found.stdout.split())


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = manifests.compose()["services"]
    return found


def test_serve_begins_when_the_server_answers_and_the_schema_is_there() -> None:
    them = services()

    assert "pg_isready" in them["postgres"]["healthcheck"]["test"]
    assert them["postgres"]["image"] == "postgres:18"
    assert them["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert them["serve"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert {name for name, each in them.items() if "profiles" in each} == {"simulator"}


def test_the_programs_of_the_compose_file_may_write_to_nothing_but_tmp_and_their_volume() -> None:
    ours = {name: each for name, each in services().items() if each["image"].startswith("reconciler")}

    assert ours.keys() == {"migrate", "serve", "simulator"}
    for each in ours.values():
        assert (each["read_only"], each["tmpfs"], each["cap_drop"]) == (True, ["/tmp"], ["ALL"])  # noqa: S108 - as it stands there
        assert "no-new-privileges:true" in each["security_opt"]
    ends = int(ours["serve"]["stop_grace_period"].removesuffix("s"))
    assert Limits().import_request_seconds + 5 < ends <= Limits().lease_seconds


def test_no_secret_of_the_compose_file_is_in_an_environment_and_nothing_listens_beyond_this_machine() -> None:
    for name, each in services().items():
        assert [key for key in each.get("environment", {}) if "PASSWORD" in key and not key.endswith("_FILE")] == []
        assert [port for port in each.get("ports", []) if not port.startswith("127.0.0.1:")] == [], name
    assert manifests.compose()["secrets"].keys() == {"database_url", "postgres_password"}


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_replayed_image_runs_the_demonstration_on_a_read_only_root(tmp_path: Path) -> None:
    """Needs root, debootstrap and a way to Debian's and PyPI's packages."""
    done = subprocess.run(  # noqa: S603 - words of ours
        [manifests.DEPLOY / "replay-image"], capture_output=True, text=True, timeout=1700, check=False
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "FAIL" not in done.stdout
