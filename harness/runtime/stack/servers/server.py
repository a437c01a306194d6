"""What a server is, and how each of them is started: found, prepared, launched, logged in to."""

import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from harness.runtime import process
from harness.runtime.interrupt import shielded
from harness.runtime.kept import Account
from harness.runtime.process import NotReadyError, Service
from harness.runtime.stack.servers.place import reachable

READY_S = 60.0
"""How long a server may take from its launch to the first login."""
PREPARE_LIMIT_S = 120.0
CONNECT_LIMIT_S = 5.0
USER = DATABASE = "harness"


@dataclass(frozen=True, slots=True)
class Instance:
    """One server of one run: where it lives, and how to log in to it."""

    programs: Mapping[str, Path]
    """Name of each program -> its file."""
    directory: Path
    """Its own, empty at first; gone afterwards."""
    log: Path
    password: str
    account: Account | None
    """Whom it runs as; None: whom the harness runs as."""
    port: int = 0
    """Known from its launch on."""

    def run(self, where: str, command: tuple[str, ...], env: Mapping[str, str] | None = None) -> None:
        """Run a command of the preparation to its end. Raises StackError when it fails."""
        process.run_to_end(where, command, self.log, PREPARE_LIMIT_S, cwd=self.directory, env=env, account=self.account)

    def write(self, name: str, text: str) -> Path:
        """Write a file into the directory that nobody but the server's account can read."""
        path = self.directory / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        if self.account:
            shutil.chown(path, self.account.user, self.account.group)
        return path


@dataclass(frozen=True, slots=True)
class Server:
    """How one kind of server is started; one per module of this package."""

    name: str
    programs: tuple[str, ...]
    """What must be installed; first the server itself."""
    places: tuple[str, ...]
    """Where to look beside PATH: patterns of directories, of several that match the newest version first."""
    prepare: Callable[[Instance], None]
    """Fill the directory."""
    command: Callable[[Instance], tuple[str, ...]]
    log_in: Callable[[Instance], str]
    """Log in, make what is missing, and return the server's version; raises NotReadyError while there is no login."""
    placeholders: Callable[[Instance], Mapping[str, str]]
    """What the target must know of it, without the name in front: `port`, `password`."""
    account: Callable[[], Account | None] = lambda: None
    clean: Callable[[Instance], None] = lambda _: None
    """Remove what a killed server left outside its directory."""
    stop_signal: signal.Signals = signal.SIGTERM


@dataclass(frozen=True, slots=True)
class Found:
    """A server with the files of its programs."""

    server: Server
    programs: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Started:
    """A server that runs."""

    name: str
    version: str
    """As the server itself reports it, e.g. `15.8`."""
    placeholders: Mapping[str, str]
    """Name -> value: `redis_port`."""


def start(running: ExitStack, found: Found, temporary: Path, logs: Path) -> Started:
    """Start a server in a directory of its own, and wait until it takes our login.

    Raises StackError when it cannot be prepared or does not become ready, UsageError when its account can use no place.
    """
    server = found.server
    account = server.account()
    with shielded():
        place = temporary if account is None else reachable(account)
        directory = Path(tempfile.mkdtemp(prefix=f"harness-{server.name}-", dir=place))
        running.callback(_remove, directory)
        if account:
            shutil.chown(directory, account.user, account.group)
    instance = Instance(found.programs, directory, logs / f"{server.name}.log", secrets.token_hex(16), account)
    running.callback(server.clean, instance)
    server.prepare(instance)

    def launch(port: int) -> Service:
        command = server.command(replace(instance, port=port))
        return process.registered(
            running,
            lambda: process.spawn(
                server.name,
                command,
                instance.log,
                cwd=directory,
                account=account,
                stop_signal=server.stop_signal,
            ),
        )

    port, version = process.start_on_port(launch, lambda port: server.log_in(replace(instance, port=port)), READY_S)
    own = server.placeholders(replace(instance, port=port))
    return Started(server.name, version, {f"{server.name}_{name}": value for name, value in own.items()})


def converse(port: int, question: bytes, end: bytes) -> str:
    """Send text to a server and return what it says up to `end`. Raises NotReadyError when it does not answer so."""
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", port), CONNECT_LIMIT_S) as connection:
            connection.sendall(question)
            while end not in answer and (more := connection.recv(65_536)):
                answer += more
    except OSError as error:
        raise NotReadyError(f"port {port} gave {type(error).__name__}") from None
    if end not in answer:
        raise NotReadyError(f"port {port} answered {answer[:200]!r}")
    return answer.decode("utf-8", "replace")


def _remove(directory: Path) -> None:
    with shielded():
        shutil.rmtree(directory, ignore_errors=True)
