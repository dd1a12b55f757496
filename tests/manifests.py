"""What lies in `deploy/`, read for the tests: manifests, units, and the commands that are said in them."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
DEPLOY: Final = ROOT / "deploy"
KUBERNETES: Final = sorted(
    path for path in (DEPLOY / "kubernetes").rglob("*.yaml") if path.name != "kustomization.yaml"
)
UNITS: Final = sorted((DEPLOY / "systemd").iterdir())
_PROGRAM: Final = "/opt/reconciler/bin/reconciler"
_DEFAULTS: Final = re.compile(r"\$\{\w+:-([^}]*)\}")


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def compose() -> dict[str, Any]:
    """The Compose file, with the default of each variable in its place."""
    text = _DEFAULTS.sub(r"\1", (DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def pod(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """The specification of the pods that a manifest asks for, with the labels of these as `labels`."""
    match manifest["kind"]:
        case "CronJob":
            template = manifest["spec"]["jobTemplate"]["spec"]["template"]
        case "Deployment" | "Job":
            template = manifest["spec"]["template"]
        case _:
            return None
    return {**template["spec"], "labels": template["metadata"]["labels"]}


def pods() -> dict[str, dict[str, Any]]:
    """The pods by the name of what asks for them."""
    them = [each for path in KUBERNETES for each in documents(path)]
    return {each["metadata"]["name"]: spec for each in them if (spec := pod(each)) is not None}


def directive(unit: Path, name: str) -> list[str]:
    """What a unit says by this name, in order."""
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def instruction(name: str) -> list[str]:
    """The words of the Dockerfile's last instruction of this name, in its exec form."""
    found = re.findall(rf"^{name} .*?(\[.*\])$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    words: list[str] = json.loads(found[-1])
    return words


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command of the program that is said in `deploy/` or the Dockerfile: where, and its words."""
    yield "Dockerfile CMD", instruction("CMD")
    yield "Dockerfile HEALTHCHECK", instruction("HEALTHCHECK")[1:]
    for name, service in compose()["services"].items():
        if service["image"].startswith("reconciler"):
            yield f"compose {name}", service["command"]
    for name, spec in pods().items():
        [container] = spec["containers"]
        yield f"kubernetes {name}", container["args"]
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            if "exec" in (probe := container.get(kind, {})):
                yield f"kubernetes {name} {kind}", probe["exec"]["command"][1:]
    yield from _host_commands()


def _host_commands() -> Iterator[tuple[str, list[str]]]:
    for unit in UNITS:
        for line in directive(unit, "ExecStart"):
            yield f"systemd {unit.name}", shlex.split(line.removeprefix(_PROGRAM))
    line = (DEPLOY / "cron" / "reconciler").read_text(encoding="utf-8").splitlines()[-1]
    yield "cron", shlex.split(line.partition(_PROGRAM)[2].partition(">")[0])
    yield "airflow", dag_words()


def dag_words() -> list[str]:
    """The words of the program's command in the Airflow example, for the first of four parts."""
    tree = ast.parse((DEPLOY / "airflow" / "reconciler_dag.py").read_text(encoding="utf-8"))
    [words] = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "words" and isinstance(node.value, ast.List)
    ]
    return ["1/4" if isinstance(word, ast.JoinedStr) else str(ast.literal_eval(word)) for word in words.elts[1:]]
