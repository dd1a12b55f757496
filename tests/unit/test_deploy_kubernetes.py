"""The Kubernetes manifests: valid by the published schemas, and pods that the strictest standard admits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import kubernetes_validate
import pytest
import yaml

from reconciler.limits import Limits
from tests import manifests

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER: Final = manifests.DEPLOY / "kubernetes"
_PODS: Final = manifests.pods()
_OLDEST: Final = "1.27"
_ENDS_BY_ITSELF_SECONDS: Final = 5


def named(path: Path) -> str:
    return str(path.relative_to(_FOLDER))


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for path in manifests.KUBERNETES for each in manifests.documents(path) if each["kind"] == kind]


def is_chosen(labels: dict[str, str], selector: dict[str, Any]) -> bool:
    return bool(selector["matchLabels"].items() <= labels.items())


@pytest.mark.parametrize("version", [_OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("path", manifests.KUBERNETES, ids=named)
def test_a_manifest_is_valid_by_the_schemas_of_the_oldest_and_the_newest_version(path: Path, version: str) -> None:
    for each in manifests.documents(path):
        kubernetes_validate.validate(each, version, strict=True)


def test_a_wrong_manifest_is_found() -> None:
    """Else the test above would promise nothing."""
    wrong = manifests.documents(_FOLDER / "cron" / "cron-job.yaml")[0]
    wrong["spec"]["concurrencyPolice"] = wrong["spec"].pop("concurrencyPolicy")

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, _OLDEST, strict=True)


def test_every_manifest_but_the_example_of_a_secret_is_applied_by_one_folder() -> None:
    listed = [
        (path.parent / name).resolve()
        for path in _FOLDER.rglob("kustomization.yaml")
        for name in yaml.safe_load(path.read_text(encoding="utf-8"))["resources"]
    ]
    files = [path for path in listed if path.is_file()]

    assert sorted(files) == [path for path in manifests.KUBERNETES if path.name != "secret.example.yaml"]
    assert {path.name for path in listed if path.is_dir()} == {"base"}


@pytest.mark.parametrize("name", _PODS)
def test_a_pod_is_one_that_the_restricted_standard_admits(name: str) -> None:
    spec = _PODS[name]
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] == 10001
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"].keys() == {"memory"}
    assert spec["automountServiceAccountToken"] is False
    kinds = [set(volume) - {"name"} for volume in spec["volumes"]]
    assert [kind for kind in kinds if kind not in ({"secret"}, {"emptyDir"})] == []


@pytest.mark.parametrize("name", _PODS)
def test_a_pod_has_the_time_to_end_in_good_order(name: str) -> None:
    """What is under way may finish its request."""
    longest = _ENDS_BY_ITSELF_SECONDS + Limits().import_request_seconds

    assert longest < _PODS[name]["terminationGracePeriodSeconds"] <= Limits().lease_seconds


@pytest.mark.parametrize("name", _PODS)
def test_a_pod_reads_its_secrets_from_files_that_the_secret_has(name: str) -> None:
    [secret], [settings] = of_kind("Secret"), of_kind("ConfigMap")
    spec = _PODS[name]
    [container] = spec["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}

    assert volumes["secrets"]["secret"]["secretName"] == secret["metadata"]["name"]
    assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]
    files = {f"{mounts['secrets']}/{key}" for key in secret["stringData"]}
    assert settings["data"]["RECONCILER_DATABASE_URL_FILE"] in files
    if "keys" in mounts:
        [made] = spec["initContainers"]
        assert made["command"][-2] in files
        assert made["command"][-1] == settings["data"]["RECONCILER_KEYRING"] == f"{mounts['keys']}/keys.json"
    else:
        assert container["args"] == ["schema", "apply"]


def test_the_policies_and_the_service_choose_the_pods_that_are_meant() -> None:
    [network], [budget], [service] = of_kind("NetworkPolicy"), of_kind("PodDisruptionBudget"), of_kind("Service")
    labels = {name: spec["labels"] for name, spec in _PODS.items()}

    def chosen(selector: dict[str, Any]) -> set[str]:
        return {name for name, given in labels.items() if is_chosen(given, selector)}

    assert chosen(network["spec"]["podSelector"]) == set(_PODS)
    assert set(network["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert chosen(budget["spec"]["selector"]) == {"reconciler-worker"}
    assert chosen({"matchLabels": service["spec"]["selector"]}) == {"reconciler-serve"}
    for deployment in of_kind("Deployment"):
        assert chosen(deployment["spec"]["selector"]) == {deployment["metadata"]["name"]}


def test_the_probes_of_serve_ask_at_the_port_where_it_answers() -> None:
    [container] = _PODS["reconciler-serve"]["containers"]
    port = next(each["containerPort"] for each in container["ports"] if each["name"] == "metrics")

    assert container["args"][container["args"].index("--metrics") + 1] == f"0.0.0.0:{port}"
    asked = {kind: container[kind]["httpGet"] for kind in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {each["port"] for each in asked.values()} == {"metrics"}
    # A ledger out of reach is no reason for a new process.
    assert [each["path"] for each in asked.values()] == ["/livez", "/livez", "/healthz"]


def test_a_tick_that_finds_another_one_going_on_is_left_out() -> None:
    [cron] = of_kind("CronJob")

    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    assert cron["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
