"""The reference target as a real gunicorn on a free loopback port, gone with its files however a test ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from harness.evidence.client import server_timing
from harness.evidence.client.server_timing import Timing

PROJECT = Path(__file__).resolve().parents[2]
TARGET_APP = PROJECT / "target_app"
READY_S = 30.0
STOP_GRACE_S = 12.0

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """One response as a client saw it."""

    status: int
    text: str
    latency_s: float
    header: str | None
    """The `Server-Timing` header."""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def witness(self) -> dict[str, Timing]:
        """The witness's entries of the header, without their prefix."""
        found = server_timing.parse(self.header or "")
        return {
            name.removeprefix(server_timing.PREFIX): timing
            for name, timing in found.items()
            if name.startswith(server_timing.PREFIX)
        }

    def duration_s(self, entry: str) -> float:
        """What an entry of the header says, which must be there."""
        duration_s = self.witness[entry].duration_s
        assert duration_s is not None
        return duration_s


@dataclass(frozen=True)
class Scrape:
    """Every sample of one exposition, and the scrape's own answer."""

    answer: Answer
    values: Mapping[tuple[str, Labels], float]

    def total(self, name: str, **labels: str) -> float:
        """Sum over the series of `name` that carry these labels; 0 without any."""
        wanted = set(labels.items())
        return sum(value for (key, found), value in self.values.items() if key == name and wanted <= found)


@dataclass(frozen=True)
class Target:
    """A running reference target."""

    url: str
    state: Path
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, path: str, method: str = "GET", **options: object) -> Answer:
        """One request on a connection of its own, redirects not followed."""
        started = time.perf_counter()
        response = requests.request(method, self.url + path, allow_redirects=False, timeout=20, **options)  # type: ignore[arg-type]
        latency_s = time.perf_counter() - started
        return Answer(response.status_code, response.text, latency_s, response.headers.get("Server-Timing"))

    def scrape(self) -> Scrape:
        """What Prometheus would read now."""
        answer = self.ask("/metrics")
        assert answer.status == 200
        samples = (sample for family in text_string_to_metric_families(answer.text) for sample in family.samples)
        return Scrape(answer, {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples})

    def workers(self) -> set[int]:
        """Process ids of the live workers: the master's children."""
        pid = self.process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def environment(state: Path, **extra: str) -> dict[str, str]:
    """This process's environment without anything that configures the target, but for `extra`."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.upper().startswith(("TARGET_", "PROMETHEUS_"))
    }
    return inherited | {"TARGET_STATE_DIR": str(state), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | extra


def python(*arguments: str, state: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the target's directory."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=TARGET_APP,
        env=environment(state, **env),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def running(directory: Path, **env: str) -> Iterator[Target]:
    """Start a target whose state and log are below `directory`; its whole session is gone afterwards."""
    state, log = directory / "state", directory / "target.log"
    migrated = python("manage.py", "migrate", "--verbosity", "0", state=state)
    assert migrated.returncode == 0, migrated.stderr
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--bind", address],
            cwd=TARGET_APP,
            env=environment(state, **env),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        target = Target(f"http://{address}", state, process, log)
        _wait_until_ready(target)
        yield target
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_GRACE_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_ready(target: Target) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        assert target.process.poll() is None, target.log.read_text()
        with suppress(requests.ConnectionError):
            if target.ask("/healthz").status == 200:
                return
        time.sleep(0.05)
    pytest.fail(f"the target was not ready after {READY_S:.0f} s:\n{target.log.read_text()}")


@dataclass
class Stale:
    """What lies in the metrics directory before a target starts."""

    left: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def write(cls, directory: Path) -> "Stale":
        """A thousand requests that an earlier run counted, and a file that is nobody's business."""
        directory.mkdir(parents=True)
        code = (
            "from prometheus_client import Counter\n"
            "Counter('django_http_requests_before_middlewares_total', 'earlier').inc(1000)"
        )
        done = python("-c", code, state=directory.parent, PROMETHEUS_MULTIPROC_DIR=str(directory))
        assert done.returncode == 0, done.stderr
        (directory / "notes.txt").write_text("keep me")
        return cls({file.name: file.read_bytes() for file in directory.iterdir()})


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A target with two workers of four threads, started over the metrics that an earlier one left."""
    directory = tmp_path_factory.mktemp("target")
    stale = Stale.write(directory / "state" / "multiproc")
    assert any(name.startswith("counter_") for name in stale.left)
    with running(directory) as started:
        yield started
