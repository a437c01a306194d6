"""Live progress on standard error: a line that updates in a terminal, a line per stage elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status
from rich.text import Text

from harness.core import secret
from harness.core.text import clean, inert
from harness.runtime.load.pulse_reader import Progress

LOG_EVERY_S = 5.0
"""Without a terminal, load progress is written this often."""


class Reporter:
    """Reports what the run is doing; nothing when `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Write to standard error."""
        self._console = Console(stderr=True, quiet=quiet, highlight=False)
        self._status: Status | None = None
        self._logged_s = time.monotonic()

    @contextmanager
    def live(self) -> Iterator[None]:
        """Show a spinner in a terminal until the block ends."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status("") as self._status:
            yield
        self._status = None

    def stage(self, text: str) -> None:
        """Report which stage begins."""
        self._logged_s = time.monotonic()
        text = clean(secret.redact(text))
        if self._status:
            self._status.update(Text(text))
        else:
            self._console.print(text, markup=False)

    def table(self, text: str) -> None:
        """Print lines that stay."""
        self._console.print(inert(secret.redact(text)), markup=False, soft_wrap=True)

    def load(self, progress: Progress) -> None:
        """Report how the load is going."""
        p95 = "-" if progress.p95_s is None else f"{progress.p95_s * 1000:.0f} ms"
        line = (
            f"{progress.phase} {progress.elapsed_s:4.0f} s  {progress.users} users  {progress.requests} requests  "
            f"{progress.requests_per_s:.0f}/s  {progress.errors} errors  p95 {p95}"
        )
        if self._status:
            self._status.update(Text(line))
        elif (now := time.monotonic()) - self._logged_s >= LOG_EVERY_S:
            self._logged_s = now
            self._console.print(f"  {line}", markup=False)
