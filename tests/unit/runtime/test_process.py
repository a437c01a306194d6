"""Starting and stopping processes: graces, ports, and what cannot be started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.core.errors import StackError
from harness.runtime import interrupt, process

ROOT = Path(__file__).resolve().parents[3]
DEAF = ("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")


def test_a_process_that_ignores_its_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    """And not before."""
    service = process.spawn("deaf", DEAF, tmp_path / "log")
    time.sleep(0.3)
    began = time.monotonic()
    process.stop(service, 0.5)
    assert time.monotonic() - began >= 0.5
    assert service.process.returncode == -signal.SIGKILL


def test_a_second_signal_to_the_harness_shortens_a_grace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grace of an hour would be noticed."""
    monkeypatch.setattr(interrupt, "hurried", lambda: True)
    service = process.spawn("deaf", DEAF, tmp_path / "log")
    time.sleep(0.3)
    process.stop(service, 3600)
    assert service.process.returncode == -signal.SIGKILL


def test_a_second_signal_is_passed_on_to_a_harness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps its grace, as it has parts to stop; it shortens theirs."""
    monkeypatch.setattr(interrupt, "hurried", lambda: True)
    count = "n=0; trap 'n=$((n+1)); [ $n = 2 ] && exit 9' TERM; while :; do sleep 0.05; done"
    service = process.spawn("harness", ("sh", "-c", count), tmp_path / "log", is_harness=True)
    time.sleep(0.3)
    process.ask_to_stop(service)
    time.sleep(0.3)
    process.stop(service, 3600)
    assert service.process.returncode == 9


@pytest.mark.parametrize("log", ["gone/log", "taken"])
def test_a_log_that_cannot_be_written_is_named(tmp_path: Path, log: str) -> None:
    """No process without one."""
    (tmp_path / "taken").mkdir()
    with pytest.raises(StackError, match=f"echo cannot be started: .*{log}"):
        process.spawn("echo", ["true"], tmp_path / log)


def test_a_process_is_started_in_any_directory(tmp_path: Path) -> None:
    """With spaces, quotes, line breaks, and bytes that are no UTF-8 in the names."""
    odd = tmp_path / "a b'c\"d\né" / os.fsdecode(b"\xff")
    odd.mkdir(parents=True)
    process.run_to_end("test", ["sh", "-c", "pwd > here"], odd / "log", 20, cwd=odd)
    assert (odd / "here").read_bytes() == os.fsencode(odd) + b"\n"


def test_a_command_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    """And with it what it started."""
    with pytest.raises(subprocess.TimeoutExpired):
        process.capture(["sleep", "60"], 0.2)
    with pytest.raises(StackError, match="took longer"):
        process.run_to_end("test", ["sleep", "60"], tmp_path / "log", 0.2)


def test_what_a_command_prints_is_read_whatever_it_is() -> None:
    """Also what is no UTF-8."""
    done = process.capture(["sh", "-c", r"printf 'a\377b'; printf 'c' >&2; exit 3"], 20)
    assert (done.returncode, done.stdout, done.stderr) == (3, "a\N{REPLACEMENT CHARACTER}b", "c")


def test_no_port_is_given_to_two_harnesses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between its choice and its use nobody listens on it, so the other one could not know."""
    monkeypatch.setattr(process, "_ports", [])
    mine = {process.free_port() for _ in range(20)}
    text = "from harness.runtime import process; print(*(process.free_port() for _ in range(20)))"
    others = [
        subprocess.Popen(
            [sys.executable, "-c", text + "; input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(3)
    ]
    given = [*mine]
    for other in others:
        given += map(int, other.communicate("\n")[0].split())
    for lock in process._ports:
        lock.close()
    assert len(set(given)) == len(given) == 80
