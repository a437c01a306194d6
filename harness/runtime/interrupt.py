"""Ctrl-C, SIGTERM and a closed terminal end a run in order: what was started is stopped, what was recorded is kept."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """The user or the system asked the run to end."""


class _State:
    shields = 0
    pending = False


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def install() -> None:
    """Turn `SIGNALS` into `Interrupted`, in the main thread of a command."""
    for number in SIGNALS:
        signal.signal(number, _on_signal)


@contextmanager
def installed() -> Iterator[None]:
    """The same for a block, in the main thread of somebody else's program."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    install()
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # one that was not set from Python, and cannot be
                signal.signal(number, handler)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold an interruption back until the block ends: for a start and its registration, and for cleaning up."""
    _State.shields += 1
    try:
        yield
    finally:
        _State.shields -= 1
        if _State.pending and not _State.shields:
            _State.pending = False
            raise Interrupted


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    if _State.shields:
        _State.pending = True
        return
    raise Interrupted
