"""Starts, watches and stops processes: each in a session of its own, with its output in a log."""

import os
import signal
import socket
import subprocess
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
from harness.runtime.interrupt import shielded

POLL_S = 0.05
STOP_GRACE_S = 10.0
"""How long a process may take to end after SIGTERM before it is killed."""
STARTS = 3
"""Tries with another free port when somebody took ours between the choice and the start."""
TAIL_LINES = 15
TAIL_BYTES = 65_536
TAIL_WIDTH = 500
"""What is shown of a log: so many lines of so many characters from so many last bytes."""

T = TypeVar("T")


class NotReadyError(Exception):
    """A process runs, but does not answer as it should; the message says what it answered."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account a process runs as, when it refuses to run as root."""

    name: str
    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Service:
    """One started process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM

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
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
                user=account.user if account else None,
                group=account.group if account else None,
                extra_groups=() if account else None,
            )
        except OSError as error:
            raise StackError(f"{name} cannot be started: {error.strerror}: {error.filename or command[0]}") from None
    return Service(name, process, log, stop_signal)


def stop(service: Service, grace_s: float = STOP_GRACE_S) -> None:
    """End a process with its stop signal, then its whole session with SIGKILL."""
    with shielded():
        if service.process.poll() is None:
            service.process.send_signal(service.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                service.process.wait(grace_s)
        with suppress(ProcessLookupError):
            os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()


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
            code = service.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise StackError(f"{where}: {service.name} took longer than {limit_s:g} s; see {log}") from None
    if code:
        raise StackError(f"{where}: {service.name} failed (exit {code}); see {log}:\n{tail(log)}")


def signal_to(command: Sequence[str], log: Path, limit_s: float) -> None:
    """Run a short command from another thread than the main one, as it alone is interrupted. Raises StackError."""
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=limit_s, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StackError(f"`{' '.join(command)}` could not be run during the load: {error}") from None
    if done.returncode:
        raise StackError(
            f"`{' '.join(command)}` failed during the load (exit {done.returncode}); see {log}:\n{tail(log)}"
        )


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
        time.sleep(POLL_S)
    raise StackError(
        f"{service.name} did not become ready within {limit_s:g} s: {seen}; see {service.log}:\n{tail(service.log)}"
    )
