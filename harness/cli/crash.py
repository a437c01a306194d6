"""A bug of the harness: reported so that it does not look like a verdict."""

import sys
import traceback
from pathlib import Path

from harness.core import secret
from harness.core.text import inert


def report(error: BaseException, directory: Path | None) -> str:
    """Print the traceback on standard error, and return the line that says what happened and what to do.

    `directory` is what the command made or was given, if it came so far.
    """
    try:
        sys.stderr.write(inert(secret.redact("".join(traceback.format_exception(error)))))
    except (MemoryError, RecursionError):  # there may be too little left to print it whole
        sys.stderr.write(f"{type(error).__name__}, and no traceback of it could be printed\n")
    left = f"; what was recorded is in {directory}" if directory else ""
    return (
        f"{type(error).__name__}: a bug of the harness, and no verdict on the target{left}; report it with the "
        "traceback, the command line and `harness --version`"
    )
