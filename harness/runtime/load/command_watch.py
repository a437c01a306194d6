"""How busy a load command is: the CPU of all that it started, and how late a process beside it wakes.

Each thread has one core at the most, and all of them together those that the command may use. A tool that spreads its
work is busy when all cores are, and one that does not when a single thread is.

Sources: man 5 proc_pid_stat, man 5 proc_pid_task.
"""

import math
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

LOOK_EVERY_S = 0.5
LAG_QUANTILE = 0.95
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
UTIME, STIME, CUTIME, CSTIME = 11, 12, 13, 14
"""Places in /proc/<pid>/stat after the name of the program."""


@dataclass(frozen=True, slots=True)
class _Look:
    time_s: float
    total_s: float
    """CPU time of all processes, those that they waited for included."""
    threads_s: dict[str, float]


@dataclass(slots=True)
class Watch:
    """Looks at a command's processes now and then; each wait of the harness beside it goes through `slept`."""

    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    lags_s: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    _last: _Look | None = None

    def slept(self, meant_s: float, took_s: float) -> None:
        """Take in how long a wait took."""
        self.lags_s.append(max(took_s - meant_s, 0.0))

    def look(self, processes: Callable[[], Iterable[int]]) -> None:
        """Take in what the processes have used, if the last look is long enough ago; only then they are listed."""
        now_s = time.monotonic()
        if self._last is not None and now_s - self._last.time_s < LOOK_EVERY_S:
            return
        look = _look(now_s, processes())
        if self._last is not None:
            self.ratios.append(_ratio(self._last, look, self.cores))
        self._last = look

    @property
    def cpu_ratio(self) -> float | None:
        """The median share of what the command could use; None when it ended before the second look."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def lag_s(self) -> float | None:
        """The 95th percentile of the lags."""
        lags = sorted(self.lags_s)
        return lags[math.ceil(LAG_QUANTILE * len(lags)) - 1] if lags else None

    @property
    def stalled_s(self) -> float | None:
        """The longest lag."""
        return max(self.lags_s, default=None)


def _ratio(before: _Look, now: _Look, cores: int) -> float:
    length_s = now.time_s - before.time_s
    busiest_s = max((used - before.threads_s.get(name, 0.0) for name, used in now.threads_s.items()), default=0.0)
    return max(busiest_s, (now.total_s - before.total_s) / cores, 0.0) / length_s


def _look(time_s: float, processes: Iterable[int]) -> _Look:
    total_s = 0.0
    threads_s: dict[str, float] = {}
    for pid in processes:
        total_s += _used_s(Path(f"/proc/{pid}/stat"), (UTIME, STIME, CUTIME, CSTIME))
        try:
            names = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 - names alone are wanted
        except OSError:
            continue  # it has ended
        threads_s |= {name: _used_s(Path(f"/proc/{pid}/task/{name}/stat"), (UTIME, STIME)) for name in names}
    return _Look(time_s, total_s, threads_s)


def _used_s(file: Path, places: Iterable[int]) -> float:
    """CPU time that a process or thread has used; 0 for one that has ended."""
    try:
        fields = file.read_bytes().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    return sum(int(fields[place]) for place in places) / TICKS_PER_S
