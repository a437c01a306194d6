"""Starts and stops the target and Prometheus: on loopback, in a temporary directory, gone however the run ends."""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import requests

from harness import process, services
from harness.config import TargetStart
from harness.errors import UsageError
from harness.interrupt import shielded
from harness.process import NotReadyError, Service
from harness.services import Started

PREPARE_LIMIT_S = 120.0
PROMETHEUS_READY_S = 30.0
ANSWER_LIMIT_S = 5.0

CLONE = Path(__file__).resolve().parent.parent
"""Where `make` unpacks Prometheus when the harness runs from a clone."""
INSTALL_HINT = (
    "install it (Debian/Ubuntu: `make prometheus` unpacks the distribution's package without root; elsewhere: your "
    "package manager or prometheus.io), put it on PATH, or set HARNESS_PROMETHEUS to the binary"
)


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, by URL."""

    target: str
    prometheus: str
    servers: tuple[Started, ...] = ()
    """Databases and caches that were started for the target."""


def find_prometheus(project: Path) -> Path:
    """The `prometheus` binary: HARNESS_PROMETHEUS, else PATH, else `.tools/bin` of the project or of this clone.

    Raises UsageError that says what to install.
    """
    if named := os.environ.get("HARNESS_PROMETHEUS"):
        if os.access(named, os.X_OK) and Path(named).is_file():
            return Path(named)
        raise UsageError(
            f"HARNESS_PROMETHEUS: {named} is not an executable file; name the prometheus binary or unset it"
        )
    if found := shutil.which("prometheus"):
        return Path(found)
    for place in (project, CLONE):
        unpacked = place / ".tools" / "bin" / "prometheus"
        if os.access(unpacked, os.X_OK):
            return unpacked
    raise UsageError(f"no prometheus binary on PATH or in {project / '.tools' / 'bin'}; {INSTALL_HINT}")


@contextmanager
def embedded(start: TargetStart, project: Path, logs: Path, scrape_interval_s: float) -> Iterator[Stack]:
    """Run the target with its servers and a Prometheus that scrapes it; all and their files are gone afterwards.

    Raises UsageError when something is missing or a port is taken, StackError when a part does not become ready.
    """
    prometheus = find_prometheus(project)
    wanted = services.find(start.services)
    with ExitStack() as running:
        with shielded():
            temporary = Path(tempfile.mkdtemp(prefix="harness-"))
            running.callback(_remove, temporary)
        servers = tuple(services.start(running, each, temporary, logs) for each in wanted)
        words = {word: value for server in servers for word, value in server.words.items()}
        target = _start_target(running, start, project, temporary, logs, words)
        server = _start_prometheus(running, prometheus, target, start.metrics, temporary, logs, scrape_interval_s)
        yield Stack(target, server, servers)


def ask(url: str) -> None:
    """See that a URL answers 200. Raises NotReadyError with what it gave instead."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            response = session.get(url, timeout=ANSWER_LIMIT_S)
        except requests.RequestException as error:
            raise NotReadyError(f"{url} gave {type(error).__name__}") from None
    if response.status_code != requests.codes.ok:
        raise NotReadyError(f"{url} gave status {response.status_code}")


def _start_target(
    running: ExitStack, start: TargetStart, project: Path, temporary: Path, logs: Path, served: Mapping[str, str]
) -> str:
    cwd = (project / start.cwd).resolve()
    if not cwd.is_dir():
        raise UsageError(f"start.cwd: {cwd} is not a directory; it is taken relative to harness.toml")
    if start.port and process.is_taken(start.port):
        raise UsageError(
            f"start.port: port {start.port} is taken; stop what listens there, or set port = 0 for a free one"
        )
    own = {"tmp": str(temporary), "python": sys.executable, "project": str(project), **served}

    def launch(port: int) -> Service:
        words = {"port": str(port), **own}
        env = process.environment({key: _fill(value, words, f"start.env.{key}") for key, value in start.env.items()})
        log = logs / "target.log"
        for command in start.prepare:
            filled = [_fill(word, words, "start.prepare") for word in command]
            process.run_to_end("start.prepare", filled, log, PREPARE_LIMIT_S, cwd=cwd, env=env)
        filled = [_fill(word, words, "start.command") for word in start.command]
        return process.registered(running, lambda: process.spawn("the target", filled, log, cwd=cwd, env=env))

    return _start_ready(launch, start.ready, start.ready_timeout_s, start.port)


def _start_prometheus(
    running: ExitStack,
    binary: Path,
    target: str,
    metrics: str,
    temporary: Path,
    logs: Path,
    scrape_interval_s: float,
) -> str:
    interval = f"{round(scrape_interval_s * 1000)}ms"
    settings = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "scrape_configs": [
            {
                "job_name": "django",
                "metrics_path": metrics,
                "static_configs": [{"targets": [target.removeprefix("http://")], "labels": {"app": "somesite"}}],
            }
        ],
    }
    config = temporary / "prometheus.yml"
    config.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML

    def launch(port: int) -> Service:
        command = [
            str(binary),
            f"--config.file={config}",
            f"--storage.tsdb.path={temporary / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        spawn = partial(process.spawn, "prometheus", command, logs / "prometheus.log")
        return process.registered(running, spawn)

    return _start_ready(launch, "/-/ready", PROMETHEUS_READY_S)


def _start_ready(launch: Callable[[int], Service], ready: str, limit_s: float, fixed_port: int = 0) -> str:
    """Start what listens on HTTP, and return its base URL."""
    port, _ = process.start_on_port(launch, lambda port: ask(f"http://127.0.0.1:{port}{ready}"), limit_s, fixed_port)
    return f"http://127.0.0.1:{port}"


def _fill(template: str, words: Mapping[str, str], where: str) -> str:
    try:
        return template.format_map(words)
    except (KeyError, ValueError, IndexError):
        known = ", ".join(f"{{{word}}}" for word in words)
        raise UsageError(f"{where}: {template!r} has a placeholder that is not one of {known}") from None


def _remove(directory: Path) -> None:
    with shielded():
        shutil.rmtree(directory, ignore_errors=True)
