"""Build the Dockerfile, run the whole of docker-compose.yaml, and verify each of its targets.

    python -m tools.compose_test [--stand-ins]

Docker does it where its daemon answers, podman with podman-compose elsewhere. Services start in the order of
`depends_on`, each when those before it are well; without systemd podman runs no health check by itself, so they are
run here. `--stand-ins` builds the servers from HARNESS_BASE, for where no registry can be reached; Grafana, which the
distribution does not have, is then left out. Containers and volumes are removed at the end, images stay.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docker-compose.yaml"
STAND_INS = ROOT / "tools" / "compose" / "stand-ins.yaml"
WITHOUT_STAND_IN = frozenset({"grafana"})
PROJECT = "harness-compose-test"
SECRETS = (
    "TARGET_SECRET_KEY",
    "TARGET_DB_PASSWORD",
    "TARGET_CACHE_PASSWORD",
    "GRAFANA_ADMIN_PASSWORD",
    "HARNESS_TOKEN",
)
WELL_S = 180.0
"""How long a service may take to be well, or a job to be done."""
PROFILES = ("compose", "compose-mysql", "compose-memcached")
FLAGS = ("--set", "rules=[]", "--set", "dashboards=[]")
"""The rules sum over all targets of the app; a panel of one view is empty where the load seldom asks for that view."""
DISTRIBUTED = ("harness-run", "harness-worker")
"""A run and its workers: they wait for each other, and end together."""
LOCUST = "http://127.0.0.1:8089"
WORKERS, USERS = 2, 4
MOST_FAILED = 0.5
"""Of the requests: scenarios fail on purpose here and there."""


class ComposeError(Exception):
    """What went wrong, and what to do."""


@dataclass(frozen=True)
class Engine:
    """The command for containers, and the one for Compose files."""

    containers: tuple[str, ...]
    compose: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well and each target was verified; 1 when something is not; 2 when it cannot be tried here."""
    parser = argparse.ArgumentParser(prog="python -m tools.compose_test")
    parser.add_argument("--stand-ins", action="store_true", help="build the servers from HARNESS_BASE, without Grafana")
    given = parser.parse_args(arguments)
    document = yaml.safe_load(FILE.read_text())
    try:
        engine = find_engine()
        ports_are_free(document["services"])
    except ComposeError as error:
        print(f"compose-test: {error}", file=sys.stderr)
        return 2
    for name in SECRETS:
        os.environ.setdefault(name, secrets.token_hex(16))
    try:
        run(engine, document["services"], stand_ins=given.stand_ins)
    except ComposeError as error:
        print(f"compose-test: {error}", file=sys.stderr)
        return 1
    return 0


def find_engine() -> Engine:
    """Docker whose daemon answers, else podman. Raises ComposeError."""
    if shutil.which("docker") and succeeds("docker", "info") and succeeds("docker", "compose", "version"):
        return Engine(("docker",), ("docker", "compose"))
    if shutil.which("podman") and shutil.which("podman-compose"):
        return Engine(("podman",), ("podman-compose",))
    raise ComposeError(
        "no Docker daemon answers, and podman with podman-compose is not on PATH; docs/compose.md says what to install"
    )


def succeeds(*command: str) -> bool:
    """Whether a command ends with 0."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def ports_are_free(services: Mapping[str, Mapping[str, Any]]) -> None:
    """The file publishes fixed ports. Raises ComposeError with those that are taken."""
    taken = []
    for port in sorted(int(port.split(":")[1]) for service in services.values() for port in service.get("ports", ())):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(("127.0.0.1", port))
            except OSError:
                taken.append(str(port))
    if taken:
        raise ComposeError(f"port {', '.join(taken)} of 127.0.0.1 is taken; stop what listens there")


def order(services: Mapping[str, Mapping[str, Any]], left_out: Iterable[str] = ()) -> list[str]:
    """The services, each after those that it depends on."""
    found: list[str] = []
    waiting = [name for name in services if name not in set(left_out)]
    while waiting:
        ready = [name for name in waiting if set(services[name].get("depends_on", ())) <= set(found)]
        if not ready:
            raise ComposeError(f"{', '.join(waiting)} wait for what does not start")
        found += ready
        waiting = [name for name in waiting if name not in ready]
    return found


def run(engine: Engine, services: Mapping[str, Mapping[str, Any]], *, stand_ins: bool) -> None:
    """Build, start, verify, and remove. Raises ComposeError."""
    files = ("--file", str(FILE), *(("--file", str(STAND_INS)) if stand_ins else ()))
    profiles = sorted({each for service in services.values() for each in service.get("profiles", ())})
    chosen = tuple(part for profile in profiles for part in ("--profile", profile))
    compose = (*engine.compose, "--project-name", PROJECT, *files, *chosen)
    names = order(services, (*DISTRIBUTED, *(WITHOUT_STAND_IN if stand_ins else ())))
    images = {services[name]["image"]: name for name in names if "build" in services[name] or stand_ins}
    try:
        call(*compose, "build", *images.values())
        for name in names:
            call(*compose, "up", "--detach", "--no-deps", "--no-build", name)
            await_well(engine, name, services[name])
        drive_locust()
        for profile in PROFILES:
            verify(profile)
        call(*compose, "up", "--detach", "--no-deps", "--no-build", *DISTRIBUTED)
        for name in DISTRIBUTED:
            await_well(engine, name, services[name])
            print(logs(engine, containers(engine, name)), flush=True)
    finally:
        subprocess.run([*compose, "down", "--volumes"], cwd=ROOT, check=False)


def call(*command: str) -> None:
    """Run it in sight. Raises ComposeError."""
    print("+", *command, flush=True)
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        raise ComposeError(f"`{' '.join(command)}` ended with {done.returncode}")


def await_well(engine: Engine, name: str, service: Mapping[str, Any]) -> None:
    """Until every container of a service is healthy, or a job is done. Raises ComposeError."""
    job = service["restart"] == "no"
    wanted = service.get("deploy", {}).get("replicas", 1)
    last = ""

    def well() -> bool:
        nonlocal last
        found = containers(engine, name)
        states = [state(engine, each, job=job) for each in found]
        last = ", ".join(states) or "no container"
        if "failed" in states:
            raise ComposeError(f"{name} failed:\n{logs(engine, found)}")
        return len(states) == wanted and set(states) == {"well"}

    if not awaited(well, WELL_S):
        raise ComposeError(f"{name} is not well after {WELL_S:.0f} s: {last}\n{logs(engine, containers(engine, name))}")
    print(f"{name}: well", flush=True)


def containers(engine: Engine, name: str) -> list[str]:
    """The ids of a service's containers."""
    labels = (f"label=com.docker.compose.project={PROJECT}", f"label=com.docker.compose.service={name}")
    filters = [part for label in labels for part in ("--filter", label)]
    return told(engine, "ps", "--all", "--quiet", *filters).split()


def state(engine: Engine, container: str, *, job: bool) -> str:
    """`well`, `waiting` or `failed`."""
    status, _, code = told(engine, "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", container).partition(
        " "
    )
    if job:
        return "waiting" if status != "exited" else "well" if code.strip() == "0" else "failed"
    if status != "running":
        return "waiting"  # a restart is on the way
    if engine.containers == ("podman",):
        return "well" if succeeds("podman", "healthcheck", "run", container) else "waiting"
    health = told(engine, "inspect", "--format", "{{.State.Health.Status}}", container).strip()
    return "well" if health == "healthy" else "waiting"


def told(engine: Engine, *arguments: str) -> str:
    """What the engine prints."""
    return subprocess.run([*engine.containers, *arguments], capture_output=True, text=True, check=False).stdout


def logs(engine: Engine, found: Iterable[str]) -> str:
    """The last lines of containers."""
    done = [
        subprocess.run(
            [*engine.containers, "logs", "--tail", "20", each],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for each in found
    ]
    return "\n".join(each.stdout for each in done)


def awaited(holds: Callable[[], bool], limit_s: float) -> bool:
    """Whether it holds in time."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(1)
    return False


def drive_locust() -> None:
    """Start users on Locust's page, see that they are answered, and stop them. Raises ComposeError."""

    def stats() -> Mapping[str, Any]:
        return dict(json.loads(ask(f"{LOCUST}/stats/requests")))

    if not awaited(lambda: len(stats().get("workers", ())) == WORKERS, 30):
        raise ComposeError(f"Locust's page has not {WORKERS} workers: {stats().get('workers')}")
    ask(f"{LOCUST}/swarm", f"user_count={USERS}&spawn_rate={USERS}&host=http://target:8000".encode())
    loaded = awaited(lambda: any(each["num_requests"] for each in stats()["stats"]), 30)
    ask(f"{LOCUST}/stop", b"")
    if not loaded:
        raise ComposeError("Locust's users sent no request")
    failed = stats()["fail_ratio"]
    print(f"locust: {WORKERS} workers, {USERS} users, {failed:.1%} failed", flush=True)
    if failed > MOST_FAILED:
        raise ComposeError(f"{failed:.0%} of the requests of Locust's users failed")
    if not awaited(lambda: stats()["state"] in ("stopped", "ready"), 30):
        raise ComposeError("Locust's users did not stop")


def ask(url: str, data: bytes | None = None) -> str:
    """An answer's text. Raises ComposeError."""
    try:
        with urllib.request.urlopen(url, data, timeout=10) as response:  # noqa: S310 - ports of the file, on 127.0.0.1
            return str(response.read().decode())
    except OSError as error:
        raise ComposeError(f"{url} does not answer: {error}") from None


def verify(profile: str) -> None:
    """`harness run` of one target. Raises ComposeError unless it passes."""
    call(sys.executable, "-m", "harness", "run", profile, "--users", str(USERS), *FLAGS)


if __name__ == "__main__":
    sys.exit(main())
