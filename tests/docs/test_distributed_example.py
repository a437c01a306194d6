"""The example of load from pods: what it starts is what the commands take, and its parts fit together."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cli import options
from harness.runtime.load.distributed import gathering, wire

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "kubernetes" / "distributed.yaml"


@pytest.fixture(scope="module")
def parts() -> dict[tuple[str, str], dict[str, Any]]:
    """The documents by kind and name."""
    documents = list(yaml.safe_load_all(EXAMPLE.read_text(encoding="utf-8")))
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (found,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_the_commands_take_these_arguments(parts: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Both sides agree on ports and on how many workers there are."""
    run, worker = container(parts["Job", "harness-run"]), container(parts["Deployment", "harness-worker"])
    started = options.parser().parse_args([*run["command"][1:], *run["args"]])
    loading = options.parser().parse_args([*worker["command"][1:], *worker["args"]])
    assert started.expect_workers == parts["Deployment", "harness-worker"]["spec"]["replicas"]
    _, port = gathering.address_of(started.bind, "--bind")
    assert gathering.address_of(loading.master, "--master") == ("harness-run", port)
    assert port == wire.PORT


def test_the_service_and_the_policy_open_both_ports_and_no_other(parts: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Locust's master's, and the collector's."""
    ports = {wire.PORT, wire.PORT + 1}
    assert {each["port"] for each in parts["Service", "harness-run"]["spec"]["ports"]} == ports
    (opened,) = parts["NetworkPolicy", "harness-run"]["spec"]["ingress"]
    assert {each["port"] for each in opened["ports"]} == ports
    assert "ingress" not in parts["NetworkPolicy", "harness-worker"]["spec"]
    assert {each["containerPort"] for each in container(parts["Job", "harness-run"])["ports"]} == ports


def test_what_selects_finds(parts: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Service and policies select the pods of the two workloads."""
    for name, kind in (("harness-run", "Job"), ("harness-worker", "Deployment")):
        labels = parts[kind, name]["spec"]["template"]["metadata"]["labels"]
        assert parts["NetworkPolicy", name]["spec"]["podSelector"]["matchLabels"] == labels
    assert parts["Service", "harness-run"]["spec"]["selector"] == {"app": "harness-run"}


def test_both_have_the_same_token_and_no_rights(parts: dict[tuple[str, str], dict[str, Any]]) -> None:
    """As the pods of a namespace should."""
    both = [container(parts["Job", "harness-run"]), container(parts["Deployment", "harness-worker"])]
    tokens = [next(each["valueFrom"] for each in one["env"] if each["name"] == wire.TOKEN_VARIABLE) for one in both]
    assert tokens[0] == tokens[1]
    for one in both:
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not one["securityContext"]["allowPrivilegeEscalation"]
