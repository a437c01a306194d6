"""Attacks in forked processes, several after each other in one: an attack that ends its process costs only itself.

Each process has a limit of memory, and each attack one of time, after which SIGALRM ends the process. What an attack
prints goes into a file, which is emptied before the next.
"""

import json
import os
import resource
import select
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from tests.chaos.tally import Attempt

LIMIT_S = 60.0
"""For one attack, on a machine with a core for each process that wants one; then it hangs."""
MEMORY_BYTES = 6 * 2**30
"""Address space of one process."""
PER_PROCESS = 200
"""Attacks until the process is replaced, so that none lives on what another left."""

Attack = Callable[[int, Path, "Printed"], Attempt]
"""Makes the attack of a number in a directory of its process's own."""


class Printed:
    """What the attack in hand has printed so far, on standard output and standard error."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / "printed").open("w+b")
        os.dup2(self._file.fileno(), 1)
        os.dup2(self._file.fileno(), 2)
        sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115

    def take(self) -> str:
        """All of it, which is then gone."""
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        self._file.seek(0)
        text = self._file.read().decode("utf-8", "replace")
        os.ftruncate(self._file.fileno(), 0)
        os.lseek(self._file.fileno(), 0, os.SEEK_SET)
        return text


@dataclass(slots=True)
class _Worker:
    """One process, and the numbers that it has not reported yet."""

    numbers: list[int]
    pid: int
    answers: IO[bytes]
    begun_s: float = field(default_factory=time.monotonic)


def run(kind: str, attack: Attack, numbers: Sequence[int], scratch: Path, jobs: int) -> Iterator[Attempt]:
    """Make all attacks, `jobs` at once; one that ends its process is an attempt whose promise was broken."""
    waiting = [list(numbers[start : start + PER_PROCESS]) for start in range(0, len(numbers), PER_PROCESS)]
    working: list[_Worker] = []
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                working.append(_started(attack, waiting.pop(0), scratch))
            ready, _, _ = select.select([each.answers for each in working], [], [])
            for worker in [each for each in working if each.answers in ready]:
                if line := worker.answers.readline():
                    worker.numbers.pop(0)
                    worker.begun_s = time.monotonic()
                    yield _read(line)
                    continue
                working.remove(worker)
                worker.answers.close()
                _, status = os.waitpid(worker.pid, 0)
                worker.pid = 0
                if worker.numbers:
                    yield _ended(kind, worker, os.waitstatus_to_exitcode(status))
                    waiting.insert(0, worker.numbers[1:]) if worker.numbers[1:] else None
    finally:
        for worker in working:
            if worker.pid:
                with suppress(OSError):
                    os.kill(worker.pid, signal.SIGKILL)
                    os.waitpid(worker.pid, 0)


def limit_s() -> float:
    """The limit on this machine as it is now: where five processes wait for each core, it is five times as long."""
    return LIMIT_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _ended(kind: str, worker: _Worker, code: int) -> Attempt:
    number, seconds = worker.numbers[0], time.monotonic() - worker.begun_s
    if code == -signal.SIGALRM:
        return Attempt(kind, f"{kind} {number}", seconds, hung=True)
    return Attempt(kind, f"{kind} {number}", seconds, (f"ended its process, exit code {code}",))


def _started(attack: Attack, numbers: list[int], scratch: Path) -> _Worker:
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(writing)
        return _Worker(list(numbers), pid, os.fdopen(reading, "rb", buffering=0))
    code = 1
    try:
        os.close(reading)
        _work(attack, numbers, scratch, writing)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the parent gets what the fork cannot handle
        os.write(writing, b"")
        with suppress(Exception):
            (scratch / "worker-failed").write_text(repr(error))
    finally:
        os._exit(code)


def _work(attack: Attack, numbers: list[int], scratch: Path, writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for each in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    with tempfile.TemporaryDirectory(dir=scratch) as own:
        printed = Printed(Path(own))
        for number in numbers:
            signal.setitimer(signal.ITIMER_REAL, limit_s())
            attempt = attack(number, Path(own), printed)
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            os.write(writing, json.dumps(asdict(attempt)).encode() + b"\n")


def _read(line: bytes) -> Attempt:
    told = json.loads(line)
    return Attempt(**{**told, "dishonest": tuple(told["dishonest"]), "orphans": tuple(told["orphans"])})


@contextmanager
def working_in(directory: Path) -> Iterator[None]:
    """Another current directory for a block."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
