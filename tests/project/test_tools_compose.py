"""`make compose-test` without any container: the order of services, the engine, and the stand-ins."""

import re
import socket
from pathlib import Path

import pytest
import yaml

from tests.project.test_compose import COMPOSE, ROOT, SERVICES, validate
from tools import compose_test
from tools.compose_test import ComposeError

STAND_INS = yaml.safe_load(compose_test.STAND_INS.read_text())
PLACE = ROOT / "tools" / "compose"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def program(path: Path, name: str, code: int = 0) -> None:
    """An executable that ends with a code."""
    (path / name).write_text(f"#!/bin/sh\nexit {code}\n")
    (path / name).chmod(0o755)


def test_each_service_starts_after_those_that_it_needs() -> None:
    """All of them, once."""
    order = compose_test.order(SERVICES)
    assert sorted(order) == sorted(SERVICES)
    for name in order:
        assert all(order.index(needed) < order.index(name) for needed in SERVICES[name].get("depends_on", ()))


def test_what_is_left_out_may_not_be_needed() -> None:
    """Then those that wait for it are named."""
    with pytest.raises(ComposeError, match=r"migrate.* wait for what does not start"):
        compose_test.order(SERVICES, ["postgresql"])


def test_without_an_engine_it_says_what_to_install(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a Docker whose daemon does not answer is none."""
    program(path, "docker", 1)
    assert compose_test.main([]) == 2
    assert "podman with podman-compose is not on PATH; docs/compose.md" in capsys.readouterr().err


def test_docker_comes_before_podman(path: Path) -> None:
    """Where its daemon answers."""
    for name in ("docker", "podman", "podman-compose"):
        program(path, name)
    assert compose_test.find_engine().compose == ("docker", "compose")
    program(path, "docker", 1)
    assert compose_test.find_engine().compose == ("podman-compose",)


def test_a_taken_port_is_named() -> None:
    """Before anything is built."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(ComposeError, match=f"port {port} of 127.0.0.1 is taken"):
            compose_test.ports_are_free({"target": {"ports": [f"127.0.0.1:{port}:8000"]}})


def test_every_published_image_has_a_stand_in() -> None:
    """But Grafana, on which nothing waits; together the files keep the specification."""
    published = {name for name, service in SERVICES.items() if "build" not in service}
    assert set(STAND_INS["services"]) == published - compose_test.WITHOUT_STAND_IN
    merged = {name: {**service, **STAND_INS["services"].get(name, {})} for name, service in SERVICES.items()}
    validate({**COMPOSE, "services": merged})
    stages = set(re.findall(r" AS (\w+)$", (PLACE / "Dockerfile").read_text(), re.MULTILINE))
    assert {service["build"]["target"] for service in STAND_INS["services"].values()} == stages
    assert compose_test.order(SERVICES, compose_test.WITHOUT_STAND_IN)


def test_every_script_of_a_stand_in_is_there() -> None:
    """As the Dockerfile copies them."""
    copied = {
        name
        for line in re.findall(r"^COPY (.+) \S+$", (PLACE / "Dockerfile").read_text(), re.MULTILINE)
        for name in line.split()
    }
    assert copied == {file.name for file in PLACE.glob("*.sh")}
