"""docs/examples/kubernetes: the manifests fit each other, and what they say to the harness is what it knows."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # no stubs are installed
import pytest
import yaml

from harness.cli.options import parser
from harness.config import toml_file
from harness.config.hosts import check_hosts

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "docs" / "examples" / "kubernetes"
FILES = sorted(MANIFESTS.glob("*.yaml"))
API = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "Job": "batch/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "PersistentVolumeClaim": "v1",
    "Service": "v1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
}
NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}}
SCHEMA = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "properties": {
        "apiVersion": {"enum": sorted(set(API.values()))},
        "kind": {"enum": sorted(API)},
        "metadata": {
            "type": "object",
            "required": ["name", "namespace"],
            "properties": {"name": NAME, "namespace": NAME, "labels": LABELS},
            "additionalProperties": False,
        },
        "spec": {"type": "object"},
        "data": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "additionalProperties": False,
}
"""Of any object here. The schemas of Kubernetes itself are megabytes; the README says how they were used."""


def documents() -> Iterator[Mapping[str, Any]]:
    for file in FILES:
        yield from yaml.safe_load_all(file.read_text(encoding="utf-8"))


OBJECTS = {(each["kind"], each["metadata"]["name"]): each for each in documents()}
APP, JOB = OBJECTS["Deployment", "shop"]["spec"], OBJECTS["Job", "harness"]["spec"]
DATA = OBJECTS["ConfigMap", "harness"]["data"]


def container(workload: Mapping[str, Any]) -> Mapping[str, Any]:
    (only,) = workload["template"]["spec"]["containers"]
    return dict(only)


@pytest.mark.parametrize("key", OBJECTS, ids="/".join)
def test_an_object_has_the_shape_of_its_kind(key: tuple[str, str]) -> None:
    """Version, name and namespace; no key that Kubernetes does not have there."""
    jsonschema.Draft202012Validator(SCHEMA).validate(OBJECTS[key])
    assert OBJECTS[key]["apiVersion"] == API[key[0]]


def test_every_file_is_in_the_table() -> None:
    """And no other."""
    rows = re.findall(r"^\| \[([\w.-]+)\]\(\1\) \|", (MANIFESTS / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == [file.name for file in FILES]


def test_selectors_select() -> None:
    """Deployment, Service, ServiceMonitor and both policies mean the same pods."""
    labels = APP["template"]["metadata"]["labels"]
    service, monitor = OBJECTS["Service", "shop"], OBJECTS["ServiceMonitor", "shop"]["spec"]
    assert APP["selector"]["matchLabels"] == service["spec"]["selector"] == labels
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (port,), (endpoint,) = service["spec"]["ports"], monitor["endpoints"]
    assert endpoint["port"] == port["name"]
    assert port["targetPort"] in {each["name"] for each in container(APP)["ports"]}
    assert OBJECTS["NetworkPolicy", "shop"]["spec"]["podSelector"]["matchLabels"] == labels
    harness = JOB["template"]["metadata"]["labels"]
    assert OBJECTS["NetworkPolicy", "harness"]["spec"]["podSelector"]["matchLabels"] == harness
    for policy in ("shop", "prometheus-for-harness"):
        sources = OBJECTS["NetworkPolicy", policy]["spec"]["ingress"][0]["from"]
        assert harness in [each.get("podSelector", {}).get("matchLabels") for each in sources]


@pytest.mark.parametrize("workload", [APP, JOB], ids=["app", "harness"])
def test_a_container_may_do_no_more_than_it_needs(workload: Mapping[str, Any]) -> None:
    """As the image of this repository wants it; each mount has its volume."""
    pod, only = workload["template"]["spec"], container(workload)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["name"] for mount in only["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    number = re.search(r"useradd .*--uid (\d+)", (ROOT / "Dockerfile").read_text())
    assert number is not None
    assert pod["securityContext"]["runAsUser"] == int(number[1])


def test_the_witness_is_off_until_there_is_a_secret() -> None:
    """The pods start without it, and the job sends nothing by default."""
    for workload in (APP, JOB):
        (token,) = (each for each in container(workload)["env"] if each["name"] == "WITNESS_TOKEN")
        assert token["valueFrom"]["secretKeyRef"] == {"name": "shop-witness", "key": "token", "optional": True}
    assert "witness_token_env" not in DATA["harness.toml"]


def test_the_job_runs_the_command_that_there_is() -> None:
    """Its flags are parsed as they stand, also with the witness turned on as the page says."""
    only = container(JOB)
    assert only["command"] == ["harness"]
    options = parser().parse_args([*only["args"], "--set", "witness_token_env=WITNESS_TOKEN"])
    assert (options.command, options.profile) == ("run", "staging")
    mounted = {mount["mountPath"]: mount["name"] for mount in only["volumeMounts"]}
    assert mounted[str(Path(options.config).parent)] == "profile"
    assert mounted[str(Path(options.out).parent)] == "reports", "beside the profile nothing can be written"
    assert "POD_NAME" in {each["name"] for each in only["env"]}
    assert JOB["backoffLimit"] == 0


def test_the_profile_is_read_and_fits_the_service() -> None:
    """Host, port and labels are those that the other manifests give; what the load asks for compiles."""
    profile = toml_file.parse(DATA["harness.toml"], "harness.toml").profile("staging")
    check_hosts(profile)
    service = OBJECTS["Service", "shop"]
    host, port = f"shop.{service['metadata']['namespace']}.svc", service["spec"]["ports"][0]["port"]
    assert profile.target == f"http://{host}:{port}"
    assert profile.allow_hosts == (host,)
    assert profile.selector == f'namespace="{service["metadata"]["namespace"]}",job="{service["metadata"]["name"]}"'
    probes = {container(APP)[probe]["httpGet"]["path"].strip("/") for probe in ("readinessProbe", "livenessProbe")}
    assert probes == set(profile.background)
    assert profile.scenario in DATA
    ast.parse(DATA[profile.scenario])
    assert host in (MANIFESTS / "README.md").read_text()


def test_the_policy_lets_the_harness_reach_what_it_asks() -> None:
    """The ports of target, Prometheus and name server, and no other."""
    profile = toml_file.parse(DATA["harness.toml"], "harness.toml").profile("staging")
    ports = [each["port"] for rule in OBJECTS["NetworkPolicy", "harness"]["spec"]["egress"] for each in rule["ports"]]
    asked = [int(url.rsplit(":", 1)[1]) for url in (profile.target, profile.prometheus)]
    assert ports == [*asked, 53, 53]
