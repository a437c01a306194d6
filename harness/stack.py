"""Starts and stops the target and Prometheus: on loopback, in a temporary directory, gone however the run ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from harness.config import TargetStart
from harness.errors import StackError, UsageError
from harness.interrupt import shielded

POLL_S = 0.05
STOP_GRACE_S = 10.0
"""How long a process may take to end after SIGTERM before it is killed."""
PREPARE_LIMIT_S = 120.0
PROMETHEUS_READY_S = 30.0
STARTS = 3
"""Tries with another free port when somebody took ours between the choice and the start."""
TAIL_LINES = 15

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


@dataclass(frozen=True, slots=True)
class Service:
    """One started process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check_alive(self) -> None:
        """Raise StackError with the log's tail when the process has ended."""
        if (code := self.process.poll()) is not None:
            raise StackError(f"{self.name} ended by itself (exit {code}); see {self.log}:\n{tail(self.log)}")


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
    """Run the target and a Prometheus that scrapes it; both and their files are gone afterwards.

    Raises UsageError when something is missing or a port is taken, StackError when a part does not become ready.
    """
    prometheus = find_prometheus(project)
    with ExitStack() as running:
        with shielded():
            temporary = Path(tempfile.mkdtemp(prefix="harness-"))
            running.callback(_remove, temporary)
        target = _start_target(running, start, project, temporary, logs)
        server = _start_prometheus(running, prometheus, target, start.metrics, temporary, logs, scrape_interval_s)
        yield Stack(target, server)


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented; empty when there is none."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(
    name: str, command: Sequence[str], log: Path, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Service:
    """Start a process in a session of its own, with its output in `log`. Raises StackError when it cannot start."""
    with log.open("ab") as output:
        try:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except OSError as error:
            raise StackError(f"{name} cannot be started: {error.strerror}: {error.filename or command[0]}") from None
    return Service(name, process, log)


def stop(service: Service, grace_s: float = STOP_GRACE_S) -> None:
    """End a process with SIGTERM, then its whole session with SIGKILL."""
    with shielded():
        if service.process.poll() is None:
            service.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                service.process.wait(grace_s)
        with suppress(ProcessLookupError):
            os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `extra`, and no proxy for loopback."""
    return {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", **extra}


def _start_target(running: ExitStack, start: TargetStart, project: Path, temporary: Path, logs: Path) -> str:
    cwd = (project / start.cwd).resolve()
    if not cwd.is_dir():
        raise UsageError(f"start.cwd: {cwd} is not a directory; it is taken relative to harness.toml")

    def launch(port: int) -> tuple[Service, str]:
        words = {"port": str(port), "tmp": str(temporary), "python": sys.executable, "project": str(project)}
        env = environment({key: _fill(value, words, f"start.env.{key}") for key, value in start.env.items()})
        log = logs / "target.log"
        for command in start.prepare:
            _run_to_end([_fill(word, words, "start.prepare") for word in command], cwd, env, log)
        words_of_command = [_fill(word, words, "start.command") for word in start.command]
        return spawn("the target", words_of_command, log, cwd=cwd, env=env), f"http://127.0.0.1:{port}"

    return _start_ready(running, launch, start.port, start.ready, start.ready_timeout_s)


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

    def launch(port: int) -> tuple[Service, str]:
        command = [
            str(binary),
            f"--config.file={config}",
            f"--storage.tsdb.path={temporary / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        return spawn("prometheus", command, logs / "prometheus.log"), f"http://127.0.0.1:{port}"

    return _start_ready(running, launch, 0, "/-/ready", PROMETHEUS_READY_S)


def _start_ready(
    running: ExitStack,
    launch: Callable[[int], tuple[Service, str]],
    fixed_port: int,
    ready: str,
    limit_s: float,
) -> str:
    """Launch on a port, wait until it is ready; with a free port, try another when ours was taken meanwhile."""
    if fixed_port and _is_taken(fixed_port):
        raise UsageError(
            f"start.port: port {fixed_port} is taken; stop what listens there, or set port = 0 for a free one"
        )
    for attempt in range(1, STARTS + 1):
        with shielded():
            service, url = launch(fixed_port or free_port())
            running.callback(stop, service)
        try:
            _await_ready(service, url + ready, limit_s)
        except StackError as error:
            if fixed_port or attempt == STARTS or "address already in use" not in str(error).lower():
                raise
        else:
            return url
    raise AssertionError("unreachable")


def _await_ready(service: Service, url: str, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    seen = "no answer"
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            service.check_alive()
            try:
                response = session.get(url, timeout=min(5.0, limit_s))
            except requests.RequestException as error:
                seen = type(error).__name__
            else:
                if response.status_code == requests.codes.ok:
                    return
                seen = f"status {response.status_code}"
            time.sleep(POLL_S)
    raise StackError(
        f"{service.name} did not become ready within {limit_s:g} s: {url} gave {seen}; see "
        f"{service.log}:\n{tail(service.log)}"
    )


def _run_to_end(command: Sequence[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
    service = spawn(f"`{' '.join(command)}`", command, log, cwd=cwd, env=env)
    try:
        code = service.process.wait(PREPARE_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise StackError(f"start.prepare: {service.name} took longer than {PREPARE_LIMIT_S:g} s; see {log}") from None
    finally:
        stop(service)
    if code:
        raise StackError(f"start.prepare: {service.name} failed (exit {code}); see {log}:\n{tail(log)}")


def _fill(template: str, words: Mapping[str, str], where: str) -> str:
    try:
        return template.format_map(words)
    except (KeyError, ValueError, IndexError):
        known = ", ".join(f"{{{word}}}" for word in words)
        raise UsageError(f"{where}: {template!r} has a placeholder that is not one of {known}") from None


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _remove(directory: Path) -> None:
    with shielded():
        shutil.rmtree(directory, ignore_errors=True)
