"""`harness baseline`: runs kept for later gates, and their CSV."""

import argparse
import os
from pathlib import Path

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import ExitCode


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    baseline = flags.add(
        commands,
        "baseline",
        "keep runs for later gates, and export them",
        "harness baseline add reports/20260401-101500-3f9a52c8 --job 4711 --commit 1a2b3c4\n"
        "  harness baseline csv baselines > history.csv",
    )
    actions = baseline.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    add = flags.add(
        actions, "add", "keep a run as a small JSON file", "harness baseline add reports/20260401-101500-3f9a52c8"
    )
    flags.add_run_directory(add, "run_dir", "RUN", "a directory that `harness run` made", several=False)
    add.add_argument(
        "--to", metavar="DIR", type=Path, default=Path("baselines"), help="where to keep it (default: baselines)"
    )
    add.add_argument("--job", metavar="ID", help="the CI job of the run (default: from GitHub, GitLab or Jenkins)")
    add.add_argument("--commit", metavar="SHA", help="the commit that was measured (default: from them, too)")
    csv = flags.add(
        actions,
        "csv",
        "print kept runs as the CSV that Apache Otava reads",
        "harness baseline csv baselines > history.csv",
    )
    csv.add_argument("dir", metavar="DIR", type=Path, help="where `harness baseline add` keeps them")
    baseline.set_defaults(handler=_baseline)


def _baseline(options: argparse.Namespace) -> int:
    from harness.core.outcome import EXIT_CODES
    from harness.gate.baseline import commands

    if options.action == "csv":
        text, left_out = commands.export(options.dir)
        output.write(text)
        if left_out:
            output.complain(f"left out, because some runs lack them: {', '.join(left_out)}\n")
        return int(ExitCode.PASSED)
    file, status = commands.add(options.run_dir, options.to, options.job, options.commit, os.environ)
    output.write(f"{file}: kept; its own verification: {status}\n")
    return int(EXIT_CODES[status])
