"""Real processes: nothing that was started outlives the harness, whoever of them is killed, and how."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from harness.core.errors import StackError
from harness.runtime import keeper, kept
from harness.runtime.kept import Kept

ROOT = Path(__file__).resolve().parents[3]
NAME = "KEPT_TEST"
DEAF = "trap '' TERM INT HUP; while :; do sleep 1; done"
"""Ignores what can be ignored."""
BROOD = f"""
({DEAF}) &
setsid sh -c "{DEAF}" &
(setsid sh -c "(setsid sh -c \\"{DEAF}\\" &) ; exit" &)
{DEAF}
"""
"""A shell with a child, one in a session of its own, and a daemon: forked twice, its parents gone."""
OWNER = """
import os, subprocess, sys, time
from harness.runtime.kept import Kept
kept = Kept(["sh", "-c", sys.argv[1]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
if sys.argv[2:] == ["fork"] and not os.fork():
    time.sleep(60)
    os._exit(0)
print("started", flush=True)
time.sleep(60)
"""


class Marked:
    """Finds processes by a variable that all of them inherit."""

    def __init__(self) -> None:
        self.value = uuid.uuid4().hex

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, NAME: self.value, "PYTHONPATH": str(ROOT)}

    def alive(self) -> set[int]:
        found = set()
        for file in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"{NAME}={self.value}".encode() in file.read_bytes():
                    found.add(int(file.parent.name))
            except OSError:
                continue
        return found

    def await_count(self, least: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.alive()) < least and time.monotonic() < deadline:
            time.sleep(0.05)

    def await_none(self, but: frozenset[int] = frozenset()) -> set[int]:
        """Those that are still there when they should not be."""
        deadline = time.monotonic() + 10
        while (left := self.alive() - but) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def owner(self, command: str, *more: str) -> subprocess.Popen[str]:
        """A process that keeps a command, as the harness does."""
        return subprocess.Popen(
            [sys.executable, "-c", OWNER, command, *more], env=self.environment, stdout=subprocess.PIPE, text=True
        )


@pytest.fixture
def marked() -> Iterator[Marked]:
    made = Marked()
    yield made
    for pid in made.alive():
        os.kill(pid, signal.SIGKILL)


def start(marked: Marked, command: str, most: int = 0) -> Kept:
    return Kept(
        ["sh", "-c", command],
        env=marked.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        most=most,
    )


@pytest.mark.parametrize(
    ("command", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -SEGV $$", -11), ("kill -KILL $$", -9)]
)
def test_it_ends_as_the_command_does(marked: Marked, command: str, code: int) -> None:
    """By the same code or the same signal."""
    started = start(marked, command)
    assert started.wait(20) == code
    started.end()


def test_a_program_that_is_missing_is_named() -> None:
    """As `subprocess` does."""
    with pytest.raises(FileNotFoundError) as caught:
        Kept(["no-such-program"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert caught.value.filename == "no-such-program"


def test_a_signal_goes_to_the_command_alone(marked: Marked) -> None:
    """Its keeper stays."""
    started = start(marked, "trap 'exit 5' TERM; while :; do sleep 0.05; done")
    time.sleep(0.2)
    started.send_signal(signal.SIGTERM)
    assert started.wait(20) == 5
    started.end()


def test_daemons_end_with_what_forked_them(marked: Marked) -> None:
    """Also those of another session whose parents are gone, and that ignore every signal that can be ignored."""
    started = start(marked, BROOD)
    marked.await_count(6)
    started.end()
    assert marked.alive() == set()


def test_what_a_command_leaves_ends_with_it(marked: Marked) -> None:
    """Without being asked: a command that daemonizes has ended."""
    started = start(marked, f'(setsid sh -c "{DEAF}" &); exit 0')
    assert started.wait(20) == 0
    started.end()
    assert marked.alive() == set()


@pytest.mark.parametrize("more", [(), ("fork",)], ids=["alone", "with a fork of itself"])
def test_all_of_it_dies_with_the_harness(marked: Marked, more: tuple[str, ...]) -> None:
    """Killed, it can stop nothing itself; a fork of it that lives on does not count as it."""
    owner = marked.owner(BROOD, *more)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "started\n"
    marked.await_count(7)
    before = marked.alive()
    owner.kill()
    owner.wait()
    owner.stdout.close()
    forks = frozenset(pid for pid in before if more and command_of(pid).startswith(sys.executable))
    assert marked.await_none(forks) == set()
    assert len(forks) == len(more)


def command_of(pid: int) -> str:
    """Of a process that runs this test's own program; its keepers run another one."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return ""
    return words[0] if "-c" in words[1:2] else ""


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.15, 0.2, 0.3])
def test_it_may_be_killed_while_it_starts_something(marked: Marked, delay_s: float) -> None:
    """At any moment: before the keeper runs, before the command does, and after."""
    owner = marked.owner(BROOD)
    time.sleep(delay_s)
    owner.kill()
    owner.communicate()
    assert marked.await_none() == set()


def test_it_dies_with_a_harness_that_did_not_read_its_answer(marked: Marked) -> None:
    """The kernel then resets the connection, where it ends it otherwise."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-I", "-S", keeper.__file__, str(theirs.fileno())]
    running = subprocess.Popen(command, env=marked.environment, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE)
    theirs.close()
    request = {"command": ["sh", "-c", BROOD], "cwd": None, "account": None, "most": 0}
    ours.sendall(json.dumps(request).encode() + b"\n")
    marked.await_count(7)
    ours.close()
    _, err = running.communicate()
    assert b"Traceback" not in err
    assert running.returncode == -signal.SIGKILL
    assert marked.await_none() == set()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_all_of_it_dies_when_its_keeper_cannot_see_to_it(
    marked: Marked, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command by the kernel, and what it had forked by the harness."""
    monkeypatch.setattr(kept, "END_LIMIT_S", 0.5)
    started = start(marked, BROOD)
    marked.await_count(6)
    os.kill(started._keeper.pid, number)
    started.end()
    assert started.returncode == -signal.SIGKILL
    assert marked.alive() == set()


@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("env -i sleep 300 & env -i sleep 300 & wait", signal.SIGKILL),
        ("env -i sleep 300 & env -i sleep 300 & wait", signal.SIGSTOP),
        ("env -i setsid sleep 300 & env -i setsid sleep 300 & wait", signal.SIGSTOP),
    ],
    ids=["of its session", "of its session, stopped", "of others, stopped"],
)
def test_what_has_no_variable_dies_too_when_its_keeper_cannot_see_to_it(
    marked: Marked, command: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker of gunicorn that gives itself a title writes over its environment."""
    monkeypatch.setattr(kept, "END_LIMIT_S", 0.5)
    started = start(marked, command)
    deadline = time.monotonic() + 20
    while len(sleepers := [each for each in started.members() if is_sleep(each)]) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sleepers) == 2
    os.kill(started._keeper.pid, number)
    started.end()
    assert [each for each in sleepers if is_sleep(each)] == []


def is_sleep(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"sleep\0")
    except OSError:
        return False


def test_a_command_whose_keeper_is_killed_at_once_was_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no error of the command, and nobody's input."""

    def killed(*arguments: object, **named: Any) -> subprocess.Popen[bytes]:
        made = popen(*arguments, **named)  # type: ignore[call-overload]
        made.kill()
        made.wait()
        return cast("subprocess.Popen[bytes]", made)

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", killed)
    with pytest.raises(StackError, match="`true` was not started: its keeper was killed; run again"):
        Kept(["true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_command_that_forks_too_much_is_killed(marked: Marked) -> None:
    """And how much it was is known. It forks sixty times and no more, whatever becomes of the limit."""
    started = start(marked, "for i in $(seq 60); do sleep 30 & done; wait", most=20)
    assert started.wait(20) == -signal.SIGKILL
    started.end()
    assert 20 < started.crowd <= 62
    assert marked.alive() == set()


def test_as_many_processes_as_allowed_are_let_be(marked: Marked) -> None:
    """The limit is no more than one."""
    started = start(marked, "for i in $(seq 15); do sleep 1 & done; wait", most=20)
    assert started.wait(20) == 0
    started.end()
    assert started.crowd == 0
