"""Ctrl-C, SIGTERM and a closed terminal end a run in order: what was started is stopped, what was recorded is kept.

A signal raises `Interrupted` where the program is, and is remembered: where the exception cannot spread, as in a
finalizer or under a library's bare `except`, the next `check` raises it again. A second signal shortens the graces of
what is being stopped, a third ends the process at once, and its keepers kill the rest (`keeper.py`).
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from harness.core.errors import ExitCode


class Interrupted(BaseException):
    """The user or the system asked the run to end."""


class _State:
    shields = 0
    asked = 0
    """How often, since the handlers were installed."""
    last_s = 0.0


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
HURRY, KILL = 2, 3
"""How many signals ask for it."""
SAME_S = 0.3
"""Signals closer together are one: a terminal, a shell and `make` may each pass on the same Ctrl-C."""
SLICE_S = 0.5


def install() -> None:
    """Turn `SIGNALS` into `Interrupted`, in the main thread of a command."""
    _State.asked = 0
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    sys.unraisablehook = _on_unraisable


@contextmanager
def installed() -> Iterator[None]:
    """The same for a block, in the main thread of somebody else's program."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    hook = sys.unraisablehook
    install()
    try:
        yield
        check()
    finally:
        _State.asked = 0
        sys.unraisablehook = hook
        for number, handler in before.items():
            if handler is not None:  # one that was not set from Python, and cannot be
                signal.signal(number, handler)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold an interruption back until the block ends: for a start and its registration, and for cleaning up.

    Only the main thread is interrupted, so elsewhere there is nothing to hold back.
    """
    if not _is_main_thread():
        yield
        return
    _State.shields += 1
    try:
        yield
    finally:
        _State.shields -= 1
        check()


def check() -> None:
    """Raise `Interrupted` if a signal came and none is spreading already; called wherever something is awaited."""
    if _State.asked and not _State.shields and _is_main_thread() and not _is_spreading():
        raise Interrupted


def asked() -> bool:
    """Whether a signal came: what then fails may fail because of it."""
    return _State.asked > 0


def hurried() -> bool:
    """Whether a second signal came: what is being stopped gets no time any more."""
    return _State.asked >= HURRY


def sleep(seconds: float) -> None:
    """`time.sleep`, which also ends for a signal that was swallowed before."""
    until = time.monotonic() + seconds
    check()
    while (left_s := until - time.monotonic()) > 0:
        time.sleep(min(left_s, SLICE_S))
        check()


def _is_main_thread() -> bool:
    return threading.get_ident() == threading.main_thread().ident


def _is_spreading() -> bool:
    """Whether `Interrupted` is being handled, so that this is the cleaning up after it."""
    error = sys.exception()
    while error is not None:
        if isinstance(error, Interrupted):
            return True
        error = error.__context__
    return False


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if not _State.asked or now - _State.last_s > SAME_S:
        _State.asked += 1
    _State.last_s = now
    if _State.asked >= KILL:
        os.write(2, b"harness: killed at the third signal; what was started is killed, temporary files may be left\n")
        os._exit(ExitCode.INTERRUPTED)
    check()


def _on_unraisable(unraisable: Any) -> None:
    """A finalizer swallows the exception; it is raised again later, so there is nothing to report."""
    if not isinstance(unraisable.exc_value, Interrupted):
        sys.__unraisablehook__(unraisable)
