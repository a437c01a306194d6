"""`harness collect`: bring samples of workers to a run that was judged without them."""

import argparse
from pathlib import Path

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import UsageError


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    collect = flags.add(
        commands,
        "collect",
        "bring samples that a worker kept to their run, and judge it again",
        "harness collect reports/20260401-101500-3f9a52c8 worker-a/2-measure/samples-0.arrow",
    )
    flags.add_run_directory(collect, "run_dir", "RUN_DIR", "a directory that `harness run` made", several=False)
    collect.add_argument(
        "shards", metavar="SHARD", nargs="+", type=Path, help="a file that the worker named, with its .json beside it"
    )
    flags.add_output(collect)
    collect.set_defaults(handler=_collect)


def _collect(options: argparse.Namespace) -> int:
    if not options.run_dir.is_dir():
        raise UsageError(f"{options.run_dir}: no such directory; name one that `harness run` made")
    from harness.runs import late_samples

    return output.show(late_samples.collect(options.run_dir, options.shards), options)
