"""Notes the signal at which Locust ends a load: it ends in order then, and with the exit code of any other load."""

import signal
from contextlib import suppress
from pathlib import Path
from types import FrameType

import gevent


def note_into(file: Path) -> None:
    """Leave the number of a signal in a file, and let Locust do with it what it does."""

    def note(number: int) -> None:
        with suppress(OSError):
            file.write_text(str(number), encoding="utf-8")

    def on_interrupt(number: int, frame: FrameType | None) -> None:
        note(number)
        if callable(before):
            before(number, frame)

    before = signal.signal(signal.SIGINT, on_interrupt)
    gevent.signal_handler(signal.SIGTERM, note, signal.SIGTERM)  # beside Locust's own
