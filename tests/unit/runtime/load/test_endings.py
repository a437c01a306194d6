"""How Locust ended: whose fault it was that nothing was recorded."""

import signal
from pathlib import Path

import pytest

from harness.runtime.load import endings
from harness.runtime.load.endings import Ending, described, is_shortage


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (Ending(0), ""),
        (Ending(1), ""),
        (Ending(-9), "was killed by SIGKILL"),
        (Ending(137), "was killed by SIGKILL"),
        (Ending(-9, oom_kills=1), "was killed by SIGKILL, by the system for want of memory"),
        (Ending(-11), "was killed by SIGSEGV"),
        (Ending(0, stopped_by=signal.SIGINT), "was stopped by SIGINT"),
        (Ending(-99), "was killed by signal 99"),
        (Ending(255), ""),
    ],
)
def test_what_ended_it_is_named(ended: Ending, why: str) -> None:
    """A signal by its name, and the system where it wanted the memory back."""
    assert described(ended) == why


@pytest.mark.parametrize(
    "reason",
    [
        "MemoryError",
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 2 GiB: Cannot allocate memory",
        "OSError: [Errno 12] Cannot allocate memory",
        "BlockingIOError: [Errno 11] Resource temporarily unavailable",
        "OSError: [Errno 28] No space left on device: 'x'",
        "OSError: [Errno 24] Too many open files",
        "ImportError: libarrow.so: cannot map: Cannot allocate memory",
        "zmq.error.ZMQError: Address already in use (addr='tcp://127.0.0.1:5557')",
    ],
)
def test_what_the_machine_lacks_is_no_fault_of_the_locustfile(reason: str) -> None:
    """Memory, processes, space, files, ports."""
    assert is_shortage(reason)


@pytest.mark.parametrize(
    "reason",
    ["NameError: name 'HttpUsr' is not defined", "No User class found!", "FileNotFoundError: [Errno 2] No such file"],
)
def test_a_broken_locustfile_is_one(reason: str) -> None:
    """Its own last line says so."""
    assert not is_shortage(reason)


def test_an_interruption_of_its_imports_is_no_fault_of_the_locustfile(tmp_path: Path) -> None:
    """Locust does not look for signals by then, so Python ends with a traceback."""
    log = tmp_path / "log"
    log.write_text(
        'Traceback (most recent call last):\n  File "<frozen importlib>", line 542, in x\nKeyboardInterrupt\n'
    )
    assert endings.is_interruption(endings.reason(log))
    log.write_text("Traceback (most recent call last):\nNameError: name 'KeyboardInterrupted' is not defined\n")
    assert not endings.is_interruption(endings.reason(log))


def test_a_signal_is_read_from_what_the_recorder_left(tmp_path: Path) -> None:
    """No file: none came. Half a file: not known."""
    file = tmp_path / "signal"
    assert endings.ending(0, file, 0) == Ending(0)
    file.write_text("2")
    assert endings.ending(0, file, 0) == Ending(0, stopped_by=2)
    file.write_text("")
    assert endings.ending(0, file, 0) == Ending(0)


def test_the_system_is_blamed_only_where_it_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Others may have been killed for want of memory while Locust ended by itself."""
    monkeypatch.setattr(endings, "oom_kills", lambda: 5)
    assert endings.ending(-9, tmp_path / "none", 4) == Ending(-9, oom_kills=1)
    assert endings.ending(-9, tmp_path / "none", 5) == Ending(-9)
    assert endings.ending(-15, tmp_path / "none", 4) == Ending(-15)
    assert endings.ending(0, tmp_path / "none", 4) == Ending(0)
