"""Starts and stops the target and Prometheus: on loopback, in a temporary directory, gone however the run ends."""

import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from requests import Response

from harness.config.profile import LOOPBACK, Sidecar, TargetStart
from harness.core import secret
from harness.core.errors import UsageError
from harness.core.rule import Rule
from harness.core.text import shorten
from harness.core.url import parse
from harness.runtime import connections, http, process
from harness.runtime.answers import AnswerError
from harness.runtime.connections import Way
from harness.runtime.files import resolved
from harness.runtime.interrupt import shielded
from harness.runtime.process import NotReadyError, Service
from harness.runtime.stack import prometheus_server, servers
from harness.runtime.stack.acts import ACT_LIMIT_S
from harness.runtime.stack.placeholders import fill
from harness.runtime.stack.servers import Started

PREPARE_LIMIT_S = 120.0
OK = 200
ANSWER_LIMIT_S = 5.0
ANSWER_BYTES = 2**20
REASON_LIMIT = 200
"""Characters of what a health check says that are shown."""


def stop_limit_s(sidecars: int, stop_timeout_s: float) -> float:
    """How long a harness may take to stop a load and a stack of so many sidecars, if nothing of it answers.

    Its parts are stopped one after the other, and each may use up its grace: an act, Locust, the sidecars, the target,
    Prometheus, and every server that a variant may have.
    """
    parts = sidecars + 2 + len(servers.SERVERS)
    return ACT_LIMIT_S + stop_timeout_s + (1 + parts) * process.STOP_GRACE_S


@dataclass(frozen=True, slots=True)
class Stack:
    """What runs, by URL."""

    target: str
    prometheus: str
    servers: tuple[Started, ...] = ()
    """Databases and caches that were started for the target."""
    processes: tuple[Service, ...] = ()
    """The target, its sidecars, and Prometheus, where they were started here."""
    placeholders: Mapping[str, str] = field(default_factory=dict)
    """What placeholders of a command stand for while it runs: ports, process ids, directories."""

    @property
    def python(self) -> str:
        """The interpreter that has the target's packages, as far as it is known here."""
        return self.placeholders.get("python", sys.executable)

    def ended(self) -> tuple[str, ...]:
        """Names of those that have ended by themselves, with how."""
        codes = ((service.name, service.process.poll()) for service in self.processes)
        return tuple(f"{name} (exit {code})" for name, code in codes if code is not None)


@dataclass(frozen=True, slots=True)
class _Running:
    """What listens on HTTP, and its process."""

    port: int
    service: Service
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


@contextmanager
def embedded(
    start: TargetStart, project: Path, logs: Path, scrape_interval_s: float, loaded: Sequence[Rule] = ()
) -> Iterator[Stack]:
    """Run the target with its servers and a Prometheus that scrapes it; all and their files are gone afterwards.

    `loaded` are the rules that Prometheus evaluates.

    Raises UsageError when something is missing or a port is taken, StackError when a part does not become ready.
    """
    prometheus = prometheus_server.find_prometheus(project)
    wanted = servers.find(start.services)
    with ExitStack() as running:
        with shielded():
            temporary = Path(tempfile.mkdtemp(prefix="harness-"))
            running.callback(_remove, temporary)
        started_servers = tuple(servers.start(running, each, temporary, logs) for each in wanted)
        placeholders = {name: value for server in started_servers for name, value in server.placeholders.items()}
        placeholders |= {
            "tmp": str(temporary),
            "python": interpreter(start, project),
            "project": str(project),
            **start.placeholders,
            "host": start.host,
            "secret": secrets.token_urlsafe(18),
        }
        placeholders["spare_port"] = str(process.free_port())
        started = _start_target(running, start, project, logs, placeholders)
        _use_headers(start, started.url, placeholders)
        placeholders |= {"target_port": str(started.port), "target_pid": str(started.service.process.pid)}
        processes, sidecar_urls = [started.service], {}
        for each in start.sidecars:
            sidecar = _start_sidecar(running, each, start, project, logs, placeholders)
            placeholders[f"{each.name}_port"] = str(sidecar.port)
            sidecar_urls[each.name] = sidecar.url
            placeholders[f"{each.name}_pid"] = str(sidecar.service.process.pid)
            processes.append(sidecar.service)
        server = _start_prometheus(running, prometheus, start, temporary, logs, scrape_interval_s, placeholders, loaded)
        placeholders |= {"prometheus_pid": str(server.service.process.pid)}
        entry = sidecar_urls[start.entry] if start.entry else started.url
        yield Stack(entry, server.url, started_servers, (*processes, server.service), placeholders)


def interpreter(start: TargetStart, project: Path) -> str:
    """The interpreter that has the target's packages. Raises UsageError when it is not there.

    Its path is not resolved: a virtual environment is known by the link that leads to its interpreter.
    """
    if not start.python:
        return sys.executable
    found = shutil.which(str(project.absolute() / start.python) if os.sep in start.python else start.python)
    if found is None:
        raise UsageError(
            f"start.python: {start.python} is no program that can be run; name the interpreter of the target's "
            "environment, relative to harness.toml, or one of PATH"
        )
    return found


def reach(url: str, *, follow: bool = False) -> Response:
    """What a URL answers, whatever it is. Raises NotReadyError when nothing does."""
    try:
        return http.get(url, ANSWER_LIMIT_S, ANSWER_BYTES, follow=follow)
    except AnswerError as error:
        raise NotReadyError(f"{url} {error}") from None


def ask(url: str) -> None:
    """Check that a URL answers 200, redirects on its own origin followed. Raises NotReadyError with what it gave."""
    response = reach(url, follow=True)
    if response.status_code != OK:
        plain = response.headers.get("Content-Type", "").startswith("text/plain")
        reply = response.text.strip().splitlines()[:1] if plain else []
        reason = f": {shorten(reply[0], REASON_LIMIT)}" if reply else ""
        raise NotReadyError(f"{url} gave status {response.status_code}{reason}")


def _start_target(
    running: ExitStack, start: TargetStart, project: Path, logs: Path, known: Mapping[str, str]
) -> _Running:
    cwd = resolved(project / start.cwd)
    if not cwd.is_dir():
        raise UsageError(f"start.cwd: {cwd} is not a directory; it is relative to harness.toml")
    if start.port and process.is_taken(start.port):
        raise UsageError(
            f"start.port: port {start.port} is taken; stop what listens there, or set port = 0 for a free one"
        )

    def launch(port: int) -> Service:
        placeholders = {"port": str(port), **known}
        env = process.environment(
            {key: fill(value, placeholders, f"start.env.{key}") for key, value in start.env.items()}
        )
        log = logs / "target.log"
        for command in start.prepare:
            filled = [fill(part, placeholders, "start.prepare") for part in command]
            process.run_to_end("start.prepare", filled, log, PREPARE_LIMIT_S, cwd=cwd, env=env)
        filled = [fill(part, placeholders, "start.command") for part in start.command]
        return process.registered(running, lambda: process.spawn("the target", filled, log, cwd=cwd, env=env))

    return _start_ready(launch, start.ready, start.ready_timeout_s, start.port, start.host)


def _use_headers(start: TargetStart, url: str, placeholders: Mapping[str, str]) -> None:
    """Show a target that others can reach, too, who asks. Raises UsageError for an unknown placeholder."""
    if start.host in LOOPBACK or not start.headers:
        return
    headers = {name: fill(value, placeholders, f"start.headers.{name}") for name, value in start.headers.items()}
    for value in headers.values():
        secret.remember(value)
    connections.use(parse(url).origin, Way(headers))


def _start_sidecar(
    running: ExitStack, sidecar: Sidecar, start: TargetStart, project: Path, logs: Path, known: Mapping[str, str]
) -> _Running:
    """Start a process beside the target, in the target's directory and environment."""
    cwd, where = resolved(project / start.cwd), f"sidecar {sidecar.name}"

    def launch(port: int) -> Service:
        placeholders = {"port": str(port), **known}
        given = {**start.env, **sidecar.env}
        env = process.environment(
            {key: fill(value, placeholders, f"{where}.env.{key}") for key, value in given.items()}
        )
        command = [fill(part, placeholders, where) for part in sidecar.command]
        log = logs / f"{sidecar.name}.log"
        return process.registered(running, lambda: process.spawn(sidecar.name, command, log, cwd=cwd, env=env))

    if not sidecar.ready:
        return _Running(0, launch(0))
    host = start.host if any("{host}" in word for word in sidecar.command) else "127.0.0.1"
    return _start_ready(launch, sidecar.ready, start.ready_timeout_s, host=host)


def _start_prometheus(
    running: ExitStack,
    binary: Path,
    start: TargetStart,
    temporary: Path,
    logs: Path,
    scrape_interval_s: float,
    placeholders: Mapping[str, str],
    loaded: Sequence[Rule],
) -> _Running:
    config = prometheus_server.write_config(temporary, start, scrape_interval_s, loaded, placeholders)

    def launch(port: int) -> Service:
        command = prometheus_server.command(binary, config, temporary / "tsdb", port)
        spawn = partial(process.spawn, "prometheus", command, logs / "prometheus.log")
        return process.registered(running, spawn)

    return _start_ready(launch, prometheus_server.READY, prometheus_server.READY_S)


def _start_ready(
    launch: Callable[[int], Service], ready: str, limit_s: float, fixed_port: int = 0, host: str = "127.0.0.1"
) -> _Running:
    """Start what listens on HTTP."""
    services_: list[Service] = []

    def keep(port: int) -> Service:
        services_.append(launch(port))
        return services_[-1]

    def answer(port: int) -> None:
        ask(f"{_Running(port, services_[-1], host).url}{ready}")

    port, _ = process.start_on_port(keep, answer, limit_s, fixed_port)
    return _Running(port, services_[-1], host)


def _remove(directory: Path) -> None:
    with shielded():
        shutil.rmtree(directory, ignore_errors=True)
