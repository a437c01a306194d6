"""Starts and stops the target and Prometheus: on loopback, in a temporary directory, gone however the run ends."""

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from harness.config.profile import Act, Sidecar, TargetStart
from harness.core.errors import HarnessError, UsageError
from harness.core.rule import Rule
from harness.core.text import shorten
from harness.monitoring.rules import rule_file
from harness.runtime import process
from harness.runtime.interrupt import shielded
from harness.runtime.process import NotReadyError, Service
from harness.runtime.stack import servers
from harness.runtime.stack.servers import Started

PREPARE_LIMIT_S = 120.0
PROMETHEUS_READY_S = 30.0
ANSWER_LIMIT_S = 5.0
REASON_LIMIT = 200
"""Characters of what a health check says that are shown."""
ACT_LIMIT_S = 10.0

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
    processes: tuple[Service, ...] = ()
    """The target, what stands beside it, and Prometheus, where they were started here."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What placeholders of a command stand for while it runs: ports, process ids, directories."""

    def ended(self) -> tuple[str, ...]:
        """Names of those that have ended by themselves, with how."""
        codes = ((service.name, service.process.poll()) for service in self.processes)
        return tuple(f"{name} (exit {code})" for name, code in codes if code is not None)


@dataclass(frozen=True, slots=True)
class _Running:
    """What listens on HTTP, and its process."""

    port: int
    service: Service

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


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
def embedded(
    start: TargetStart, project: Path, logs: Path, scrape_interval_s: float, loaded: Sequence[Rule] = ()
) -> Iterator[Stack]:
    """Run the target with its servers and a Prometheus that scrapes it; all and their files are gone afterwards.

    `loaded` are the rules that Prometheus evaluates.

    Raises UsageError when something is missing or a port is taken, StackError when a part does not become ready.
    """
    prometheus = find_prometheus(project)
    wanted = servers.find(start.services)
    with ExitStack() as running:
        with shielded():
            temporary = Path(tempfile.mkdtemp(prefix="harness-"))
            running.callback(_remove, temporary)
        started_servers = tuple(servers.start(running, each, temporary, logs) for each in wanted)
        words = {word: value for server in started_servers for word, value in server.words.items()}
        words |= {"tmp": str(temporary), "python": sys.executable, "project": str(project), **start.words}
        words["spare_port"] = str(process.free_port())
        started = _start_target(running, start, project, logs, words)
        words |= {"target_port": str(started.port), "target_pid": str(started.service.process.pid)}
        processes = [started.service]
        for each in start.beside:
            beside = _start_beside(running, each, start, project, logs, words)
            words |= {f"{each.name}_port": str(beside.port), f"{each.name}_pid": str(beside.service.process.pid)}
            processes.append(beside.service)
        server = _start_prometheus(running, prometheus, start, temporary, logs, scrape_interval_s, words, loaded)
        words |= {"prometheus_pid": str(server.service.process.pid)}
        entry = f"http://127.0.0.1:{words[f'{start.entry}_port']}" if start.entry else started.url
        yield Stack(entry, server.url, started_servers, (*processes, server.service), words)


def reach(url: str) -> requests.Response:
    """What a URL answers, whatever it is. Raises NotReadyError when nothing does."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=ANSWER_LIMIT_S)
        except requests.RequestException as error:
            raise NotReadyError(f"{url} gave {type(error).__name__}") from None


def ask(url: str) -> None:
    """See that a URL answers 200. Raises NotReadyError with what it gave instead."""
    response = reach(url)
    if response.status_code != requests.codes.ok:
        plain = response.headers.get("Content-Type", "").startswith("text/plain")
        said = response.text.strip().splitlines()[:1] if plain else []
        reason = f": {shorten(said[0], REASON_LIMIT)}" if said else ""
        raise NotReadyError(f"{url} gave status {response.status_code}{reason}")


@contextmanager
def acting(acts: Sequence[Act], words: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run each command at its time while the block runs, or not at all when the block ends before.

    Raises StackError at the end of the block when one of them failed.
    """
    over, failures = threading.Event(), []

    def act() -> None:
        began = time.monotonic()
        for each in sorted(acts, key=lambda act: act.at_s):
            if over.wait(max(began + each.at_s - time.monotonic(), 0.0)):
                return
            try:
                process.signal_to([_fill(word, words, "act") for word in each.command], log, ACT_LIMIT_S)
            except HarnessError as error:
                failures.append(error)
                return

    thread = threading.Thread(target=act, name="acts")
    if acts:
        thread.start()
    try:
        yield
    finally:
        over.set()
        if acts:
            thread.join()
    if failures:
        raise failures[0]


def _start_target(
    running: ExitStack, start: TargetStart, project: Path, logs: Path, known: Mapping[str, str]
) -> _Running:
    cwd = (project / start.cwd).resolve()
    if not cwd.is_dir():
        raise UsageError(f"start.cwd: {cwd} is not a directory; it is taken relative to harness.toml")
    if start.port and process.is_taken(start.port):
        raise UsageError(
            f"start.port: port {start.port} is taken; stop what listens there, or set port = 0 for a free one"
        )

    def launch(port: int) -> Service:
        words = {"port": str(port), **known}
        env = process.environment({key: _fill(value, words, f"start.env.{key}") for key, value in start.env.items()})
        log = logs / "target.log"
        for command in start.prepare:
            filled = [_fill(word, words, "start.prepare") for word in command]
            process.run_to_end("start.prepare", filled, log, PREPARE_LIMIT_S, cwd=cwd, env=env)
        filled = [_fill(word, words, "start.command") for word in start.command]
        return process.registered(running, lambda: process.spawn("the target", filled, log, cwd=cwd, env=env))

    return _start_ready(launch, start.ready, start.ready_timeout_s, start.port)


def _start_beside(
    running: ExitStack, beside: Sidecar, start: TargetStart, project: Path, logs: Path, known: Mapping[str, str]
) -> _Running:
    """Start what stands beside the target, in the target's directory and environment."""
    cwd, where = (project / start.cwd).resolve(), f"beside.{beside.name}"

    def launch(port: int) -> Service:
        words = {"port": str(port), **known}
        given = {**start.env, **beside.env}
        env = process.environment({key: _fill(value, words, f"{where}.env.{key}") for key, value in given.items()})
        command = [_fill(word, words, where) for word in beside.command]
        log = logs / f"{beside.name}.log"
        return process.registered(running, lambda: process.spawn(beside.name, command, log, cwd=cwd, env=env))

    if not beside.ready:
        return _Running(0, launch(0))
    return _start_ready(launch, beside.ready, start.ready_timeout_s)


def _start_prometheus(
    running: ExitStack,
    binary: Path,
    start: TargetStart,
    temporary: Path,
    logs: Path,
    scrape_interval_s: float,
    words: Mapping[str, str],
    loaded: Sequence[Rule],
) -> _Running:
    interval = f"{round(scrape_interval_s * 1000)}ms"
    job = {
        "job_name": "django",
        "metrics_path": start.metrics,
        "static_configs": [{"targets": [f"127.0.0.1:{words['target_port']}"], "labels": {"app": "somesite"}}],
        **_filled(start.scrape, words, "start.scrape"),
    }
    files = _write_rules(loaded, temporary)
    settings = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval},
        "rule_files": files,
        "scrape_configs": [job],
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


def _write_rules(loaded: Sequence[Rule], temporary: Path) -> list[str]:
    """The rule files as Prometheus reads them: JSON is YAML."""
    directory = temporary / "rules"
    directory.mkdir()
    for name, document in rule_file.documents(loaded).items():
        (directory / name).write_text(json.dumps(document), encoding="utf-8")
    return [str(file) for file in sorted(directory.iterdir())]


def _start_ready(launch: Callable[[int], Service], ready: str, limit_s: float, fixed_port: int = 0) -> _Running:
    """Start what listens on HTTP."""
    services_: list[Service] = []

    def keep(port: int) -> Service:
        services_.append(launch(port))
        return services_[-1]

    port, _ = process.start_on_port(keep, lambda port: ask(f"http://127.0.0.1:{port}{ready}"), limit_s, fixed_port)
    return _Running(port, services_[-1])


def _filled(value: Any, words: Mapping[str, str], where: str) -> Any:
    """A copy of a piece of configuration with the placeholders of its texts filled in."""
    if isinstance(value, str):
        return _fill(value, words, where)
    if isinstance(value, Mapping):
        return {key: _filled(item, words, where) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_filled(item, words, where) for item in value]
    return value


def _fill(template: str, words: Mapping[str, str], where: str) -> str:
    try:
        return template.format_map(words)
    except (KeyError, ValueError, IndexError):
        known = ", ".join(f"{{{word}}}" for word in words)
        raise UsageError(f"{where}: {template!r} has a placeholder that is not one of {known}") from None


def _remove(directory: Path) -> None:
    with shielded():
        shutil.rmtree(directory, ignore_errors=True)
