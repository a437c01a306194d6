"""What a command leaves and prints: its directory, its progress, its report."""

import argparse
import io
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from harness.core import secret
from harness.core.text import encodable, inert

if TYPE_CHECKING:
    from harness.config.profile import Profile
    from harness.runs.judge import Outcome
    from harness.runs.progress import Reporter


STDOUT = "standard output"
"""The file name of an error that is about it."""


def directory(options: argparse.Namespace, project: Path, kind: str = "") -> Path:
    """Where the command leaves its files: `--out`, or a new directory in the project's reports.

    It is kept in `options.out`: when the harness crashes, the message names it.
    """
    from harness.runs.run_directory import new_run_id

    chosen: Path = options.out or project / "reports" / f"{kind}{new_run_id()}"
    options.out = chosen
    return chosen


def reporter(options: argparse.Namespace) -> "Reporter":
    """Progress on standard error, unless `--quiet`."""
    from harness.runs.progress import Reporter

    return Reporter(quiet=options.quiet)


@contextmanager
def watched(options: argparse.Namespace, profile: "Profile") -> "Iterator[Reporter]":
    """The same, and with `--live` a page beside it until the block ends. Raises UsageError for its address."""
    from harness.runs.progress import Reporter

    quiet = vars(options).get("quiet", False)
    if options.live is None:
        yield Reporter(quiet=quiet)
        return
    from harness.runs.live import Live

    host, port = options.live
    viewer = Live(host, port, profile.name, profile.scenario)
    reporter = Reporter(quiet=quiet, viewer=viewer)
    page = viewer.page
    warning = "; whoever reaches this address sees the run" if page.is_public else ""
    complain(f"live page: {page.address}{warning}\n")
    viewer.start()
    try:
        yield reporter
    finally:
        viewer.close()


def write(text: str) -> None:
    """Print lines that nobody executes and that show no secret."""
    _print(inert(secret.redact(text)))


def write_rendered(text: str) -> None:
    """The same of what a renderer made inert, with its colours."""
    _print(secret.redact(text))


def _print(text: str) -> None:
    with _named():
        sys.stdout.write(text)


def flush() -> None:
    """See that what was printed is out."""
    with _named():
        sys.stdout.flush()


@contextmanager
def _named() -> Iterator[None]:
    """An OSError says that it was standard output which could not be written, as it does not by itself."""
    try:
        yield
    except OSError as error:
        error.filename = STDOUT
        raise


def complain(text: str) -> None:
    """The same on standard error."""
    sys.stderr.write(inert(secret.redact(text)))


def write_json(text: str) -> None:
    """Print JSON as any output can hold it; what made it has it inert already."""
    _print(encodable(secret.redact(text), sys.stdout.encoding or "ascii"))


def lenient() -> None:
    """Replace what an output cannot encode: a report must not fail for its marks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def show(outcome: "Outcome", options: argparse.Namespace) -> int:
    """Print a report as the flags say, and return its exit code."""
    from harness.cli import github_actions
    from harness.report.render import console, json_report

    if options.json:
        write_json(json_report.render(outcome.report))
    elif not options.quiet:
        width = shutil.get_terminal_size((120, 24)).columns
        color = sys.stdout.isatty()
        text = console.render(
            outcome.report, width=width, color=color, location=str(outcome.directory), verbose=options.verbose
        )
        write_rendered(text)
    sys.stderr.write(secret.redact(github_actions.annotate(outcome.report, os.environ)))
    return int(outcome.report.exit_code)
