"""`harness verify`: a stored run judged again, offline."""

import argparse

from harness.cli import flags, output
from harness.cli.flags import Commands
from harness.core.errors import UsageError


def add(commands: Commands) -> None:
    """Add the command and its flags."""
    verify = flags.add(
        commands, "verify", "judge a stored run again, offline", "harness verify reports/20260401-101500-3f9a52c8"
    )
    flags.add_run_directory(verify, "run_dir", "RUN_DIR", "a directory that `harness run` made", several=False)
    flags.add_output(verify)
    verify.set_defaults(handler=_verify)


def _verify(options: argparse.Namespace) -> int:
    if not options.run_dir.is_dir():
        raise UsageError(f"{options.run_dir}: no such directory; name one that `harness run` made")
    from harness.gate import pairs

    if pairs.is_gate(options.run_dir):
        from harness.gate.pairs import paired_gate

        return output.show(paired_gate.verify(options.run_dir), options)
    from harness.runs import judge

    return output.show(judge.verify(options.run_dir), options)
