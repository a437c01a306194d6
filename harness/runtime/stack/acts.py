"""Runs commands at their times during the load, e.g. a signal to a process of the stack."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.config.profile import Act
from harness.core.errors import HarnessError, StackError
from harness.runtime import process
from harness.runtime.stack.placeholders import fill

ACT_LIMIT_S = 10.0
"""A command that takes longer is stopped, and has failed."""


@contextmanager
def acting(acts: Sequence[Act], placeholders: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run each command at its time while the block runs, or not at all when the block ends before.

    Raises StackError at the end of the block when one of them failed.
    """
    over, failures = threading.Event(), []

    def act() -> None:
        began = time.monotonic()
        for each in sorted(acts, key=lambda act: act.at_s):
            if over.wait(max(began + each.at_s - time.monotonic(), 0.0)):
                return
            try:
                process.signal_to([fill(part, placeholders, "act") for part in each.command], log, ACT_LIMIT_S)
            except HarnessError as error:
                failures.append(error)
                return

    thread = threading.Thread(target=act, name="acts")
    if acts:
        try:
            thread.start()
        except RuntimeError as error:
            raise StackError(f"acts: {error}; the machine, or a limit, allows no more threads") from None
    try:
        yield
    finally:
        over.set()
        if acts:
            thread.join()
    if failures:
        raise failures[0]
