"""A run and its workers as real processes, each with its output in a file, and all ended with the test."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.conftest import PROJECT, Harness

TOKEN = "a-token-of-this-test"
LIMIT_S = 200.0


def two_ports() -> int:
    """A free port whose successor is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port


def await_true(what: str, holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait for something that other processes do."""
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@dataclass
class Started:
    """One command that was started."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        """All it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, text: str) -> None:
        """Wait until it does."""
        await_true(f"{text!r} in:\n{self.said}", lambda: text in self.said or self.process.poll() is not None)
        assert text in self.said, self.said

    def ends(self) -> int:
        """Its exit code."""
        return self.process.wait(LIMIT_S)


@dataclass
class Cast:
    """A run and its workers."""

    harness: Harness
    port: int = field(default_factory=two_ports)
    started: list[Started] = field(default_factory=list)

    @property
    def out(self) -> Path:
        """Directory of the run."""
        return self.harness.scratch / "run"

    def kept(self, name: str) -> Path:
        """Directory of a worker's samples."""
        return self.harness.scratch / f"samples-of-{name}"

    def run(self, *arguments: str | Path, workers: int, bind: str = "127.0.0.1", prefix: Sequence[str] = ()) -> Started:
        """Start the run."""
        return self.command("run", *arguments, workers=workers, bind=bind, prefix=prefix)

    def command(
        self, *arguments: str | Path, workers: int, bind: str = "127.0.0.1", prefix: Sequence[str] = ()
    ) -> Started:
        """Start a command for which workers load."""
        own = ("--expect-workers", workers, "--bind", f"{bind}:{self.port}", "--out", self.out)
        return self._start("run", (*arguments, *own), prefix, PROJECT)

    def worker(
        self,
        name: str,
        *arguments: str | Path,
        master: str = "127.0.0.1",
        port: int = 0,
        prefix: Sequence[str] = (),
        code: str = "",
        token: str = TOKEN,
    ) -> Started:
        """Start a worker; `code` is Python that goes before the command's."""
        place = self.harness.scratch / f"host-of-{name}"
        place.mkdir(exist_ok=True)
        own = ("worker", "--master", f"{master}:{port or self.port}", "--name", name, "--out", self.kept(name))
        return self._start(f"{name}-{len(self.started)}", (*own, *arguments), prefix, place, code, token)

    def _start(
        self,
        name: str,
        arguments: Sequence[object],
        prefix: Sequence[str],
        cwd: Path,
        code: str = "",
        token: str = TOKEN,
    ) -> Started:
        log = self.harness.scratch / f"{name}.log"
        module = ("-c", f"{code}\nfrom harness.cli.main import entrypoint\nentrypoint()")
        command = [*prefix, sys.executable, *module, *map(str, arguments)]
        env = {**self.harness.environment, "HARNESS_TOKEN": token, "PYTHONPATH": str(PROJECT)}
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=output, start_new_session=True)
        self.started.append(Started(process, log))
        return self.started[-1]

    def pids(self, *words: str) -> list[int]:
        """Processes of this test whose command line has all these words."""
        found = []
        for environ in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                command = environ.with_name("cmdline").read_text()
                if self.harness.mark.encode() in environ.read_bytes() and all(word in command for word in words):
                    found.append(int(environ.parent.name))
        return found

    def of_worker(self, name: str) -> list[int]:
        """The worker's processes: its own, and Locust's."""
        return [*self.pids("worker", f"samples-of-{name}"), *self.loading(name)]

    def loading(self, name: str) -> list[int]:
        return [pid for pid in self.pids("-m", "locust", "--worker") if self._is_of(pid, name)]

    def _is_of(self, pid: int, name: str) -> bool:
        with suppress(OSError):
            return f"samples-of-{name}/" in Path(f"/proc/{pid}/environ").read_text(errors="replace")
        return False

    def is_measuring(self, name: str) -> bool:
        """The worker's Locust has recorded something of the measured load."""
        lines = (file.read_text().splitlines() for file in self.kept(name).glob("*-measure/logs/pulse-0.jsonl"))
        return any(json.loads(line)["recorded"] for each in lines for line in each[:-1])

    def signal(self, name: str, number: int) -> None:
        """Send all processes of a worker a signal."""
        for pid in self.of_worker(name):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def end(self) -> None:
        """Kill what still runs."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for each in self.started:
            each.process.wait()


@dataclass
class Cable:
    """Forwards two neighbouring ports to those of the run, until it is cut."""

    to: int
    port: int = field(default_factory=two_ports)
    _whole: bool = True
    _listening: list[socket.socket] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)

    def lay(self) -> None:
        """Listen."""
        for place in (0, 1):
            listening = socket.create_server(("127.0.0.1", self.port + place))
            self._listening.append(listening)
            threading.Thread(target=self._accept, args=(listening, self.to + place), daemon=True).start()

    def cut(self) -> None:
        """Nothing goes through any more, and nobody is told."""
        self._whole = False

    def mend(self) -> None:
        """What was open is reset, what comes goes through."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._whole = True

    def remove(self) -> None:
        """Close all."""
        for each in (*self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self, listening: socket.socket, port: int) -> None:
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", port), 2)
                except OSError:
                    near.close()
                    continue
                far.settimeout(None)
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                while not self._whole:
                    time.sleep(0.05)
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def cable(to: int) -> Iterator[Cable]:
    """A cable to the run, for as long as the block lasts."""
    laid = Cable(to)
    try:
        laid.lay()
        yield laid
    finally:
        laid.remove()
