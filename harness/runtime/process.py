"""Starts, watches and stops processes: each kept, in a session of its own, with its output in a log.

A process that the harness starts dies with it, however the harness ends, and so does all that the process starts
(`kept.py`). Nothing else starts one.
"""

import atexit
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from harness.core import secret
from harness.core.errors import StackError
from harness.core.text import shorten
from harness.runtime import interrupt
from harness.runtime.interrupt import shielded
from harness.runtime.kept import Account, Kept, Output

POLL_S = 0.05
STOP_GRACE_S = 10.0
"""How long a process may take to end after SIGTERM before it is killed."""
HURRIED_GRACE_S = 1.0
"""The same after a second signal to the harness."""
STARTS = 3
"""Tries with another free port when somebody took ours between the choice and the start."""
TAIL_LINES = 15
TAIL_BYTES = 65_536
TAIL_WIDTH = 500
"""What is shown of a log: so many lines of so many characters from so many last bytes."""

T = TypeVar("T")

_ports: list[socket.socket] = []
"""Locks of the ports that were given out, held until this process ends."""


class NotReadyError(Exception):
    """A process runs, but does not answer as it should; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Service:
    """One started process and where its output goes."""

    name: str
    process: Kept
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    is_harness: bool = False
    """It shortens its own graces when it gets its stop signal again."""

    def check_alive(self) -> None:
        """Raise StackError with the log's tail when the process has ended."""
        if (code := self.process.poll()) is not None:
            raise StackError(f"{self.name} ended by itself (exit {code}); see {self.log}:\n{tail(self.log)}")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented and inert; empty when there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(stream.tell() - TAIL_BYTES, 0))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(f"  {shorten(secret.redact(line), TAIL_WIDTH)}" for line in text.splitlines()[-lines:])


def free_port() -> int:
    """A loopback port that nobody listens on now, and that no other harness of this machine is given meanwhile.

    A port is taken between its choice and its use by whoever is first; the readiness of the one would then be asked of
    the other. An abstract socket with its number in the name is a lock of the port's own network namespace, and is gone
    with this process (man 7 unix).
    """
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0harness-port-{port}")
        except OSError:
            lock.close()
            continue
        _ports.append(lock)
        return port


def _release_ports() -> None:
    while _ports:
        _ports.pop().close()


atexit.register(_release_ports)


def is_taken(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `extra`, and no proxy for loopback."""
    return {**os.environ, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", **extra}


def spawn(
    name: str,
    command: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    most: int = 0,
    is_harness: bool = False,
) -> Service:
    """Start a process in a session of its own, with its output in `log`. Raises StackError when it cannot start.

    It is killed when it is more than `most` processes at once.
    """
    try:
        with log.open("ab") as output:
            process = Kept(command, cwd=cwd, env=env, stdout=output, stderr=output, account=account, most=most)
    except OSError as error:
        raise StackError(f"{name} cannot be started: {error.strerror}: {error.filename or command[0]}") from None
    return Service(name, process, log, stop_signal, is_harness)


def stop(service: Service, grace_s: float = STOP_GRACE_S) -> None:
    """End a process with its stop signal, then all that is left of it with SIGKILL."""
    with shielded():
        if service.process.poll() is None:
            ask_to_stop(service)
            _await_end(service, grace_s)
        service.process.end()


def ask_to_stop(service: Service) -> None:
    """Send a process its stop signal, once: `stop` then waits for it."""
    if not service.process.is_asked:
        service.process.is_asked = True
        service.process.send_signal(service.stop_signal)


def _await_end(service: Service, grace_s: float) -> None:
    """Wait for an end, after a second signal to the harness only as long as the process then needs."""
    deadline, hurried = time.monotonic() + grace_s, False
    while service.process.poll() is None and time.monotonic() < deadline:
        if interrupt.hurried() and not hurried:
            hurried = True
            if service.is_harness:
                service.process.send_signal(service.stop_signal)
            else:
                deadline = min(deadline, time.monotonic() + HURRIED_GRACE_S)
        with suppress(subprocess.TimeoutExpired):
            service.process.wait(POLL_S)


def wait(service: Service, limit_s: float) -> int:
    """The return code of a process that ends within a limit; raises TimeoutError when it does not."""
    deadline = time.monotonic() + limit_s
    while (code := service.process.poll()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError
        interrupt.sleep(POLL_S)
    return code


def registered(running: ExitStack, launch: Callable[[], Service], grace_s: float = STOP_GRACE_S) -> Service:
    """Start a process and register its stop, as one step that no interruption divides."""
    with shielded():
        service = launch()
        running.callback(stop, service, grace_s)
    return service


def run_to_end(
    where: str,
    command: Sequence[str],
    log: Path,
    limit_s: float,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    account: Account | None = None,
) -> None:
    """Run a command to its end; `where` names what asked for it. Raises StackError when it fails or takes too long."""
    with ExitStack() as running:
        service = registered(
            running, lambda: spawn(f"`{' '.join(command)}`", command, log, cwd=cwd, env=env, account=account)
        )
        try:
            code = wait(service, limit_s)
        except TimeoutError:
            raise StackError(f"{where}: {service.name} took longer than {limit_s:g} s; see {log}") from None
    if code:
        raise StackError(f"{where}: {service.name} failed (exit {code}); see {log}:\n{tail(log)}")


def capture(
    command: Sequence[str], limit_s: float, *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end and return what it printed.

    Raises OSError when it cannot be started, subprocess.TimeoutExpired when it takes longer.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        code = _run(command, limit_s, cwd=cwd, env=env, stdout=out, stderr=err)
        printed = []
        for file in (out, err):
            file.seek(0)
            printed.append(file.read().decode("utf-8", "replace"))
    return subprocess.CompletedProcess(command, code, *printed)


def signal_to(command: Sequence[str], log: Path, limit_s: float) -> None:
    """Run a short command from another thread than the main one, as it alone is interrupted. Raises StackError."""
    try:
        with log.open("ab") as output:
            code = _run(command, limit_s, stdout=output, stderr=output)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"`{' '.join(command)}` could not be run during the load: {error}") from None
    if code:
        raise StackError(f"`{' '.join(command)}` failed during the load (exit {code}); see {log}:\n{tail(log)}")


def _run(
    command: Sequence[str],
    limit_s: float,
    *,
    stdout: Output,
    stderr: Output,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    with ExitStack() as running:
        with shielded():
            kept = Kept(command, cwd=cwd, env=env, stdout=stdout, stderr=stderr)
            running.callback(kept.end)
        return kept.wait(limit_s)


def start_on_port(
    launch: Callable[[int], Service], ask: Callable[[int], T], limit_s: float, fixed_port: int = 0
) -> tuple[int, T]:
    """Launch on a port and wait for the answer; with a free port, try another when ours was taken meanwhile.

    `launch` registers what it starts. `ask` raises NotReadyError until there is an answer. Raises StackError when there
    is none in time.
    """
    for attempt in range(1, STARTS + 1):
        port = fixed_port or free_port()
        service = launch(port)
        try:
            return port, await_answer(service, partial(ask, port), limit_s)
        except StackError as error:
            if fixed_port or attempt == STARTS or "address already in use" not in str(error).lower():
                raise
    raise AssertionError("unreachable")


def await_answer(service: Service, ask: Callable[[], T], limit_s: float) -> T:
    """Ask until there is an answer instead of NotReadyError; raises StackError when the process or the time ends."""
    deadline = time.monotonic() + limit_s
    seen = "no answer"
    while time.monotonic() < deadline:
        service.check_alive()
        try:
            return ask()
        except NotReadyError as error:
            seen = str(error)
        interrupt.sleep(POLL_S)
    raise StackError(
        f"{service.name} did not become ready within {limit_s:g} s: {seen}; see {service.log}:\n{tail(service.log)}"
    )
