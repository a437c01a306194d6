"""What a short command prints, kept in memory alone: it may be a credential."""

import os
import select
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from harness.runtime.interrupt import shielded
from harness.runtime.kept import Kept

POLL_S = 0.05


def printed_by(
    command: Sequence[str], limit_s: float, most_bytes: int, *, cwd: Path | None = None
) -> tuple[int, bytes]:
    """Run a short command; its exit code, and what it printed on standard output, in memory alone.

    Of more than `most_bytes` so many and one are returned, and the command is killed. What it leaves running is, too.
    Raises OSError when it cannot be started, subprocess.TimeoutExpired when it takes longer.
    """
    deadline = time.monotonic() + limit_s
    reading, writing = os.pipe()
    with ExitStack() as running:
        running.callback(os.close, reading)
        try:
            with shielded():
                kept = Kept(command, cwd=cwd, stdout=writing, stderr=subprocess.DEVNULL)
                running.callback(kept.end)
        finally:
            os.close(writing)
        found = bytearray()
        while len(found) <= most_bytes:
            ended = kept.poll() is not None
            if select.select([reading], [], [], 0 if ended else POLL_S)[0]:
                if not (part := os.read(reading, most_bytes + 1 - len(found))):
                    break
                found += part
            elif ended:  # what it started may hold the other end for long
                break
            elif time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(command, limit_s)
        else:
            return 0, bytes(found)
        return kept.wait(max(deadline - time.monotonic(), 0.0)), bytes(found)
