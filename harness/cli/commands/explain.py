"""`harness explain`: what a check, fault, cause, finding or alert means, and what to do about it."""

import argparse
from collections.abc import Iterable

from harness.cli import completers, flags, output
from harness.cli.flags import Commands
from harness.core.errors import ExitCode, UsageError


def add(commands: Commands) -> None:
    """Add the command and its arguments."""
    explain = flags.add(
        commands,
        "explain",
        "explain what a report names: a check, fault, cause, finding, code or alert",
        "harness explain one-replica\n  harness explain request-conservation\n  harness explain",
    )
    name = explain.add_argument("id", nargs="?", metavar="ID", help="an id that a report names (default: list all)")
    completers.offer(name, _ids)
    explain.set_defaults(handler=_explain)


def _ids(**_: object) -> Iterable[str]:
    from harness.report import explain

    return explain.topics()


def _explain(options: argparse.Namespace) -> int:
    from harness.config.readers import suggest
    from harness.report import explain

    if options.id is None:
        output.write(explain.listing())
        return int(ExitCode.PASSED)
    text = explain.explain(options.id)
    if not text:
        near = suggest(options.id.strip().lower(), {*explain.topics()})
        raise UsageError(f"{options.id!r}: no such id{near}; `harness explain` lists all")
    output.write(f"{text}\n")
    return int(ExitCode.PASSED)
