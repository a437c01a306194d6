"""Live progress: on standard error, a line with a bar in a terminal and a line per stage elsewhere; and for viewers."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from harness.core import secret
from harness.core.run import Run
from harness.core.text import clean, inert
from harness.runtime.load.generator import Progress

LOG_EVERY_S = 5.0
"""Without a terminal, load progress is written this often."""
FRAMES_PER_S = 4
"""Of the bar: drawing it takes time on the machine that makes the load."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A run whose t0 is behind us."""

    run: Run
    """As far as it is known: its window ends where it begins."""
    directory: Path
    shards_before: frozenset[Path]
    """Those of the warm-up."""
    is_verified: bool = True
    """Its metrics are compared with the samples; without it nothing is asked of Prometheus."""


class Viewer(Protocol):
    """Somebody who watches besides the console."""

    def stage(self, text: str, expected_s: float | None) -> None:
        """A stage begins."""

    def load(self, progress: Progress) -> None:
        """The load goes on."""

    def watch(self, watched: Watched) -> None:
        """A load is about to begin; from now on what it leaves can be looked at."""

    def until(self, end_s: float) -> None:
        """The load that is watched is over, and so is its window: at t1, on Prometheus's clock."""

    def over(self, report: Path) -> None:
        """The report is made."""


class Reporter:
    """Reports what the run is doing, also to a viewer; nothing on standard error when `quiet`."""

    def __init__(self, *, quiet: bool = False, viewer: Viewer | None = None) -> None:
        """Write to standard error."""
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._bars: Bars | None = None
        self._task = TaskID(0)
        self._logged_s = time.monotonic()
        self._expected_s: float | None = None
        self._viewer = viewer

    @property
    def is_viewed(self) -> bool:
        """Whether it is worth saying what to watch."""
        return self._viewer is not None

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show a line with a bar until the block ends; in a terminal, and not in a log of CI that looks like one."""
        if not (self._console.is_terminal and self._console.file.isatty()) or os.environ.get("CI"):
            yield
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            BarColumn(20),
            TextColumn("{task.fields[left]}", markup=False),
        )
        with Bars(*columns, console=self._console, transient=True, refresh_per_second=FRAMES_PER_S) as self._bars:
            self._task = self._bars.add_task("", total=None, said="", left="")
            yield
        self._bars = None

    def stage(self, text: str, expected_s: float | None = None) -> None:
        """Report which stage begins, and how long it should take where that is known."""
        self._logged_s = time.monotonic()
        self._expected_s = expected_s
        text = clean(secret.redact(text))
        if self._viewer:
            self._viewer.stage(text, expected_s)
        if self._bars:
            self._bars.reset(self._task, total=expected_s, said=text, left=_left(expected_s))
        else:
            self._console.print(text, markup=False, soft_wrap=True)

    def table(self, text: str) -> None:
        """Print lines that stay."""
        self._console.print(inert(secret.redact(text)), markup=False, soft_wrap=True)

    def load(self, progress: Progress) -> None:
        """Report how the load is going."""
        if self._viewer:
            self._viewer.load(progress)
        p95 = "-" if progress.p95_s is None else f"{progress.p95_s * 1000:.0f} ms"
        line = (
            f"{progress.phase} {progress.elapsed_s:4.0f} s  {progress.note}"
            if progress.note
            else (
                f"{progress.phase} {progress.elapsed_s:4.0f} s  {progress.users} users  {progress.requests} requests  "
                f"{progress.requests_per_s:.0f}/s  {progress.errors} errors  p95 {p95}"
            )
        )
        if self._bars:
            left_s = None if self._expected_s is None else max(self._expected_s - progress.elapsed_s, 0.0)
            done_s = min(progress.elapsed_s, self._expected_s or progress.elapsed_s)
            self._bars.update(self._task, completed=done_s, said=line, left=_left(left_s))
        elif (now := time.monotonic()) - self._logged_s >= LOG_EVERY_S:
            self._logged_s = now
            self._console.print(f"  {line}", markup=False, soft_wrap=True)

    def watch(self, watched: Watched) -> None:
        """Let a viewer look at what a load leaves."""
        if self._viewer:
            self._viewer.watch(watched)

    def until(self, end_s: float) -> None:
        """Let a viewer know that nothing more is to be watched after t1."""
        if self._viewer:
            self._viewer.until(end_s)

    def over(self, report: Path) -> None:
        """Let a viewer see the report."""
        if self._viewer:
            self._viewer.over(report)


def _left(seconds: float | None) -> str:
    """How long it still takes, and when it ends."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s left, until {time.strftime('%H:%M:%S', time.localtime(time.time() + seconds))}"
