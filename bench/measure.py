"""Running commands for measurement: wall time, peak memory, medians."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took."""

    wall_s: float
    peak_mb: float
    exit_code: int
    cpu_s: float
    """Processor time of the process and of those it waited for, user and system."""


def run(command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path = PROJECT) -> Cost:
    """Run a command to its end, its output discarded."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    return Cost(
        time.perf_counter() - began,
        usage.ru_maxrss / 1024,
        os.waitstatus_to_exitcode(status),
        usage.ru_utime + usage.ru_stime,
    )


def harness(*arguments: str) -> list[str]:
    """The harness's own command, in this interpreter."""
    return [sys.executable, "-m", "harness.cli.main", *arguments]


def median_and_range(values: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and greatest."""
    return statistics.median(values), min(values), max(values)


def progress(text: str) -> None:
    """Say on standard error what is being measured."""
    sys.stderr.write(f"bench: {text}\n")
