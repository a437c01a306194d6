"""Keeps one command: starts it, passes signals on, and lets nothing that it started outlive it or the harness.

The harness runs this file by itself, without any other module of its own, and talks to it over a socket (`kept.py`).
It is a child subreaper: what the command forks stays below it, also after a double fork and `setsid`. When the command
ends, or the socket does because the harness was killed, it kills all that is below it, and ends as the command did.
The command itself is killed by the kernel when its keeper is (PR_SET_PDEATHSIG).

Sources: man 2 PR_SET_CHILD_SUBREAPER, man 2 PR_SET_PDEATHSIG, man 5 proc_pid_stat, man 5 proc_loadavg.
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
COUNT_EVERY_S = 0.25
"""How often the processes of the whole machine are counted, which is one line to read."""
GIVE_UP_S = 10.0
"""What SIGKILL has not ended by then waits for a device, and ends when that answers."""
LOOKS = 5
"""Looks in a row that find nothing: one alone may miss a process whose parent ended while it was listed."""
PRIORITY = -10
"""So that a command which forks without end does not keep its keeper from the CPU; only root may."""
HELD_BACK = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
"""They are for the command, which gets them through the socket."""

_libc = ctypes.CDLL(None, use_errno=True)


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process; where the kernel does not know it, nothing."""
    _libc.prctl(option, value, 0, 0, 0)


def descendants(root: int) -> set[int]:
    """The processes below one, itself and zombies not included."""
    children: dict[int, list[int]] = {}
    alive = set()
    for name in os.listdir("/proc"):  # noqa: PTH208 - four times as fast, and it is done while a fork bomb runs
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - as above
                state, parent, *_ = file.read().rpartition(b")")[2].split()
                children.setdefault(int(parent), []).append(int(name))
                if state not in b"ZX":
                    alive.add(int(name))
    found, waiting = set(), [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found.update(below)
        waiting += below
    return found & alive


def end_all(root: int, mark: bytes = b"", session: int = 0, members: frozenset[int] = frozenset()) -> set[int]:
    """Kill all processes below one, also those that appear meanwhile, and return those that it killed.

    With `mark`, only those that have it in their environment, are of that session, or are among `members`: a process
    that gives itself a title writes over its environment (setproctitle), and one may be started without any.
    """
    deadline, pause_s = time.monotonic() + GIVE_UP_S, 0.001
    killed, denied, looks = set[int](), set[int](), 0
    while time.monotonic() < deadline:
        below = descendants(root) - denied
        found = {
            pid for pid in below if not mark or pid in members or _is_of(pid, session) or mark in _environment(pid)
        }
        killed |= found
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            except PermissionError:
                denied.add(pid)
        looks = 0 if found else looks + 1
        if not mark:
            _reap()
        if looks and (_is_alone() or looks == LOOKS):
            break
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.05)
    return killed


def _is_alone() -> bool:
    """No child is left, ended or not: then a subreaper has nothing below it, either."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def _is_of(pid: int, session: int) -> bool:
    try:
        return session > 0 and os.getsid(pid) == session
    except OSError:
        return False


def _environment(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123 - as above
            return file.read()
    except OSError:
        return b""


def _reap() -> dict[int, int]:
    """The status of each child that has ended."""
    ended = {}
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            ended[pid] = status
    return ended


def _tasks() -> int:
    """Processes and threads of the machine."""
    with open("/proc/loadavg", "rb") as file:  # noqa: PTH123 - as above
        return int(file.read().split()[3].partition(b"/")[2])


class _Crowd:
    """Notices when there are more processes below this one than allowed, without looking at each of them every time."""

    def __init__(self, most: int) -> None:
        self._most, self._base = most, _tasks()

    def size(self) -> int:
        """How many there are, when there are too many; else 0."""
        tasks = _tasks()
        self._base = min(self._base, tasks)
        if tasks - self._base <= self._most // 2:
            return 0
        self._base, size = tasks, len(descendants(os.getpid()))
        return size if size > self._most else 0


def _start(request: dict[str, Any]) -> subprocess.Popen[bytes]:
    keeper = os.getpid()

    def die_with_keeper() -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, priority)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != keeper:
            os._exit(1)

    priority = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    account = request["account"]
    return subprocess.Popen(
        request["command"],
        cwd=request["cwd"],
        start_new_session=True,
        preexec_fn=die_with_keeper,  # noqa: PLW1509 - there are no threads here
        user=account[0] if account else None,
        group=account[1] if account else None,
        extra_groups=() if account else None,
    )


def _follow(control: socket.socket, child: int, most: int, woken: int) -> int:
    """The status with which the command ended; that of SIGKILL when it had not when it must."""
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    crowd = _Crowd(most) if most else None
    while True:
        ready = {fd for fd, _ in poll.poll(COUNT_EVERY_S * 1000 if crowd else None)}
        if woken in ready:
            os.read(woken, 4096)
        if (status := _reap().get(child)) is not None:
            return status
        if control.fileno() in ready:
            numbers = _received(control)
            if not numbers:
                return int(signal.SIGKILL)
            for number in numbers:
                os.kill(child, number)
        if crowd and (size := crowd.size()):
            with suppress(OSError):
                control.sendall(f'{{"crowd": {size}}}\n'.encode())
            return int(signal.SIGKILL)


def _received(control: socket.socket) -> bytes:
    """Numbers of signals; none when the harness is gone: one that had not read an answer resets the connection."""
    try:
        return control.recv(64)
    except ConnectionResetError:
        return b""


def _end_as(status: int) -> None:
    """End with the exit code or by the signal of a status."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


def main(descriptor: int) -> None:
    """Read one request from the socket, start what it asks for, and keep it."""
    control = socket.socket(fileno=descriptor)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in HELD_BACK:
        signal.signal(number, lambda *_: None)  # unlike SIG_IGN, it does not reach the command
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    line = control.makefile("rb").readline()
    if not line.endswith(b"\n"):
        return  # the harness was killed meanwhile
    request = json.loads(line)
    try:
        child = _start(request)
    except OSError as error:
        refused = {"errno": error.errno, "strerror": error.strerror, "filename": error.filename}
        control.sendall(json.dumps(refused).encode() + b"\n")
        return
    with suppress(OSError):  # it is dead, which is noticed next
        control.sendall(f'{{"pid": {child.pid}}}\n'.encode())
    try:
        status = _follow(control, child.pid, request["most"], woken)
    finally:
        end_all(os.getpid())
    _end_as(status)


if __name__ == "__main__":
    main(int(sys.argv[1]))
