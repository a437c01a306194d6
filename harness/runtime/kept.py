"""The harness's end of a keeper: every process that the harness starts is started here (`keeper.py`)."""

import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.core.errors import StackError
from harness.runtime import keeper

MARK = "HARNESS_KEPT"
"""In the environment of all that is started, with a value of its own for each: so it is found when its keeper died."""
START_LIMIT_S = 30.0
"""How long a keeper may take to start a command."""
END_LIMIT_S = 5.0
"""How long a keeper may take to kill what it keeps; then it is itself stopped, or dead."""

Output = int | IO[bytes] | IO[str]

_open: "set[Kept]" = set()


@dataclass(frozen=True, slots=True)
class Account:
    """The account a process runs as, when it refuses to run as root."""

    name: str
    user: int
    group: int


class Kept:
    """One command and all that it starts. Nothing of it outlives the harness, however that ends."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdout: Output,
        stderr: Output,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        account: Account | None = None,
        most: int = 0,
    ) -> None:
        """Start it in a session of its own, without input; more than `most` processes at once are killed.

        Raises OSError as `subprocess.Popen` does, and StackError when its keeper is killed meanwhile.
        """
        self._mark = secrets.token_hex(8)
        self.pid = 0
        """Of the command itself."""
        self.is_asked = False
        """It got its stop signal."""
        self.crowd = 0
        """How many processes it had at once when it was killed for them; known when it has been ended."""
        ours, theirs = socket.socketpair()
        self._control = ours
        self._answers = ours.makefile("rb")
        try:
            self._keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", keeper.__file__, str(theirs.fileno())],
                env={**(os.environ if env is None else env), MARK: self._mark},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except BaseException:
            self.close()
            raise
        finally:
            theirs.close()
        keeper.prctl(keeper.PR_SET_CHILD_SUBREAPER, 1)  # what its keeper loses comes to us
        _open.add(self)
        try:
            self.pid = self._ask(command, cwd, account, most)
        except BaseException:
            self.end()
            raise

    @property
    def returncode(self) -> int | None:
        """Of the command; minus the number of a signal that ended it."""
        return self._keeper.returncode

    def poll(self) -> int | None:
        """As `subprocess.Popen`: the return code, or None while it runs."""
        return self._keeper.poll()

    def members(self) -> set[int]:
        """The ids of all processes that run: the command's, and those that it started."""
        return keeper.descendants(self._keeper.pid)

    def wait(self, limit_s: float | None = None) -> int:
        """As `subprocess.Popen`; raises subprocess.TimeoutExpired."""
        return self._keeper.wait(limit_s)

    def send_signal(self, number: int) -> None:
        """Send a signal to the command itself; nothing when it has ended."""
        with suppress(OSError):
            self._control.sendall(bytes([number]))

    def end(self) -> None:
        """Kill all of it that still runs."""
        members = frozenset[int]()
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        try:
            self._keeper.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            members = frozenset(self.members())
            self._keeper.kill()
            self._keeper.wait()
        if self._keeper.returncode < 0:
            self._end_lost(members)
        _open.discard(self)
        if not _open:
            keeper.prctl(keeper.PR_SET_CHILD_SUBREAPER, 0)
        with suppress(OSError, ValueError):
            self.crowd = self.crowd or int(self._answer().get("crowd", 0))
        self.close()

    def close(self) -> None:
        """Close the socket, at which the keeper ends what it keeps."""
        self._answers.close()
        self._control.close()

    def _end_lost(self, members: frozenset[int]) -> None:
        """Kill what lost its keeper, if it did, `members` among it: it is below us now."""
        lost = keeper.end_all(os.getpid(), f"{MARK}={self._mark}".encode(), self.pid, members)
        for pid in {self.pid, *lost} - {0}:
            with suppress(OSError):
                os.waitpid(pid, os.WNOHANG)

    def _ask(self, command: Sequence[str], cwd: Path | None, account: Account | None, most: int) -> int:
        """Have the keeper start the command, and return its process id. Raises OSError."""
        request = {
            "command": list(map(str, command)),
            "cwd": None if cwd is None else str(cwd),
            "account": account and (account.user, account.group),
            "most": most,
        }
        self._control.settimeout(START_LIMIT_S)
        try:
            self._control.sendall(json.dumps(request).encode() + b"\n")
            answer = self._answer()
        except ConnectionError:
            answer = {}
        self._control.settimeout(None)
        if "pid" in answer:
            return int(answer["pid"])
        if "errno" in answer:
            raise OSError(answer["errno"], answer["strerror"], answer["filename"])
        raise StackError(f"`{command[0]}` was not started: its keeper was killed; run again")

    def _answer(self) -> dict[str, Any]:
        """The keeper's next line; empty when it says no more."""
        line = self._answers.readline()
        return dict(json.loads(line)) if line.endswith(b"\n") else {}


def _forget() -> None:
    """In a fork of the harness: its keepers must not wait for the fork to end, too."""
    for each in _open:
        each.close()
    _open.clear()


os.register_at_fork(after_in_child=_forget)
