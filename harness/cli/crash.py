"""A bug of the harness: how it is told apart from a verdict."""

import argparse
import sys
import traceback
from pathlib import Path


def report(error: BaseException, options: argparse.Namespace | None) -> str:
    """Print the traceback, and return the line that says what happened and what to do."""
    try:
        traceback.print_exception(error, file=sys.stderr)
    except (MemoryError, RecursionError):  # there may be too little left to print it whole
        sys.stderr.write(f"{type(error).__name__}, and no traceback of it could be printed\n")
    where = _directory(options)
    left = f"; what was recorded is in {where}" if where else ""
    return (
        f"{type(error).__name__}: a bug of the harness, and no verdict on the target{left}; report it with the "
        "traceback, the command line and `harness --version`"
    )


def _directory(options: argparse.Namespace | None) -> Path | None:
    """The directory that the command worked on: what it made, or what it was given."""
    flags = vars(options) if options else {}
    directories = [flags.get("out"), flags.get("run_dir"), *flags.get("run_dirs", ())]
    return next((each for each in directories if isinstance(each, Path)), None)
