"""Real commands, one part of each killed at a random moment: how does it end, and what is left?

A part is the harness, a keeper, Locust, the target, Prometheus, a run inside `harness faults` or pytest, or whatever
else was started; the signal is SIGTERM, SIGINT, SIGKILL or SIGSTOP. What is stopped either goes on after some seconds
or never does.
"""

import os
import random
import shutil
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import honesty, processes
from tests.chaos.commands import COMMANDS, Command, prepared
from tests.chaos.tally import Attempt

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSTOP)
END_S = 10.0
"""What still runs so long after the command's end is an orphan; the promise is 2 s on a machine that is not busy."""
PAUSE_S = 3.0
"""How long a process is stopped that goes on."""
LOOK_AROUND_S = 2.0
"""How long `harness up` runs on after the attack, before it is asked to end."""


@dataclass(slots=True)
class Hit:
    """What was done."""

    part: str = "nothing"
    number: signal.Signals = signal.SIGKILL
    at_s: float = 0.0
    lasting: bool = False
    """It was stopped for good."""
    then_s: float = 0.0
    """How long the command took from the hit to its end."""

    def __str__(self) -> str:
        ever = " for good" if self.lasting else ""
        return f"{self.number.name}{ever} to {self.part} after {self.at_s:.1f} s"


def attack(seed: int, number: int, project: Path, scratch: Path, command: Command | None = None) -> Attempt:
    """Make the attack of a number; the same numbers give the same command, moment and signal."""
    chance = random.Random(f"{seed}/kill/{number}")
    chosen = chance.choice(COMMANDS)
    command = command or chosen
    place = scratch / f"kill-{number}"
    (place / "tmp").mkdir(parents=True)
    out, mark = place / "out", uuid.uuid4().hex
    cwd = prepared(command, project, out)
    environment = {**os.environ, "TMPDIR": str(place / "tmp"), processes.MARK: mark, "PYTHONPATH": str(Path.cwd())}
    environment.pop("GITHUB_ACTIONS", None)
    with (place / "stdout").open("wb") as stdout, (place / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            command.line(out), cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
    began = time.monotonic()
    try:
        hit = _strike(chance, process, mark, command)
        ended_s = _awaited(process, command, hit)
        hit.then_s = ended_s - began - hit.at_s
        hung = process.poll() is None
        if hung:
            process.kill()
            process.wait()
        left, _ = processes.left_after(mark, END_S)
    finally:
        processes.end(mark)
        process.kill()
        process.wait()
    told = (place / "stdout").read_text(errors="replace") + (place / "stderr").read_text(errors="replace")
    dishonest, lost = ((), 0) if hung else honesty.judged(command, hit, process.returncode, out)
    attempt = Attempt(
        "kills",
        f"kill {number}: {command.name}, {hit}, exit code {process.returncode}",
        ended_s - began,
        tuple(dishonest),
        tuple(f"{each[:120]}" for each in left.values()),
        honesty.traceback(told, process.returncode, hit),
        hung,
        lost,
    )
    if attempt.broken:
        (place / "broken").write_text("\n".join((attempt.name, *attempt.broken)))
    else:
        shutil.rmtree(place, ignore_errors=True)
    return attempt


def _strike(chance: random.Random, process: subprocess.Popen[bytes], mark: str, command: Command) -> Hit:
    """Wait for the moment and send the signal."""
    at_s, number, goes_on = chance.uniform(0.0, command.busy_s), chance.choice(SIGNALS), chance.random() < 0.7
    began = time.monotonic()
    with suppress(subprocess.TimeoutExpired):
        process.wait(at_s)
    parts: dict[str, list[int]] = {}
    for pid, line in sorted(processes.marked(mark).items()):
        parts.setdefault(processes.part(pid, line, process.pid), []).append(pid)
    if not parts:
        return Hit(at_s=time.monotonic() - began)
    part = chance.choice(sorted(parts))
    victim = chance.choice(parts[part])
    with suppress(OSError):
        os.kill(victim, number)
    hit = Hit(part, number, time.monotonic() - began)
    if number == signal.SIGSTOP:
        hit.lasting = not goes_on and part not in {"harness", "inner"}
        if not hit.lasting:
            time.sleep(PAUSE_S)
            with suppress(OSError):
                os.kill(victim, signal.SIGCONT)
    return hit


def _awaited(process: subprocess.Popen[bytes], command: Command, hit: Hit) -> float:
    """The moment at which the command ended, or at which nobody waits for it any longer."""
    with suppress(subprocess.TimeoutExpired):
        if command.name == "up":
            process.wait(LOOK_AROUND_S)
    if command.name == "up" and process.poll() is None:
        if hit.at_s < honesty.START_S:
            time.sleep(honesty.START_S)
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(command.limit_s)
    return time.monotonic()
