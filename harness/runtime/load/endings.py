"""How a load generator ended: by itself, at a signal, or for want of something that the machine has too little of."""

import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import SHORTAGES
from harness.core.run import signal_name, signal_of

_SHORTAGE = re.compile(
    r"\bMemoryError\b|bad_alloc|\[Errno (?:"
    + "|".join(map(str, sorted(SHORTAGES)))
    + r")\]|"
    + "|".join(re.escape(os.strerror(number)) for number in sorted(SHORTAGES))
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended."""

    exit_code: int
    stopped_by: int = 0
    """Number of the signal at which it ended in order; 0 for none."""
    oom_kills: int = 0
    """Processes that the system killed for want of memory, where this one was killed."""


def ending(exit_code: int, signal_file: Path | None, oom_kills_before: int) -> Ending:
    """How a load generator ended, by its exit code and, of Locust, what its recorder left in `signal_file`."""
    stopped_by = 0
    if signal_file is not None:
        with suppress(OSError, ValueError):
            stopped_by = int(signal_file.read_text(encoding="utf-8"))
    killed = signal_of(exit_code) == signal.SIGKILL
    return Ending(exit_code, stopped_by, max(oom_kills() - oom_kills_before, 0) if killed else 0)


def described(ended: Ending) -> str:
    """What ended it, as a verb with its object; empty when that was nobody from outside."""
    if killed_by := signal_of(ended.exit_code):
        why = f"was killed by {signal_name(killed_by)}"
        return f"{why}, by the system for want of memory" if ended.oom_kills else why
    return f"was stopped by {signal_name(ended.stopped_by)}" if ended.stopped_by else ""


def is_shortage(reason: str) -> bool:
    """Whether the last line of a traceback names something that the machine has too little of."""
    return bool(_SHORTAGE.search(reason))


def is_interruption(reason: str) -> bool:
    """Whether the last line of a traceback is that of SIGINT, as it ends Python before Locust looks for signals."""
    return reason == KeyboardInterrupt.__name__


def reason(log: Path) -> str:
    """The line of Locust's log that says why it ended: the last one of a traceback, else the last one."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = [line for line in text.splitlines() if line.strip()]
    errors = [line.strip() for line in lines if "Error" in line or "Exception" in line]
    return (errors or lines or ["it printed nothing"])[-1]


def oom_kills() -> int:
    """How many processes the system has killed for want of memory since its start, whoever's limit it was.

    Source: man 5 proc_vmstat, `oom_kill`, since Linux 4.13. 0 where it is not known.
    """
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="utf-8").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
