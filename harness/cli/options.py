"""The parser of the command line, put together from its commands. Nothing is run here."""

import argparse
from collections.abc import Sequence

import harness
from harness.cli import flags, output
from harness.cli.commands import (
    baseline,
    collect,
    compare,
    completion,
    dashboards,
    doctor,
    explain,
    faults,
    gate,
    init,
    report,
    rules,
    run,
    up,
    verify,
    worker,
)

COMMANDS = (
    run,
    verify,
    report,
    compare,
    gate,
    baseline,
    faults,
    dashboards,
    rules,
    explain,
    init,
    doctor,
    up,
    worker,
    collect,
    completion,
)
"""In the order of the help text."""


class _Parser(argparse.ArgumentParser):
    def print_help(self, _file: object = None) -> None:
        """As in the base class, which says nothing when it cannot print."""
        output.write(self.format_help())


class _Version(argparse.Action):
    """Prints the version, which is looked up when it is asked for: that takes as long as all else."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 - as argparse calls it
        values: str | Sequence[object] | None,  # noqa: ARG002
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        output.write(f"harness {harness.__version__}\n")
        parser.exit(0)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; `handler` of what it parses runs the command."""
    made = _Parser(
        prog="harness",
        description="Load a Django app with Locust and prove that its Prometheus metrics say what really happened.",
        epilog=flags.EXIT_CODES,
        allow_abbrev=False,
    )
    made.add_argument("--version", action=_Version, nargs=0, help="show program's version number and exit")
    commands = made.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return made
